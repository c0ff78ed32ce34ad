/** The periodic table: symbols and names by atomic number, and where each stands. */

const NAMES = `H hydrogen,He helium,Li lithium,Be beryllium,B boron,C carbon,N nitrogen,O oxygen,F fluorine,Ne neon,
Na sodium,Mg magnesium,Al aluminium,Si silicon,P phosphorus,S sulfur,Cl chlorine,Ar argon,K potassium,Ca calcium,
Sc scandium,Ti titanium,V vanadium,Cr chromium,Mn manganese,Fe iron,Co cobalt,Ni nickel,Cu copper,Zn zinc,Ga gallium,
Ge germanium,As arsenic,Se selenium,Br bromine,Kr krypton,Rb rubidium,Sr strontium,Y yttrium,Zr zirconium,Nb niobium,
Mo molybdenum,Tc technetium,Ru ruthenium,Rh rhodium,Pd palladium,Ag silver,Cd cadmium,In indium,Sn tin,Sb antimony,
Te tellurium,I iodine,Xe xenon,Cs caesium,Ba barium,La lanthanum,Ce cerium,Pr praseodymium,Nd neodymium,Pm promethium,
Sm samarium,Eu europium,Gd gadolinium,Tb terbium,Dy dysprosium,Ho holmium,Er erbium,Tm thulium,Yb ytterbium,Lu lutetium,
Hf hafnium,Ta tantalum,W tungsten,Re rhenium,Os osmium,Ir iridium,Pt platinum,Au gold,Hg mercury,Tl thallium,Pb lead,
Bi bismuth,Po polonium,At astatine,Rn radon,Fr francium,Ra radium,Ac actinium,Th thorium,Pa protactinium,U uranium,
Np neptunium,Pu plutonium,Am americium,Cm curium,Bk berkelium,Cf californium,Es einsteinium,Fm fermium,Md mendelevium,
No nobelium,Lr lawrencium,Rf rutherfordium,Db dubnium,Sg seaborgium,Bh bohrium,Hs hassium,Mt meitnerium,
Ds darmstadtium,Rg roentgenium,Cn copernicium,Nh nihonium,Fl flerovium,Mc moscovium,Lv livermorium,Ts tennessine,
Og oganesson`;

/** All elements: {z, symbol, name, row, column}; rows 9 and 10 hold the lanthanides and actinides. */
export const ELEMENTS = NAMES.split(/,\s*/).map((text, i) => {
  const [symbol, name] = text.split(" ");
  const [row, column] = place(i + 1);
  return { z: i + 1, symbol, name, row, column };
});

const NUMBER = new Map(ELEMENTS.map(({ symbol, z }) => [symbol, z]));

/** Return whether a text is the symbol of an element. */
export const isElement = (symbol) => NUMBER.has(symbol);

/** Return the symbols in a text such as "Li-Fe-O", "Li Fe O" or "LiFeO2", each once. */
export function symbolsIn(text) {
  return [...new Set(text.match(/[A-Z][a-z]?/g) ?? [])];
}

function place(z) {
  if (z === 1) return [1, 1];
  if (z === 2) return [1, 18];
  if (z <= 10) return [2, z <= 4 ? z - 2 : z + 8];
  if (z <= 18) return [3, z <= 12 ? z - 10 : z];
  if (z <= 54) return [z <= 36 ? 4 : 5, ((z - 19) % 18) + 1];
  const row = z <= 86 ? 6 : 7;
  const inRow = z - (row === 6 ? 54 : 86);
  if (inRow <= 2) return [row, inRow];
  if (inRow <= 16) return [row + 3, inRow]; // 57 to 70, 89 to 102
  return [row, inRow - 14];
}

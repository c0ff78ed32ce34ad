/** What belongs to the screening of a system: its options, its table, its files. */

import { el, field, select, setOptions } from "./dom.js";
import { saveCsv, savePng, saveSvg } from "./download.js";
import { formula, number, products } from "./format.js";
import { downloads, once } from "./shared.js";
import { sortableTable } from "./table.js";

/** Words of the address, and what they are if it does not say. */
export const WORDS = { scale: "", max_atoms: "12", competing: "known", all: "", all_states: "", above: "200" };

/** Return the options of a screening; onchange(name) is called when words[name] has changed. */
export function systemOptions(words, onchange) {
  const change = (name, value) => {
    words[name] = value;
    onchange(name);
  };
  const scale = select([["", "mp2020"]], "", (value) => change("scale", value));
  const atoms = el("input", { type: "number", min: 2, max: 40, value: words.max_atoms, onchange: (event) => change("max_atoms", event.target.value) });
  const competing = select([["known", "known phases"], ["none", "none known"]], "known", (value) => change("competing", value));
  const above = select([["50", "50"], ["100", "100"], ["200", "200"], ["500", "500"], ["1e9", "any"]], "200", (value) => change("above", value));
  const box = (name, text) => {
    const input = el("input", { type: "checkbox", onchange: (event) => change(name, event.target.checked ? "1" : "") });
    return { input, label: el("label", { class: "check" }, input, text) };
  };
  const all = box("all", "also what cannot be charge-balanced");
  const states = box("all_states", "also unknown oxidation states");
  const root = el("div", { class: "stack" }, el("div", { class: "fields" }, field("Energy scale", scale), field("Atoms, at most", atoms),
    field("Competing", competing), field("Show up to, meV/atom", above)), el("div", { class: "actions" }, all.label, states.label));
  return {
    root,
    async ready() {
      try {
        const { models } = await once("models");
        const model = models.find((one) => one.name === "composition");
        setOptions(scale, [["", model.scale], ...model.scales.filter((one) => one !== model.scale).map((one) => [one, one])], words.scale);
      } catch { /* the screening itself will say what is wrong */ }
    },
    set(next) {
      [scale.value, atoms.value, competing.value, above.value] = [next.scale, next.max_atoms, next.competing, next.above];
      all.input.checked = next.all === "1";
      states.input.checked = next.all_states === "1";
    },
  };
}

/** Return the buttons that save a diagram. */
export function diagramDownloads(svg, name) {
  return downloads([["PNG", () => savePng(svg, `${name()}.png`)], ["SVG", () => saveSvg(svg, `${name()}.svg`)]]);
}

/** Return the table of a screening; onrow(row) is called for a row that is chosen. */
export function screenTable(answer, onrow, isChosen) {
  const meaning = (name) => answer.columns[name];
  const milli = (value) => (value === null ? "–" : number(value * 1000, 0));
  const range = Object.keys(answer.columns).find((name) => name.startsWith("decomposition_lo")) ?? null;
  const rows = answer.rows.map((row) => ({ ...row, energy: row.known_energy ?? row.prediction }));
  const columns = [
    { key: "formula", title: "Formula", show: (text) => formula(text) },
    { key: "stable", title: "Stable", meaning: meaning("stable") },
    ...("p_stable" in answer.columns ? [{ key: "p_stable", title: "Chance", meaning: meaning("p_stable"), isNumber: true, isDescendingFirst: true,
      show: (value) => (value === null ? "–" : `${number(value * 100, 0)} %`) }] : []),
    { key: "decomposition_energy", title: "From the hull, meV/atom", meaning: meaning("decomposition_energy"), isNumber: true, show: milli },
    ...(range ? [{ key: range, title: `${range.slice(16)} % interval`, meaning: meaning(range), isNumber: true,
      show: (value, row) => (value === null ? "–" : `${milli(value)} to ${milli(row[range.replace("lo", "hi")])}`) }] : []),
    { key: "energy", title: "eV/atom", meaning: "known energy where there is one, else the prediction", isNumber: true, show: (value) => number(value) },
    { key: "known", title: "Known", meaning: meaning("known"), show: (text) => text || "new" },
    { key: "products", title: "Decomposes to", meaning: meaning("products"), show: (text) => (text ? products(text) : "") },
  ];
  const table = sortableTable(columns, rows, { caption: `${answer.system}: ${answer.n_rows} compounds`, onrow, isChosen });
  const root = el("div", {}, table.root, downloads([["CSV", () => saveCsv(answer.rows, `${answer.system}.csv`)]]));
  return { root, redraw: table.redraw };
}

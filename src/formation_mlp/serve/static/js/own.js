/** Own compounds in a phase diagram: formulas to be predicted, or with energies to be judged. */

import { post } from "./api.js";
import { el, field, say } from "./dom.js";
import { fractionsOf } from "./projections.js";

/**
 * Return the form: {root, formulas(), add(formula), take(file), judged(symbols, scale, signal)}.
 *
 * onchange() is called when the compounds have changed.
 */
export function ownCompounds(onchange) {
  const area = el("textarea", { rows: 3, spellcheck: "false", placeholder: "Li2FeO3\nLiFeO2, -1.84", onchange });
  const root = el("details", { class: "own" }, el("summary", {}, "Own compounds"),
    field("One a line; with an energy in eV/atom it is judged against the known compounds, without one it is predicted", area));

  const lines = () => area.value.split("\n").map((line) => line.split(/[,;\t]|\s+/).map((cell) => cell.trim()).filter(Boolean)).filter((cells) => cells.length);
  const withEnergy = () => lines().filter((cells) => cells.length > 1 && cells[1] !== "" && Number.isFinite(Number(cells[1])))
    .map(([formula, value]) => ({ formula, energy: Number(value) }));

  return {
    root,
    formulas: () => lines().filter((cells) => cells.length === 1).map(([formula]) => formula),
    add(formula) {
      area.value = `${area.value.trim()}\n${formula}`.trim();
      root.open = true;
      onchange();
    },
    async take(file) {
      const text = await file.text();
      const rows = text.split(/\r?\n/).filter((line) => line.trim() && !/formula|energy/i.test(line));
      area.value = `${area.value.trim()}\n${rows.map((line) => line.split(/[,;\t]/).slice(0, 2).join(", ")).join("\n")}`.trim();
      root.open = true;
      say(`${rows.length} compounds of ${file.name}`);
      onchange();
    },
    /** Return the points of the compounds with energies: the known compounds of the system compete with them. */
    async judged(symbols, scale, signal) {
      const compounds = withEnergy().filter(({ formula }) => fractionsOf(formula, symbols));
      if (!compounds.length) return [];
      const { rows } = await post("stability", { compounds, ...(scale ? { scale } : {}) }, signal);
      return rows.map((row) => ({ ...row, kind: "own", fractions: fractionsOf(row.formula, symbols), lo: null, hi: null, on_hull: row.stable === "yes", known: true, p_stable: null }));
    },
  };
}

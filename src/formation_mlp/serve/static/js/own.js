/** Own compounds in a phase diagram: formulas to be predicted, or with energies to be judged. */

import { el, field, say } from "./dom.js";
import { fractionsOf } from "./projections.js";

/**
 * Return the form: {root, of(symbols), add(formula), take(file)}.
 *
 * onchange() is called when the compounds have changed.
 */
export function ownCompounds(onchange) {
  const area = el("textarea", { rows: 3, spellcheck: "false", placeholder: "Li2FeO3\nLiFeO2, -1.84", onchange });
  const root = el("details", { class: "own" }, el("summary", {}, "Own compounds"),
    field("One a line; an energy in eV/atom behind it takes the place of a prediction and of what is known", area));

  const lines = () => area.value.split("\n").map((line) => line.split(/[,;\t]|\s+/).map((cell) => cell.trim()).filter(Boolean)).filter((cells) => cells.length);
  const compound = ([formula, value]) => (value !== undefined && Number.isFinite(Number(value)) ? { formula, energy: Number(value) } : { formula });

  return {
    root,
    /** Return the compounds of a system: {formula}, and energy where one was given. */
    of: (symbols) => lines().map(compound).filter(({ formula }) => fractionsOf(formula, symbols)),
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
  };
}

/** A formula drawn from the periodic table: each click adds an atom, and the numbers can be set. */

import { el } from "./dom.js";
import { periodicTable } from "./periodic.js";

/** Return a builder; onchange(formula) is called with the formula so far. */
export function formulaBuilder(onchange) {
  const amounts = new Map();
  const list = el("ul", { class: "amounts", "aria-label": "Elements of the formula" });
  const hint = el("p", { class: "soft" }, "Each click adds an atom; set the numbers below.");
  const tell = () => onchange([...amounts].map(([symbol, n]) => symbol + (n === "1" ? "" : n)).join(""));
  const draw = () => {
    list.replaceChildren(...[...amounts].map(([symbol, n]) => item(symbol, n)));
    hint.hidden = amounts.size > 0;
  };
  const item = (symbol, n) => el("li", {},
    el("label", {}, symbol, el("input", { type: "number", min: 0, step: "any", value: n, inputmode: "decimal",
      "aria-label": `Atoms of ${symbol}`,
      oninput: (event) => {
        if (!(Number(event.target.value) > 0)) return;
        amounts.set(symbol, event.target.value);
        tell();
      } })),
    el("button", { type: "button", class: "quiet icon small", "aria-label": `Remove ${symbol}`, onclick: () => {
      amounts.delete(symbol);
      draw();
      tell();
    } }, "×"));
  const { root } = periodicTable((symbol) => {
    amounts.set(symbol, String(Number(amounts.get(symbol) ?? 0) + 1));
    draw();
    tell();
  });
  return el("div", { class: "builder" }, root, hint, list);
}

/** A periodic table whose elements are buttons. One Tab stop; arrow keys move within it. */

import { el } from "./dom.js";
import { ELEMENTS } from "./elements.js";

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * Return a table.
 *
 * onpick(symbol) is called for a click; with isToggle the buttons say whether they are pressed, and set(symbols) on the
 * returned object tells which are.
 */
export function periodicTable(onpick, isToggle = false) {
  const buttons = new Map();
  for (const element of ELEMENTS) {
    const button = el("button", {
      type: "button",
      class: element.row > 8 ? "element apart" : "element",
      title: element.name,
      "aria-pressed": isToggle ? "false" : null,
      tabindex: element.z === 1 ? 0 : -1,
      onclick: () => {
        focusOn(element.symbol, false);
        onpick(element.symbol);
      },
    }, el("span", { class: "z", "aria-hidden": "true" }, element.z), element.symbol, el("span", { class: "unseen" }, `, ${element.name}`));
    button.style.gridArea = `${element.row} / ${element.column}`;
    buttons.set(element.symbol, button);
  }
  const focusOn = (symbol, isMoved = true) => {
    for (const [other, button] of buttons) button.tabIndex = other === symbol ? 0 : -1;
    if (isMoved) buttons.get(symbol).focus();
  };
  const root = el("div", { class: "periodic", role: "group", "aria-label": "Periodic table; arrow keys move",
    onkeydown: (event) => {
      const step = STEPS[event.key];
      const here = [...buttons].find(([, button]) => button === document.activeElement)?.[0];
      if (!step || !here) return;
      event.preventDefault();
      const next = neighbour(here, step);
      if (next) focusOn(next);
    } }, ...buttons.values());
  const set = (symbols) => {
    for (const [symbol, button] of buttons) {
      if (isToggle) button.setAttribute("aria-pressed", String(symbols.includes(symbol)));
    }
  };
  return { root, set };
}

/** Return the next element in a direction: gaps are jumped over, and at the end there is none. */
function neighbour(symbol, [down, right]) {
  const here = ELEMENTS.find((element) => element.symbol === symbol);
  const ahead = ELEMENTS.filter((element) => (right
    ? element.row === here.row && (element.column - here.column) * right > 0
    : element.column === here.column && (element.row - here.row) * down > 0));
  const distance = (element) => Math.abs(element.row - here.row) + Math.abs(element.column - here.column);
  return ahead.sort((a, b) => distance(a) - distance(b))[0]?.symbol ?? null;
}

/** Two runs side by side: their numbers, and where their configurations differ. */

import { el } from "./dom.js";
import { facts } from "./run.js";

/** Return the card. */
export function comparison(a, b) {
  const numbers = facts(a).map(([name, text]) => [name, text, new Map(facts(b)).get(name) ?? "–"]);
  const [left, right] = [flat(a.config ?? ""), flat(b.config ?? "")];
  const differing = [...new Set([...left.keys(), ...right.keys()])].filter((key) => left.get(key) !== right.get(key) && key !== "output");
  const rows = [...numbers, ...differing.map((key) => [key, left.get(key) ?? "–", right.get(key) ?? "–"])];
  return el("section", { class: "card", "aria-label": "Comparison" }, el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Comparison of two runs" },
    el("table", { class: "comparison" }, el("caption", {}, `${a.name} and ${b.name}: ${differing.length ? "numbers, and what differs in their configurations" : "numbers; their configurations are the same"}`),
      el("thead", {}, el("tr", {}, ["", a.name, b.name].map((text) => (text ? el("th", { scope: "col" }, text) : el("td"))))),
      el("tbody", {}, rows.map(([name, one, other]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, one), el("td", {}, other)))))));
}

/** Return the values of a configuration by their full names: training.max_epochs to 60. It is the YAML of this package, plain blocks only. */
export function flat(yaml) {
  const found = new Map();
  const path = []; // {indent, key}
  for (const line of yaml.split("\n")) {
    const item = /^(\s*)- (.*)$/.exec(line);
    const pair = /^(\s*)([^\s:#][^:]*):\s?(.*)$/.exec(line);
    if (item) {
      while (path.length && path.at(-1).indent > item[1].length) path.pop();
      const key = path.map((one) => one.key).join(".");
      found.set(key, [found.get(key), item[2]].filter(Boolean).join(", "));
    } else if (pair) {
      while (path.length && path.at(-1).indent >= pair[1].length) path.pop();
      path.push({ indent: pair[1].length, key: pair[2] });
      if (pair[3]) found.set(path.map((one) => one.key).join("."), pair[3]);
    }
  }
  return found;
}

/** The card of a compound of a phase diagram. */

import { el } from "./dom.js";
import { energy, formula, interval, number, products } from "./format.js";
import { format } from "./router.js";
import { trustBadge } from "./shared.js";

/**
 * Return the card.
 *
 * predicted: its row of /predict; told: {point, row, unit, isNew, onadd}: its point in the diagram, its row of the
 * screening, the unit, whether it is in neither, and what adds it to the diagram.
 */
export function compoundCard(predicted, { point, row, unit, isNew, onadd }) {
  const range = interval(predicted);
  const facts = [
    ["predicted", predicted.error || `${energy(predicted.prediction, unit)} ${unit}${range && range.lo !== null ? `, ${range.percent} % interval ${energy(range.lo, unit)} to ${energy(range.hi, unit)}` : ""}`],
    ["known", predicted.details?.database ? `${energy(predicted.details.database.energy, unit)} ${unit} (${predicted.details.database.origin})` : "not in the database"],
  ];
  if (point?.kind === "own") facts.push(["given", `${energy(point.energy, unit)} ${unit}`]);
  if (point && point.decomposition_energy !== undefined && point.decomposition_energy !== null) {
    const milli = number(Math.abs(point.decomposition_energy) * 1000, 0);
    facts.push(["hull", `${milli} meV/atom ${point.decomposition_energy > 0 ? "above it" : "below that of all others"}`]);
    if (point.products) facts.push([point.on_hull ? "without it" : "decomposes to", products(point.products)]);
  }
  if (row?.p_stable !== undefined && row?.p_stable !== null) facts.push(["chance to be stable", `${number(row.p_stable * 100, 0)} %`]);
  return el("article", { class: "card", "aria-label": `Compound ${predicted.formula}` },
    el("h2", {}, formula(predicted.formula), " ", trustBadge(predicted.trust)),
    el("dl", { class: "card-facts" }, facts.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text)))),
    el("p", { class: "actions further" }, el("a", { href: format("predict", predicted.formula) }, "Why, and on other scales"),
      isNew && !predicted.error ? el("button", { type: "button", class: "quiet", onclick: onadd }, "Set it against the hull") : null));
}

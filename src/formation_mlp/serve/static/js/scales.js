/** The same material on every energy scale: a table whose last column draws the intervals on one axis. */

import { digitsOf, nice } from "./axis.js";
import { el, s } from "./dom.js";
import { energy, interval, number, percent } from "./format.js";

const HEIGHT = 26;

/**
 * Return the table.
 *
 * row: an answer with --scale all; database: what is known of the compound, or null.
 */
export function scalesChart(row, database, unit) {
  const own = interval(row);
  const lines = [{ scale: row.scale, value: row.prediction, lo: own?.lo, hi: own?.hi }];
  for (const name of Object.keys(row)) {
    if (`${name}_lo${own?.percent}` in row) {
      const range = interval(row, `${name}_`);
      lines.push({ scale: name, value: row[name], lo: range.lo, hi: range.hi });
    }
  }
  for (const line of lines) line.known = database?.scale === line.scale ? database.energy : null;
  const all = lines.flatMap(({ value, lo, hi, known }) => [value, lo, hi, known]).filter((one) => one !== null && one !== undefined);
  const axis = nice(Math.min(...all), Math.max(...all), 3);
  const x = (value) => percent(0.04 + 0.92 * ((value - axis.low) / (axis.high - axis.low)));
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Energy scales" }, el("table", { class: "strips" },
    el("caption", { class: "unseen" }, `Prediction on every energy scale, ${unit}`),
    el("thead", {}, el("tr", {}, ["Scale", unit, own ? `${own.percent} % interval` : "Interval", "Known"].map((text, i) =>
      el("th", { scope: "col", class: i ? "number" : null }, text)), el("td", { class: "drawn" }, ticks(axis, x)))),
    el("tbody", {}, lines.map((line) => el("tr", {}, el("th", { scope: "row" }, line.scale),
      el("td", { class: "number" }, energy(line.value, unit)),
      el("td", { class: "number" }, line.lo === null || line.lo === undefined ? "–" : `${energy(line.lo, unit)} to ${energy(line.hi, unit)}`),
      el("td", { class: "number" }, line.known === null ? "" : energy(line.known, unit)),
      el("td", { class: "drawn" }, strip(line, axis, x)))))));
}

function ticks(axis, x) {
  return s("svg", { height: HEIGHT, class: "strip", "aria-hidden": "true" },
    axis.ticks.map((value) => s("text", { x: x(value), y: HEIGHT - 8, "text-anchor": "middle" }, number(value, digitsOf(axis.step)))));
}

function strip({ value, lo, hi, known }, axis, x) {
  const middle = HEIGHT / 2;
  return s("svg", { height: HEIGHT, class: "strip", "aria-hidden": "true" },
    axis.ticks.map((tick) => s("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 0, y2: HEIGHT })),
    lo === null || lo === undefined ? null : s("rect", { class: "range", x: x(lo), width: percent(0.92 * ((hi - lo) / (axis.high - axis.low))), y: middle - 5, height: 10, rx: 5 }),
    known === null ? null : s("line", { class: "known-mark", x1: x(known), x2: x(known), y1: middle - 10, y2: middle + 10 }),
    s("circle", { class: "dot", cx: x(value), cy: middle, r: 5 }));
}

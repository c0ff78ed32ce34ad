/** What each group of features adds to a prediction: a table whose last column is a waterfall. */

import { el, s } from "./dom.js";
import { number, percent, signed } from "./format.js";

const HEIGHT = 22;
const SHOWN = 9;

/** Return the table for an answer of /explain. */
export function waterfall(answer) {
  const { baseline, prediction, unit } = answer;
  const shown = answer.contributions.slice(0, SHOWN);
  const rest = answer.contributions.slice(SHOWN);
  if (rest.length) shown.push({ name: `${rest.length} further groups`, amount: rest.reduce((sum, one) => sum + one.amount, 0), features: [] });
  let from = baseline;
  const steps = shown.map((one) => {
    const step = { ...one, from, to: from + one.amount };
    from = step.to;
    return step;
  });
  const ends = steps.flatMap((step) => [step.from, step.to]).concat(baseline, prediction);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const x = (value) => 0.01 + 0.98 * ((value - low) / (high - low || 1));
  return el("div", {},
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "What contributes" }, el("table", { class: "strips" },
      el("caption", { class: "soft" }, `${unit === "probability" ? "Probability" : unit}: from ${answer.baseline_means} to this compound`),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Group of features"), el("th", { scope: "col", class: "number" }, "Adds"), el("td"))),
      el("tbody", {}, line("mean of training", number(baseline), bar(baseline, baseline, x), ""),
        steps.map((step) => line(label(step), signed(step.amount), bar(step.from, step.to, x), step.amount < 0 ? "falls" : "rises")),
        el("tr", { class: "total" }, el("th", { scope: "row" }, "prediction"), el("td", { class: "number" }, number(prediction)), el("td", { class: "drawn" }, bar(prediction, prediction, x)))))),
    el("p", { class: "soft" }, "It says what the model does, not what nature does: of features that go together it may use either."));
}

function line(name, amount, drawing, kind) {
  return el("tr", { class: kind }, el("th", { scope: "row" }, name), el("td", { class: "number" }, amount), el("td", { class: "drawn" }, drawing));
}

function label(step) {
  if (!step.features.length) return step.name;
  const words = step.features.map((one) => `${one.name} ${one.value === null ? "missing" : Number(one.value.toPrecision(4))}${one.unit ? ` ${one.unit}` : ""}`);
  return el("details", {}, el("summary", {}, step.name), el("span", { class: "soft" }, words.join("; ")));
}

function bar(from, to, x) {
  const left = Math.min(x(from), x(to));
  const width = Math.max(0.005, Math.abs(x(to) - x(from)));
  return s("svg", { height: HEIGHT, class: "strip", "aria-hidden": "true" },
    s("rect", { class: from === to ? "end" : "bar", x: percent(left), width: percent(width), y: 3, height: HEIGHT - 6, rx: 1.5 }));
}

/** What is told of one material: its number, how far it can be trusted and why, what is known, what contributes. */

import { post } from "./api.js";
import { el } from "./dom.js";
import { energy, formula, interval, number, states } from "./format.js";
import { scalesChart } from "./scales.js";
import { problemBox, trustBadge, waiting } from "./shared.js";
import { sortableTable } from "./table.js";
import { symbolsIn } from "./elements.js";
import { waterfall } from "./waterfall.js";
import { format } from "./router.js";

/**
 * Return the card of one row.
 *
 * told: {answer, words, model}: the whole answer, the words it was asked with, and the model as the list has it.
 */
export function answerCard(row, told) {
  if (row.error) return problemBox({ title: "No number", message: row.error });
  const parts = [head(row, told)];
  const details = row.details ?? {};
  const isOfFormula = told.model?.input !== "structure";
  const columns = [
    el("div", {}, why(row, details, told.answer.unit), charges(row, details)),
    el("div", {}, known(details, told), nearest(details, told)),
  ];
  parts.push(el("div", { class: "columns" }, columns));
  if (isOfFormula) {
    parts.push(el("div", { class: "pair" }, lazily("What contributes", () => contributions(row, told)),
      told.model?.scales.length > 1 ? lazily("On every energy scale", () => allScales(row, told)) : null));
  }
  parts.push(further(row, told));
  return el("article", { class: "card answer", "aria-label": `Answer for ${row.formula}` }, parts);
}

function head(row, { answer }) {
  const { unit } = answer;
  const range = interval(row);
  const isEnergy = unit !== "probability";
  return el("header", {},
    el("h2", {}, formula(row.formula), row.id && row.id !== row.formula ? el("span", { class: "soft" }, ` ${row.id}`) : null),
    el("p", { class: "number" }, el("span", { class: "big", "data-value": row.prediction }, energy(row.prediction, unit)), el("span", { class: "unit" }, isEnergy ? unit : "probability of lying on the hull")),
    el("p", { class: "facts" },
      range && range.lo !== null ? el("span", {}, `${range.percent} % interval ${energy(range.lo, unit)} to ${energy(range.hi, unit)}`) : null,
      row.scale ? el("span", {}, "scale ", el("a", { href: "#models", title: answer.columns.scale }, row.scale)) : null,
      row.space_group ? el("span", {}, `space group ${row.space_group}`) : null,
      row.trust ? trustBadge(row.trust) : null));
}

function why(row, details, unit) {
  const expected = row.trust ? [`an error of about ${energy(row.expected_error, unit)} ${unit} is expected`] : [];
  const reasons = details.trust_because?.length ? details.trust_because : [...expected, ...String(row.warning ?? "").split("; ").filter(Boolean)];
  if (!reasons.length) return null;
  return el("section", {}, el("h3", {}, row.trust ? `Why ${row.trust} trust` : "Remarks"),
    el("ul", { class: "reasons" }, reasons.map((text) => el("li", {}, text.replace(new RegExp(`^${row.trust}: `), "")))));
}

function charges(row, details) {
  const balanced = { yes: "Oxidation states add up to zero", no: "No oxidation states add up to zero" }[row.charge_balanced];
  const text = balanced ?? (row.charge_balanced ? `Balanced with ${row.charge_balanced}` : null);
  if (!text && !details.oxidation_states) return null;
  return el("section", {}, el("h3", {}, "Charge balance"),
    el("p", {}, text ?? "", details.oxidation_states ? [": ", states(details.oxidation_states)] : "",
      row.unknown_states ? `. ${row.unknown_states}` : ""));
}

const ORIGIN = {
  own: "calculated on this scale",
  converted: "calculated on another scale and converted",
  predicted: "listed, but its energy is withheld here; this is the prediction",
};

function known({ database }, { answer }) {
  if (database === undefined || answer.unit === "probability") return null;
  return el("section", {}, el("h3", {}, "In the database"), database === null
    ? el("p", {}, "Not among the known compounds that come with the package.")
    : el("p", {}, el("strong", {}, `${energy(database.energy, database.unit)} ${database.unit}`), ` (${database.scale}), ${ORIGIN[database.origin] ?? database.origin}.`));
}

function nearest({ nearest_known: rows }, { answer }) {
  if (!rows?.length) return null;
  const unit = answer.unit === "probability" ? "eV/atom" : answer.unit;
  const columns = [
    { key: "formula", title: "Compound", show: (text) => el("a", { href: format("predict", text) }, formula(text)) },
    { key: "energy", title: unit, isNumber: true, show: (value) => energy(value, unit) },
    { key: "distance", title: "Distance", isNumber: true, show: (value) => number(value, 2),
      meaning: "of the features, in the whitened leading principal components: as the model sees it" },
  ];
  return el("section", {}, el("h3", {}, "Nearest known compounds"), sortableTable(columns, rows, { caption: el("span", { class: "unseen" }, "Nearest known compounds") }).root);
}

/** Return a section that is filled as soon as its answer is there; its place is kept meanwhile. */
function lazily(title, fill) {
  const place = el("div", { class: "lazy" });
  const start = () => {
    place.replaceChildren(waiting("Computing"));
    fill().then((node) => place.replaceChildren(node), (error) => place.replaceChildren(problemBox(error),
      el("p", { class: "links" }, el("button", { type: "button", class: "quiet", onclick: start }, "Try again"))))
      .finally(() => place.classList.add("filled"));
  };
  start();
  return el("section", {}, el("h3", {}, title), place);
}

async function allScales(row, { words, answer }) {
  const all = await post("predict", { formulas: [row.formula], ...words, scale: "all" });
  return scalesChart(all.rows[0], row.details?.database ?? null, answer.unit);
}

async function contributions(row, { words }) {
  return waterfall(await post("explain", { formula: row.formula, model: words.model, tolerance: 1e-3, ...(words.scale ? { scale: words.scale } : {}) }));
}

function further(row, { words, model }) {
  const symbols = symbolsIn(row.formula);
  const line = ["formation-mlp predict", quoted(row.id ?? row.formula)];
  if (words.model && words.model !== "composition" && words.model !== "structure") line.push(`--model ${words.model}`);
  if (words.scale) line.push(`--scale ${words.scale}`);
  if (words.unit && words.unit !== "eV/atom") line.push(`--unit ${words.unit}`);
  if (words.level && words.level !== 0.9) line.push(`--level ${words.level}`);
  return el("footer", { class: "further" },
    model?.input !== "structure" && symbols.length >= 2 && symbols.length <= 4
      ? el("a", { href: format("screen", symbols.join("-")) }, `Phase diagram ${symbols.join("–")}`) : null,
    el("span", { class: "soft" }, "On the command line: ", el("code", {}, line.join(" "))));
}

const quoted = (text) => (/^[A-Za-z0-9._/-]+$/.test(text) ? text : `'${text}'`);

/** The card of a run: its numbers, its report, its configuration. */

import { hasToken, text } from "./api.js";
import { el } from "./dom.js";
import { save } from "./download.js";
import { count, number } from "./format.js";
import { problemBox } from "./shared.js";

/** Return the card; write(name) writes the report; without isTold, its numbers stand elsewhere. */
export function runCard(run, write, isTold = true) {
  const error = el("div");
  return el("article", { class: "card", "aria-label": `Run ${run.name}` }, el("h2", {}, run.name),
    isTold ? el("dl", { class: "card-facts" }, facts(run).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))) : null,
    el("p", { class: "actions links" }, report(run, write, error), run.has_model ? el("a", { href: `#predict?model=${encodeURIComponent(run.name)}` }, "Predict with it") : null),
    error, el("details", {}, el("summary", {}, "Configuration"), el("pre", { tabindex: 0 }, run.config ?? "")));
}

/** Return what is told of a run: pairs of name and text. */
export function facts(run) {
  const scores = ["val", "test"].filter((part) => run.scores[part]).map((part) => [`${part} scores`,
    Object.entries(run.scores[part]).map(([name, value]) => `${name} ${number(value, 4)}`).join(", ")]);
  return [
    ["state", run.state],
    ["target", run.target ? `${run.target.name}${run.target.unit ? `, ${run.target.unit}` : ""}` : "–"],
    ["rows", run.rows ? Object.entries(run.rows).map(([part, n]) => `${part} ${typeof n === "number" ? count(n) : "–"}`).join(", ") : "–"],
    ["epochs", `${count(run.epochs)}${run.networks > 1 ? ` at most, ${run.networks} networks` : ""}`],
    ...scores,
  ];
}

function report(run, write, error) {
  if (run.state !== "finished") return el("span", { class: "soft" }, "Its report can be written once it is finished.");
  const address = `api/v1/runs/${encodeURIComponent(run.name)}/report.html`;
  const guarded = (act) => async (event) => {
    event.target.disabled = true;
    try {
      await act();
    } catch (problem) {
      error.replaceChildren(problemBox(problem));
    }
    event.target.disabled = false;
  };
  if (!run.has_report) return el("button", { type: "button", class: "quiet", onclick: guarded(() => write(run.name)) }, "Write the report");
  if (!hasToken()) return el("a", { href: address, target: "_blank", rel: "noopener" }, "Report");
  return el("button", { type: "button", class: "quiet", onclick: guarded(async () => // a link cannot carry the token
    save(new Blob([await text(address.replace("api/v1/", ""))], { type: "text/html" }), `${run.name}.html`)) }, "Download the report");
}

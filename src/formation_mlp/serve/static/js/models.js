/** The view Models: which models answer, and their cards. */

import { el } from "./dom.js";
import { once, problemBox, waiting } from "./shared.js";

/** Return the view. */
export function modelsView() {
  const place = el("div", { class: "grid wide" }, waiting("Reading the models"));
  const scales = el("div", { class: "stack" });
  const isNarrow = matchMedia("(max-width: 46rem)").matches;
  const root = el("div", { class: "view" }, el("h1", { tabindex: -1 }, "Models"),
    el("p", { class: "lead" }, "What answers here, what it learned from, and what it is not for."), place, el("h2", {}, "Energy scales"),
    el("p", { class: "lead" }, "A formation energy means something only together with its scale: the functional, the corrections and the references."), scales);
  return {
    root,
    async show(route) {
      try {
        const [{ models }, listed] = await Promise.all([once("models"), once("scales")]);
        place.replaceChildren(...models.map((model) => card(model, (isNarrow || models.length > 6) && model.name !== route.what)));
        scales.replaceChildren(el("div", { class: "grid" }, listed.scales.map((scale) => scaleCard(scale, listed.default))));
      } catch (error) {
        place.replaceChildren(problemBox(error));
      }
    },
  };
}

function card(model, isClosed) {
  const { model: title, "not for": notFor, ...facts } = model.card;
  return el("article", { class: "card", "aria-label": `Model ${model.name}` },
    el("h2", {}, model.name, " ", el("span", { class: "badge" }, model.is_shipped ? "comes with the package" : "of a run")),
    title ? el("p", {}, purpose(model.name, title)) : null,
    notFor ? el("details", {}, el("summary", {}, "What it is not for"), el("ul", {}, notFor.split("; ").map((text) => el("li", {}, text)))) : null,
    el("details", { open: !isClosed }, el("summary", {}, "Card"), el("dl", { class: "card-facts" },
      Object.entries(facts).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))))));
}

function scaleCard(scale, usual) {
  const facts = { functional: scale.functional, corrections: scale.corrections, references: scale.references,
    temperature: `${scale.temperature_K} K`, compounds: scale.population_means, source: scale.source, licence: scale.licence };
  return el("article", { class: "card", "aria-label": `Energy scale ${scale.name}` },
    el("h3", {}, scale.name, " ", scale.name === usual ? el("span", { class: "badge" }, "usual") : null), el("p", {}, scale.title, "."),
    el("details", {}, el("summary", {}, "What it means"), el("dl", { class: "card-facts" },
      Object.entries(facts).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value))))),
    scale.note ? el("p", { class: "soft" }, scale.note) : null));
}

/** Return what a model is for as a sentence: of a further name of a model, whose name it is. title: "NAME: what it gives". */
function purpose(name, title) {
  const [, of, gives] = /^([^:]*): (.*)$/.exec(title) ?? [null, name, title];
  return of === name ? `${gives.replace(/^./, (sign) => sign.toUpperCase())}.` : `The model ${of} on the energy scale ${name}.`;
}

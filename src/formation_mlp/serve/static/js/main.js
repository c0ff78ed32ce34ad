/** Starts the page: which views there are, and which of them is shown. */

import { get } from "./api.js";
import { el } from "./dom.js";
import { jobsView } from "./jobs.js";
import { modelsView } from "./models.js";
import { predictView } from "./predict.js";
import { parse } from "./router.js";
import { runsView } from "./runs.js";
import { screenView } from "./screen.js";
import { startTheme } from "./theme.js";

const VIEWS = {
  predict: { title: "Predict", make: predictView },
  screen: { title: "Phase diagram", make: screenView },
  tables: { title: "Tables", make: jobsView },
  runs: { title: "Runs", make: runsView },
  models: { title: "Models", make: modelsView },
};
const main = document.getElementById("main");
const made = {};
let shown = null;

/** Show what the address names. A view is made once and keeps what the reader did there. */
function show(isFirst = false) {
  const route = parse(location.hash);
  const name = route.view in VIEWS ? route.view : "predict";
  made[name] ??= VIEWS[name].make();
  const isOther = name !== shown;
  if (isOther) {
    if (shown) made[shown].hide?.();
    main.replaceChildren(made[name].root);
    shown = name;
    for (const link of document.querySelectorAll("#views a")) {
      if (link.dataset.view === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
  document.title = `${VIEWS[name].title} · formation_mlp`;
  made[name].show(route);
  if (isOther && !isFirst) {
    main.querySelector("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

document.getElementById("views").append(...Object.entries(VIEWS).map(([name, { title }]) =>
  el("li", {}, el("a", { href: `#${name}`, "data-view": name }, title))));
startTheme(document.getElementById("theme"));
addEventListener("hashchange", () => show());
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address stays that of the view
  main.focus();
});
show(true);
get("openapi.json").then((schema) => {
  document.getElementById("about").append(` Version ${schema.info.version}. `,
    el("a", { href: "api/v1/openapi.json" }, "The interface for scripts"), ".");
}, () => {});

/** Light or dark: as the system says, until the reader chooses. */

import { s } from "./dom.js";

const KEY = "formation-mlp-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** Return the theme that is shown: "light" or "dark". */
export function theme() {
  return document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");
}

/** Let a button switch between both. */
export function startTheme(button) {
  const name = () => {
    const other = theme() === "dark" ? "light" : "dark";
    button.setAttribute("aria-label", `Switch to the ${other} theme`);
    button.title = `Switch to the ${other} theme`;
    button.replaceChildren(picture(other));
  };
  button.addEventListener("click", () => {
    const other = theme() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = other;
    try {
      localStorage.setItem(KEY, other);
    } catch { /* the choice then holds for this tab */ }
    name();
  });
  system.addEventListener("change", name);
  name();
}

function picture(name) {
  const parts = name === "dark"
    ? [s("path", { d: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z" })]
    : [s("circle", { cx: 12, cy: 12, r: 4.2 }), s("path", { d: "M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2" })];
  return s("svg", { viewBox: "0 0 24 24", width: 20, height: 20, class: "line-art", "aria-hidden": "true" }, ...parts);
}

/** What several views show alike: problems, badges, waiting, and lists that are asked for once. */

import { get } from "./api.js";
import { el } from "./dom.js";

/** Return a box with what went wrong, in the words of the command line. */
export function problemBox(problem) {
  return el("div", { class: "problem", role: "alert" }, el("strong", {}, problem.title ?? "Something went wrong"),
    el("p", {}, problem.message));
}

/** Return a mark for the trust in a prediction: it reads without its colour. */
export function trustBadge(trust) {
  if (!trust) return el("span", { class: "soft" }, "–");
  return el("span", { class: `badge trust-${trust}` }, `${trust} trust`);
}

/** Return a text that something is on its way. */
export const waiting = (text) => el("p", { class: "waiting" }, el("span", { class: "spinner", "aria-hidden": "true" }), text);

const asked = new Map();

/** Return a promise of an answer that does not change while the page is open; failures are not kept. */
export function once(path) {
  if (!asked.has(path)) {
    asked.set(path, get(path).catch((error) => {
      asked.delete(path);
      throw error;
    }));
  }
  return asked.get(path);
}

/** Return a small row of buttons that download something. */
export function downloads(buttons) {
  return el("div", { class: "downloads", role: "group", "aria-label": "Download" }, el("span", { class: "soft", "aria-hidden": "true" }, "Download"),
    ...buttons.map(([text, onclick]) => el("button", { type: "button", class: "quiet", "aria-label": `Download ${text}`, onclick }, text)));
}

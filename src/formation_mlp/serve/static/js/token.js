/** The dialog that asks for the token of a service which other machines can reach. */

import { el, field } from "./dom.js";

/** Show the dialog; the promise is true once a token was given, false if the reader gives up. */
export function askForToken(key) {
  return new Promise((resolve) => {
    const input = el("input", { type: "password", autocomplete: "off", required: true, spellcheck: "false" });
    const refused = sessionStorage.getItem(key) !== null;
    const close = (given) => {
      dialog.close();
      dialog.remove();
      resolve(given);
    };
    const form = el("form", { onsubmit: (event) => {
      event.preventDefault();
      sessionStorage.setItem(key, input.value.trim());
      close(true);
    } },
    el("h2", {}, "This service needs a token"),
    el("p", {}, refused ? "The token was not accepted." : "Whoever started formation-mlp serve can tell you. It is kept until this tab is closed."),
    field("Token", input),
    el("p", { class: "actions" }, el("button", { type: "submit" }, "Use this token"),
      el("button", { type: "button", class: "quiet", onclick: () => close(false) }, "Give up")));
    const dialog = el("dialog", { "aria-label": "Token", oncancel: () => close(false) }, form);
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}

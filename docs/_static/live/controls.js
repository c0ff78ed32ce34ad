"use strict";
/** What a reader moves or presses, and what is read out: sliders, buttons, choices, numbers. */
live.controls = (() => {
  const { html, id } = live.dom;

  /**
   * A slider with its label and its value.
   *
   * options: label, min, max, step, value, format (number to text), change (called with the number).
   */
  const slider = ({ label, min, max, step, value, format = String, change, className = "" }) => {
    const name = id();
    const input = html("input", { type: "range", id: name, min, max, step });
    const output = html("output", { for: name });
    const show = () => {
      output.textContent = format(input.valueAsNumber);
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.value = value;
    input.addEventListener("input", () => (show(), change(input.valueAsNumber)));
    show();
    return {
      node: html("div", { class: `live-slider ${className}` }, html("label", { for: name }, label), input, output),
      input,
      get value() {
        return input.valueAsNumber;
      },
      /** Show a value that came from elsewhere; it is held between the ends. */
      set value(next) {
        input.value = next;
        show();
      },
      limit(top) {
        input.max = top;
        show();
      },
    };
  };

  const button = (label, press, attributes = {}) =>
    html("button", { type: "button", class: "live-button", onclick: press, ...attributes }, label);

  /** A choice among a few names: options are [value, text]. */
  const choice = ({ label, options, value, change }) => {
    const name = id();
    const select = html("select", { id: name, onchange: () => change(select.value) });
    for (const [key, text] of options) select.append(html("option", { value: key }, text));
    select.value = value;
    return { node: html("div", { class: "live-choice" }, html("label", { for: name }, label), select), select };
  };

  const panel = (...nodes) => html("div", { class: "live-panel" }, ...nodes);
  const row = (...nodes) => html("div", { class: "live-row" }, ...nodes);

  /**
   * Numbers as named values, seen at once and spoken when the reader has come to rest.
   *
   * `show({name: text, ...}, sentence)` replaces them. The `data-name` of a value is its name.
   */
  const readout = () => {
    const list = html("dl", { class: "live-numbers" });
    const sentence = html("p", { class: "live-sentence" });
    const spoken = html("p", { class: "live-spoken", role: "status", "aria-live": "polite" });
    let waiting = 0;
    const show = (values, text = "") => {
      list.replaceChildren(
        ...Object.entries(values).map(([name, value]) =>
          html("div", {}, html("dt", {}, name), html("dd", { "data-name": name }, value)),
        ),
      );
      sentence.textContent = text;
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const named = Object.entries(values).map(([name, value]) => `${name} ${value}`);
        spoken.textContent = [named.join(", "), text].filter(Boolean).join(". ");
      }, 600);
    };
    return { node: html("div", { class: "live-readout" }, list, sentence, spoken), show };
  };

  return { slider, button, choice, panel, row, readout };
})();

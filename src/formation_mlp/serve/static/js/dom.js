/** Elements in one call. Text stays text: nothing here reads HTML. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Return an HTML element.
 *
 * Properties that start with "on" are listeners; true and false set and leave out an attribute; null leaves it out.
 * Children are elements, texts, or null for none.
 */
export function el(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** Return an SVG element, in the same way. */
export function s(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

let n = 0;

/** Return an id that no other element has. */
export function unique(prefix) {
  n += 1;
  return `${prefix}-${n}`;
}

/** Return a labelled control: the label above it. */
export function field(label, control, hint = null) {
  control.id ||= unique("field");
  const note = hint ? el("span", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control, note);
}

/** Return a select element with pairs of value and text. */
export function select(pairs, chosen, onchange) {
  const options = pairs.map(([value, text]) => el("option", { value, selected: value === chosen }, text));
  return el("select", { onchange: (event) => onchange(event.target.value) }, options);
}

/** Put other pairs into a select element, and keep the choice where it is still there. */
export function setOptions(node, pairs, chosen) {
  node.replaceChildren(...pairs.map(([value, text]) => el("option", { value }, text)));
  node.value = pairs.some(([value]) => value === chosen) ? chosen : (pairs[0]?.[0] ?? "");
}

/** Tell a screen reader what has happened. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

/** Return a function that calls another once the calls have paused; its cancel() gives up what is still to come. */
export function afterPause(milliseconds, function_) {
  let timer = 0;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => function_(...given), milliseconds);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

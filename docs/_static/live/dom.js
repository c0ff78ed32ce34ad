"use strict";
/** Elements of the page: HTML and SVG, with their attributes and children in one expression. */
live.dom = (() => {
  const make = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  };
  const html = (tag, attributes = {}, ...children) => make(document.createElement(tag), attributes, children);
  const svg = (tag, attributes = {}, ...children) =>
    make(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  let last = 0;
  /** A new id, for labels and what they belong to. */
  const id = () => `live-id-${++last}`;

  /** Call a function whenever the reader changes between light and dark. */
  const onTheme = (call) => {
    new MutationObserver(call).observe(document.body, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", call);
  };

  /** The value of a colour such as `--live-one` in the present theme, as [red, green, blue]. */
  const colour = (host, name) => {
    const text = getComputedStyle(host).getPropertyValue(name).trim();
    return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  };
  return { html, svg, id, onTheme, colour };
})();

/** A phase diagram that answers the pointer and the keyboard. */

import { el, s, say } from "./dom.js";
import { formula, number, products } from "./format.js";
import { kindOf, labels, legend, mark } from "./marks.js";
import { projection } from "./projections.js";

const REACH = 18; // pixels from the pointer within which a compound is meant

/**
 * Return a diagram: {root, svg, set(diagram, above), choose(formula)}.
 *
 * onpick({formula, fractions, point}) is called for a click: on a compound, or on a place that has none (point is null).
 */
export function phaseDiagram(onpick) {
  let diagram = null;
  let above = Infinity;
  let drawn = []; // {x, y, depth, kind, point}
  let paper = null;
  let chosen = null;
  let pointed = -1;
  const view = { turn: 0.5, tilt: 0.32, zoom: 1 };
  const svg = s("svg", { class: "chart", role: "application", tabindex: 0, "aria-roledescription": "phase diagram" });
  const tip = el("div", { class: "tip", hidden: true });
  const key = el("div");
  const turns = el("div", { class: "turns", role: "group", "aria-label": "View", hidden: true },
    ...[["Turn left", "↶", () => { view.turn -= 0.25; }], ["Turn right", "↷", () => { view.turn += 0.25; }],
      ["Closer", "+", () => { view.zoom = Math.min(4, view.zoom * 1.25); }], ["Farther", "−", () => { view.zoom = Math.max(0.6, view.zoom / 1.25); }]]
      .map(([name, sign, change]) => el("button", { type: "button", class: "quiet icon small", "aria-label": name, title: name, onclick: () => {
        change();
        draw();
      } }, sign)));
  const stage = el("div", { class: "stage" }, svg, tip, turns);
  const root = el("div", {}, stage, key);

  function draw() {
    if (!diagram || !svg.clientWidth) return;
    const size = { width: svg.clientWidth, height: svg.clientHeight };
    const elements = diagram.elements.map((symbol, i) => ({ formula: symbol, energy: 0, isElement: true, on_hull: true, known: true,
      fractions: diagram.elements.map((_, j) => Number(i === j)) }));
    const points = diagram.points.filter((point) => point.kind || point.on_hull || point.decomposition_energy * 1000 <= above);
    paper = projection(diagram.elements, size, points.flatMap(({ energy }) => energy), view);
    const all = [...elements, ...diagram.points];
    const ties = diagram.tie_lines.map(([a, b]) => [a, b].map((i) => paper.place(all[i].fractions, all[i].energy)));
    drawn = [...points, ...elements].map((point) => ({ point, kind: kindOf(point), ...paper.place(point.fractions, point.energy) }))
      .sort((a, b) => b.depth - a.depth || rank(a.kind) - rank(b.kind));
    const named = drawn.filter(({ point, kind }) => !point.isElement && kind !== "above" && kind !== "perhaps")
      .map(({ x, y, point }) => ({ x, y, text: point.formula }));
    svg.setAttribute("aria-label", `Phase diagram ${diagram.elements.join("-")}: ${diagram.points.filter((one) => one.on_hull).length} compounds on the hull. `
      + "Arrow keys go from compound to compound, Enter chooses one; the table beside it holds the same.");
    svg.replaceChildren(
      s("g", {}, paper.backdrop()),
      s("g", {}, ties.map(([a, b]) => s("line", { class: "tie", x1: a.x, y1: a.y, x2: b.x, y2: b.y }))),
      paper.hasEnergy ? s("g", {}, drawn.map((one) => whisker(one, paper))) : "",
      s("g", {}, drawn.map(({ point, kind, x, y }) => (point.isElement ? s("circle", { class: "mark element-mark", cx: x, cy: y, r: 4 })
        : mark(kind, x, y, kind === "above" ? Math.min(1, point.decomposition_energy * 1000 / Math.min(above, 500)) : 0)))),
      s("g", {}, labels(named, drawn.filter(({ point, kind }) => point.isElement || paper.turns && kind !== "above"),
        drawn.filter(({ kind }) => kind === "perhaps"), size)),
      ...rings(),
    );
    stage.className = `stage of-${diagram.elements.length}`;
    turns.hidden = !paper.turns;
    key.replaceChildren(legend(new Set(drawn.filter(({ point }) => !point.isElement).map(({ kind }) => kind))));
  }

  const rings = () => drawn.filter(({ point }) => point.formula === chosen)
    .map(({ x, y }) => s("circle", { class: "ring", cx: x, cy: y, r: 10, "data-screen-only": true }));

  function point(i) {
    pointed = i;
    tip.hidden = i < 0;
    svg.querySelector(".pointed")?.remove();
    if (i < 0) return;
    const { x, y, point: one } = drawn[i];
    svg.append(s("circle", { class: "ring pointed", cx: x, cy: y, r: 10, "data-screen-only": true }));
    tip.replaceChildren(...told(one));
    const isRight = x > svg.clientWidth / 2;
    tip.style.left = isRight ? "" : `${x + 16}px`;
    tip.style.right = isRight ? `${svg.clientWidth - x + 16}px` : "";
    tip.style.top = `${Math.max(0, Math.min(y - 20, svg.clientHeight - tip.offsetHeight))}px`;
  }

  function nearest(event) {
    const box = svg.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [best, at] = [REACH, -1];
    drawn.forEach((one, i) => {
      const away = Math.hypot(one.x - x, one.y - y) - (one.kind === "above" ? 0 : 2);
      if (away <= best) [best, at] = [away, i];
    });
    return { x, y, at };
  }

  let drag = null;
  svg.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, hasMoved: false };
    if (paper?.turns) svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (drag && paper?.turns && event.buttons) {
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.hasMoved && Math.hypot(dx, dy) < 4) return;
      view.turn += dx * 0.008;
      view.tilt = Math.max(-1.5, Math.min(1.5, view.tilt + dy * 0.008));
      drag = { x: event.clientX, y: event.clientY, hasMoved: true };
      point(-1);
      requestAnimationFrame(draw);
      return;
    }
    point(nearest(event).at);
  });
  svg.addEventListener("pointerleave", () => point(-1));
  svg.addEventListener("click", (event) => {
    if (drag?.hasMoved) return;
    const { x, y, at } = nearest(event);
    if (at >= 0) pick(at);
    else {
      const fractions = paper?.fractionsAt(x, y);
      if (fractions) onpick({ fractions, point: null });
    }
  });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") point(-1);
    else if (event.key === "Enter" && pointed >= 0) pick(pointed);
    else if (step && drawn.length) {
      event.preventDefault();
      const order = drawn.map((one, i) => [one.x + one.y / 1000, i]).sort((a, b) => a[0] - b[0]).map(([, i]) => i);
      point(order[(order.indexOf(pointed) + step + order.length) % order.length]);
      say(tip.innerText.replaceAll("\n", ", "));
    }
  });

  const pick = (i) => {
    const one = drawn[i].point;
    if (!one.isElement) onpick({ formula: one.formula, fractions: one.fractions, point: one });
  };
  new ResizeObserver(() => draw()).observe(stage);
  return {
    root,
    svg,
    set(found, limit) {
      diagram = found;
      above = limit;
      point(-1);
      draw();
    },
    choose(name) {
      chosen = name;
      draw();
    },
  };
}

const ORDER = ["above", "perhaps", "below", "known", "fresh", "own", "asked"];
const rank = (kind) => ORDER.indexOf(kind);

/** Return the interval of a compound's energy, which is that of its distance from the hull. */
function whisker({ point, x, kind }, paper) {
  if (point.lo === null || point.lo === undefined || point.known && point.on_hull) return "";
  const [top, bottom] = [point.hi, point.lo].map((end) => paper.y(point.energy + end - point.decomposition_energy));
  return s("path", { class: `whisker ${kind}`, d: `M${x} ${top}V${bottom}` });
}

function told(one) {
  if (one.isElement) return [el("strong", {}, one.formula), el("span", {}, "energy 0 eV/atom, by definition")];
  const lines = [`${number(one.energy)} eV/atom`];
  if (one.decomposition_energy !== null && one.decomposition_energy !== undefined) {
    const range = one.lo === null || one.lo === undefined ? "" : ` (${number(one.lo * 1000, 0)} to ${number(one.hi * 1000, 0)})`;
    lines.push(`${number(Math.abs(one.decomposition_energy) * 1000, 0)} meV/atom ${one.decomposition_energy > 0 ? "above the hull" : "below the hull of the others"}${range}`);
  }
  if (one.p_stable !== null && one.p_stable !== undefined) lines.push(`chance to be stable ${number(one.p_stable * 100, 0)} %`);
  if (one.products) lines.push([one.on_hull ? "without it: " : "decomposes to: ", products(one.products)]);
  return [el("strong", {}, formula(one.formula)), ...lines.map((text) => el("span", {}, text))];
}

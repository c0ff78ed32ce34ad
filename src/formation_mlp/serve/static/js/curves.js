/** Curves over epochs that grow while a run trains. */

import { digitsOf, nice } from "./axis.js";
import { el, s, say } from "./dom.js";
import { number } from "./format.js";

/**
 * Return a chart: {root, svg, set(lines, title)}.
 *
 * lines: {name, kind, points: [{epoch, value}]}; kind is a class of the style sheet, such as "first dashed".
 */
export function curvesChart() {
  let lines = [];
  let title = "";
  let frame = null;
  let pointed = null; // epoch
  const svg = s("svg", { class: "chart curves", role: "application", tabindex: 0, "aria-roledescription": "chart" });
  const tip = el("div", { class: "tip", hidden: true });
  const stage = el("div", { class: "stage" }, svg, tip);
  const key = el("ul", { class: "legend", "aria-label": "Legend" });
  const root = el("div", {}, stage, key);

  function draw() {
    const all = lines.flatMap(({ points }) => points);
    svg.setAttribute("aria-label", `${title} over epochs. Arrow keys read the values; the table below holds the same.`);
    if (!all.length || !svg.clientWidth) {
      svg.replaceChildren(s("text", { class: "tick", x: 16, y: 32 }, "No epoch yet."));
      frame = null;
      return;
    }
    const [width, height] = [svg.clientWidth, svg.clientHeight];
    const box = { left: 64, right: width - 16, top: 14, bottom: height - 44 };
    const last = Math.max(2, ...all.map(({ epoch }) => epoch));
    const values = all.map(({ value }) => value).sort((a, b) => a - b);
    const axis = nice(Math.min(values[0], 0), values[Math.floor(values.length * 0.985)] ?? values.at(-1), 5); // a first epoch may be far off
    const across = nice(0, last, 6);
    const x = (epoch) => box.left + ((epoch - 1) / (last - 1)) * (box.right - box.left);
    const y = (value) => Math.max(box.top, box.top + ((axis.high - value) / (axis.high - axis.low)) * (box.bottom - box.top));
    frame = { x, y, box, last };
    svg.replaceChildren(
      ...axis.ticks.flatMap((tick) => [s("line", { class: "grid", x1: box.left, x2: box.right, y1: y(tick), y2: y(tick) }),
        s("text", { class: "tick", x: box.left - 8, y: y(tick) + 4, "text-anchor": "end" }, number(tick, digitsOf(axis.step)))]),
      ...across.ticks.filter((tick) => tick >= 1 && tick <= last && tick % 1 === 0).map((tick) =>
        s("text", { class: "tick", x: x(tick), y: box.bottom + 18, "text-anchor": "middle" }, tick)),
      s("line", { class: "frame", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
      s("text", { class: "tick", x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" }, "epoch"),
      s("text", { class: "tick", x: 16, y: (box.top + box.bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 16 ${(box.top + box.bottom) / 2})` }, title),
      ...lines.map(({ kind, points }) => s("path", { class: `curve ${kind}`, d: points.map(({ epoch, value }, i) => `${i ? "L" : "M"}${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`).join("") })),
    );
    if (pointed) point(pointed);
  }

  function point(epoch) {
    pointed = epoch;
    svg.querySelector(".cursor")?.remove();
    tip.hidden = !epoch || !frame;
    if (tip.hidden) return;
    const at = frame.x(epoch);
    svg.append(s("line", { class: "cursor", x1: at, x2: at, y1: frame.box.top, y2: frame.box.bottom, "data-screen-only": true }));
    const values = lines.map(({ name, points }) => [name, points.find((one) => one.epoch === epoch)?.value]).filter(([, value]) => value !== undefined);
    tip.replaceChildren(el("strong", {}, `epoch ${epoch}`), ...values.slice(0, 8).map(([name, value]) => el("span", {}, `${name}: ${number(value, 4)}`)));
    const isRight = at > svg.clientWidth / 2;
    tip.style.left = isRight ? "" : `${at + 12}px`;
    tip.style.right = isRight ? `${svg.clientWidth - at + 12}px` : "";
    tip.style.top = "1rem";
  }

  const epochAt = (px) => Math.max(1, Math.min(frame.last, Math.round(1 + ((px - frame.box.left) / (frame.box.right - frame.box.left)) * (frame.last - 1))));
  svg.addEventListener("pointermove", (event) => frame && point(epochAt(event.clientX - svg.getBoundingClientRect().left)));
  svg.addEventListener("pointerleave", () => point(null));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") point(null);
    if (!step || !frame) return;
    event.preventDefault();
    point(Math.max(1, Math.min(frame.last, (pointed ?? 0) + step)));
    say(tip.innerText.replaceAll("\n", ", "));
  });
  new ResizeObserver(() => draw()).observe(stage);
  return {
    root,
    svg,
    set(next, name) {
      [lines, title] = [next.filter(({ points }) => points.length), name];
      key.replaceChildren(...next.filter(({ isNamed }) => isNamed).map(({ name: text, kind }) =>
        el("li", {}, s("svg", { width: 28, height: 12, class: "chart", "aria-hidden": "true" }, s("path", { class: `curve ${kind}`, d: "M1 6H27" })), text)));
      draw();
    },
  };
}

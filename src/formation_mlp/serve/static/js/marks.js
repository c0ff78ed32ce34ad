/** How compounds of a phase diagram are marked: by shape and by colour, so that either tells. */

import { el, s } from "./dom.js";

/** Kinds of compounds, in the order in which they are drawn. */
export const KINDS = {
  above: { text: "above the hull, fainter the higher", shape: "circle", radius: 3.6 },
  perhaps: { text: "above it, but its interval reaches the hull", shape: "ring", radius: 5 },
  below: { text: "below the hull of the others", shape: "diamond", radius: 5.5 },
  known: { text: "known, on the hull", shape: "circle", radius: 5.5 },
  fresh: { text: "new, on the hull", shape: "diamond", radius: 6.5 },
  own: { text: "own, with a given energy", shape: "square", radius: 5.5 },
  asked: { text: "asked for by a click", shape: "cross", radius: 6 },
};

/** Return the kind of a point of the service's diagram. */
export function kindOf(point) {
  if (point.kind) return point.kind;
  if (point.on_hull) return point.known === false ? "fresh" : "known";
  if (point.decomposition_energy < 0) return "below";
  return point.lo !== null && point.lo <= 0 ? "perhaps" : "above";
}

/** Return the mark of a point at a place. */
export function mark(kind, x, y, faintness = 0) {
  const { shape, radius: r } = KINDS[kind];
  const common = { class: `mark ${kind}`, opacity: faintness ? (1 - 0.75 * faintness).toFixed(2) : null };
  if (shape === "circle") return s("circle", { ...common, cx: x, cy: y, r });
  if (shape === "ring") return s("circle", { ...common, cx: x, cy: y, r: r - 0.8 });
  if (shape === "square") return s("rect", { ...common, x: x - r, y: y - r, width: 2 * r, height: 2 * r });
  if (shape === "cross") return s("path", { ...common, d: `M${x - r} ${y}H${x + r}M${x} ${y - r}V${y + r}` });
  return s("path", { ...common, d: `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z` });
}

/** Return the legend of the kinds that occur. */
export function legend(kinds) {
  return el("ul", { class: "legend", "aria-label": "Legend" }, Object.keys(KINDS).filter((kind) => kinds.has(kind)).reverse().map((kind) =>
    el("li", {}, s("svg", { viewBox: "0 0 18 18", width: 18, height: 18, class: "chart", "aria-hidden": "true" }, mark(kind, 9, 9)), KINDS[kind].text)));
}

const LETTER = 8; // width of a letter of a label, in pixels
const DIGIT = 6; // of a number that is set low
const SPOTS = [[0, 19, "middle"], [9, 4, "start"], [-9, 4, "end"], [0, -10, "middle"], [7, -6, "start"], [-7, -6, "end"], [7, 15, "start"], [-7, 15, "end"]];

/**
 * Return names beside points {x, y, text}: each where it hides no mark and no other name, or else no mark but lesser ones,
 * or left out.
 */
export function labels(points, others, lesser, { width, height }) {
  const around = ({ x, y }) => [x - 5, y - 5, x + 5, y + 5];
  const taken = [...points, ...others].map(around);
  const found = [];
  let left = points;
  for (const spared of [lesser.map(around), []]) {
    left = left.filter(({ x, y, text }) => {
      for (const [dx, dy, anchor] of SPOTS) {
        const box = boxOf(x + dx, y + dy, anchor, text);
        const isInside = box[0] > 0 && box[2] < width && box[1] > 0 && box[3] < height;
        if (!isInside || [...taken, ...spared].some((other) => meet(box, other))) continue;
        taken.push(box);
        found.push(s("text", { class: "label", x: x + dx, y: y + dy, "text-anchor": anchor }, lowered(text)));
        return false;
      }
      return true;
    });
  }
  return found;
}

/** Return the box of a name: left, top, right, bottom. */
function boxOf(x, y, anchor, text) {
  const wide = [...text].reduce((sum, sign) => sum + (/\d/.test(sign) ? DIGIT : LETTER), 0);
  const left = x - (anchor === "middle" ? wide / 2 : anchor === "end" ? wide : 0);
  return [left, y - 11, left + wide, y + 3];
}

const meet = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** Return a formula in SVG, its numbers set low. */
function lowered(text) {
  let isLow = false;
  return text.split(/((?<=[A-Za-z)])\d+(?:\.\d+)?)/).filter(Boolean).map((part) => {
    const isNumber = /^\d/.test(part);
    const shift = isNumber && !isLow ? 3 : !isNumber && isLow ? -3 : 0;
    isLow = isNumber;
    return s("tspan", { dy: shift || null, "font-size": isNumber ? "9" : null }, part);
  });
}

/**
 * Where compositions stand on paper: on a line with the energy below it, in a triangle, in a tetrahedron that turns.
 *
 * A projection has place(fractions, energy) to {x, y, depth}; backdrop() for what lies behind the marks; and, where a point
 * of the paper is a composition, fractionsAt(x, y).
 */

import { digitsOf, nice } from "./axis.js";
import { s } from "./dom.js";
import { number } from "./format.js";

const SIDE = Math.sqrt(3) / 2;

/** Return the projection for two to four elements. size: {width, height}; energies: all that are drawn, eV/atom. */
export function projection(elements, size, energies, view) {
  if (elements.length === 2) return line(elements, size, energies);
  return elements.length === 3 ? triangle(elements, size) : tetrahedron(elements, size, view);
}

function line(elements, { width, height }, energies) {
  const box = { left: 64, right: width - 24, top: 18, bottom: height - 52 };
  const axis = nice(Math.min(-0.02, ...energies), Math.max(0, ...energies), 5);
  const x = (share) => box.left + share * (box.right - box.left);
  const y = (energy) => box.top + ((axis.high - energy) / (axis.high - axis.low)) * (box.bottom - box.top);
  const backdrop = () => [
    axis.ticks.map((tick) => [s("line", { class: "grid", x1: box.left, x2: box.right, y1: y(tick), y2: y(tick) }),
      s("text", { class: "tick", x: box.left - 8, y: y(tick) + 4, "text-anchor": "end" }, number(tick, digitsOf(axis.step)))]),
    s("line", { class: "frame", x1: box.left, x2: box.right, y1: y(0), y2: y(0) }),
    [0, 0.25, 0.5, 0.75, 1].map((share) => [s("line", { class: "frame", x1: x(share), x2: x(share), y1: box.bottom, y2: box.bottom + 5 }),
      share % 1 ? s("text", { class: "tick", x: x(share), y: box.bottom + 20, "text-anchor": "middle" }, share) : null]),
    s("line", { class: "frame", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
    elements.map((symbol, i) => s("text", { class: "corner", x: x(i), y: box.bottom + 24, "text-anchor": "middle" }, symbol)),
    s("text", { class: "tick", x: (box.left + box.right) / 2, y: height - 8, "text-anchor": "middle" }, `atomic fraction of ${elements[1]}`),
    s("text", { class: "tick", x: 16, y: (box.top + box.bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 16 ${(box.top + box.bottom) / 2})` }, "formation energy, eV/atom"),
  ].flat(3).filter(Boolean);
  return {
    hasEnergy: true,
    y: (energy) => Math.max(box.top - 8, Math.min(box.bottom, y(energy))),
    place: (fractions, energy) => ({ x: x(fractions[1]), y: y(energy), depth: 0 }),
    fractionsAt: (px) => {
      const share = (px - box.left) / (box.right - box.left);
      return share > 0 && share < 1 ? [1 - share, share] : null;
    },
    backdrop,
  };
}

function triangle(elements, { width, height }) {
  const side = Math.min(width - 72, (height - 72) / SIDE);
  const left = (width - side) / 2;
  const bottom = (height + side * SIDE) / 2 + 2;
  const corners = [[left, bottom], [left + side, bottom], [left + side / 2, bottom - side * SIDE]];
  const at = (fractions) => [0, 1].map((i) => fractions.reduce((sum, share, j) => sum + share * corners[j][i], 0));
  const names = [[-6, 20, "end"], [6, 20, "start"], [0, -10, "middle"]];
  const backdrop = () => {
    const grid = [0.2, 0.4, 0.6, 0.8].flatMap((t) => [[[1 - t, t, 0], [1 - t, 0, t]], [[t, 1 - t, 0], [0, 1 - t, t]], [[t, 0, 1 - t], [0, t, 1 - t]]]);
    return [
      ...grid.map(([a, b]) => segment("grid", at(a), at(b))),
      s("path", { class: "frame", d: `M${corners.map((corner) => corner.join(" ")).join("L")}Z` }),
      ...elements.map((symbol, i) => s("text", { class: "corner", x: corners[i][0] + names[i][0], y: corners[i][1] + names[i][1], "text-anchor": names[i][2] }, symbol)),
    ];
  };
  return {
    place: (fractions) => ({ x: at(fractions)[0], y: at(fractions)[1], depth: 0 }),
    fractionsAt: (px, py) => {
      const third = (bottom - py) / (side * SIDE);
      const second = (px - left) / side - third / 2;
      const fractions = [1 - second - third, second, third];
      return fractions.every((share) => share > -0.02) ? shares(fractions) : null;
    },
    backdrop,
  };
}

const CORNERS = [[0, 0, 0], [1, 0, 0], [0.5, SIDE, 0], [0.5, SIDE / 3, Math.sqrt(2 / 3)]];
const CENTRE = [0, 1, 2].map((i) => CORNERS.reduce((sum, corner) => sum + corner[i] / 4, 0));

function tetrahedron(elements, { width, height }, view) {
  const size = Math.min(width - 90, height - 60) * 0.86 * view.zoom;
  const [ca, sa, cb, sb] = [Math.cos(view.turn), Math.sin(view.turn), Math.cos(view.tilt), Math.sin(view.tilt)];
  const project = ([px, py, pz]) => {
    const [x, y, z] = [px - CENTRE[0], py - CENTRE[1], pz - CENTRE[2]];
    const [right, ahead] = [ca * x - sa * y, sa * x + ca * y];
    return { x: width / 2 + size * right, y: height / 2 + 10 - size * (cb * z - sb * ahead), depth: sb * z + cb * ahead };
  };
  const place = (fractions) => project([0, 1, 2].map((i) => fractions.reduce((sum, share, j) => sum + share * CORNERS[j][i], 0)));
  const backdrop = () => {
    const corners = CORNERS.map(project);
    const middle = { x: width / 2, y: height / 2 + 10 };
    const edges = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]];
    return [
      ...edges.map(([a, b]) => segment("frame", [corners[a].x, corners[a].y], [corners[b].x, corners[b].y])),
      ...elements.map((symbol, i) => {
        const away = Math.hypot(corners[i].x - middle.x, corners[i].y - middle.y) || 1;
        return s("text", { class: "corner", "text-anchor": "middle", x: corners[i].x + ((corners[i].x - middle.x) / away) * 22,
          y: corners[i].y + ((corners[i].y - middle.y) / away) * 18 + 5 }, symbol);
      }),
    ];
  };
  return { turns: true, place, fractionsAt: () => null, backdrop };
}

const segment = (name, a, b) => s("line", { class: name, x1: a[0], y1: a[1], x2: b[0], y2: b[1] });

function shares(fractions) {
  const kept = fractions.map((share) => Math.max(0, share));
  const sum = kept.reduce((a, b) => a + b);
  return kept.map((share) => share / sum);
}

/** Return the formula of few atoms that is nearest to fractions: [0.41, 0.59] of Fe and O is Fe2O3. */
export function formulaNear(elements, fractions, most = 16) {
  let best = { cost: Infinity };
  for (let n = 1; n <= most; n += 1) {
    const counts = fractions.map((share) => Math.round(share * n));
    const sum = counts.reduce((a, b) => a + b);
    if (sum !== n) continue;
    const off = Math.max(...counts.map((one, i) => Math.abs(one / n - fractions[i])));
    if (off + n * 0.0015 < best.cost) best = { cost: off + n * 0.0015, counts };
  }
  return elements.map((symbol, i) => (best.counts[i] ? symbol + (best.counts[i] === 1 ? "" : best.counts[i]) : "")).join("");
}

/** Return the shares of elements in a formula of plain symbols and numbers, or null if it holds another element. */
export function fractionsOf(text, elements) {
  const counts = elements.map(() => 0);
  for (const [, symbol, amount] of text.matchAll(/([A-Z][a-z]?)(\d*\.?\d*)/g)) {
    const place = elements.indexOf(symbol);
    if (place < 0) return null;
    counts[place] += amount === "" ? 1 : Number(amount);
  }
  const sum = counts.reduce((a, b) => a + b);
  return sum ? counts.map((one) => one / sum) : null;
}

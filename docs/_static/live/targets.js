"use strict";
/**
 * Functions to be approximated. A target is {label, ends, xTicks, y, xLabel, yLabel, unit, at, jumps, beyond}: `at(x)` is
 * its value at x between the ends, which have units of their own; `jumps` are the x where it jumps; `beyond` are points
 * outside.
 */
live.targets = (() => {
  const POINTS = 6;
  const { radius, jumps } = live.data.elements;
  const last = 86;

  /** Between two elements the way is straight. */
  const between = (values) => (Z) => {
    const i = Math.min(Math.floor(Z), last - 1);
    return values[i - 1] + (Z - i) * (values[i] - values[i - 1]);
  };
  const plain = {
    ...{ ends: [0, 10], xTicks: [0, 2, 4, 6, 8, 10], y: [-2, 2] },
    ...{ unit: "", xLabel: "input x", yLabel: "output", jumps: [], beyond: [] },
  };
  const element = { ...plain, ends: [1, last], xTicks: [1, 20, 40, 60, 80], xLabel: "atomic number Z" };
  const all = {
    wave: {
      ...plain,
      label: "a wave",
      at: (x) => Math.sin(0.9 * x) + Math.sin(1.7 * x) / 2,
    },
    radius: {
      ...element,
      label: "covalent radius of the elements",
      ...{ y: [0, 3], yLabel: "covalent radius (Å)", unit: " Å" },
      at: between(radius),
      beyond: radius.slice(last).map((value, i) => [last + 1 + i, value]),
    },
    period: {
      ...element,
      label: "period of the elements",
      ...{ y: [0, 7], yLabel: "period", jumps },
      at: (Z) => 1 + jumps.filter((jump) => Z > jump).length,
    },
    own: { ...plain, label: "a straight line", at: (x) => (x - 5) / 5 },
  };

  /** From the interval -1 to 1 of the network to the x of a target, and back. */
  const outward = ({ ends }, s) => ends[0] + ((s + 1) / 2) * (ends[1] - ends[0]);
  const inward = ({ ends }, x) => (2 * (x - ends[0])) / (ends[1] - ends[0]) - 1;
  /** Where the points stand that a reader moves. */
  const places = Array.from({ length: POINTS }, (_, i) => -1 + (2 * i + 1) / POINTS);

  /** What moved points add at s from -1 to 1: smoothly from one to the next, and as much as the last one outside. */
  const shift = (shifts, s) => {
    const place = Math.min(POINTS - 1, Math.max(0, (s - places[0]) / (places[1] - places[0])));
    const i = Math.min(Math.floor(place), POINTS - 2);
    const share = (1 - Math.cos(Math.PI * (place - i))) / 2;
    return shifts[i] * (1 - share) + shifts[i + 1] * share;
  };
  /** A target with its points moved, at s from -1 to 1. */
  const value = (target, shifts, s) => target.at(outward(target, s)) + shift(shifts, s);

  return { all, places, outward, inward, shift, value };
})();

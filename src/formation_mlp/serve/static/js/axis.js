/** Axes: ends and ticks that are round numbers. */

/**
 * Return {low, high, step, ticks} of an axis that holds two values, with about n ticks.
 *
 * nice(-1.69, -1.42, 4) is {low: -1.7, high: -1.4, step: 0.1, ticks: [-1.7, -1.6, -1.5, -1.4]}.
 */
export function nice(low, high, n = 5) {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  return { low: first * step, high: last * step, step, ticks };
}

/** Return how many digits the ticks of an axis need. */
export const digitsOf = (step) => (String(Number(step.toPrecision(6))).split(".")[1] ?? "").length;

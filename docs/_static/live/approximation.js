"use strict";
/**
 * One hidden layer of n units on one input from -1 to 1, whose output weights are the best there are for a target.
 *
 * The hidden weights stay where they are put: each step or hinge is as steep as those of lesson 4 at their start, max(4, n),
 * and the units stand side by side. So the network is linear in its output weights, and one step of the method of lesson 4 finds them. Layers have the
 * form of `live.network`.
 */
live.approximation = (() => {
  const DAMPING = 1e-4;
  const N = 256; // of 86 elements: three for each, so that all lie on a point, and jumps lie midway between two
  const grid = Array.from({ length: N }, (_, i) => -1 + (2 * i) / (N - 1));

  const steep = (n) => Math.max(4, n);
  /**
   * Name to value at z, to the weight of a unit among n, and to where it stands in its share of the interval: a step in the
   * middle, a hinge where the share begins. Polynomials of any weight can say the same, and of a small one without large sums.
   */
  const kinds = {
    tanh: { at: Math.tanh, weight: steep, stands: 0.5 },
    sigmoid: { at: live.network.sigmoid, weight: steep, stands: 0.5 },
    relu: { at: (z) => Math.max(z, 0), weight: steep, stands: 0 },
    square: { at: (z) => z * z, weight: () => 1, stands: 0.5 },
    none: { at: (z) => z, weight: () => 1, stands: 0.5 },
  };

  const hidden = (name, n) => {
    const w = kinds[name].weight(n);
    const places = Array.from({ length: n }, (_, k) => -1 + (2 * (k + kinds[name].stands)) / n);
    return { W: places.map(() => [w]), b: places.map((place) => -w * place) };
  };

  /** The values of unit k at points x. */
  const unit = (name, { W, b }, k, x) => x.map((value) => kinds[name].at(W[k][0] * value + b[k]));

  /** The network that is nearest to the values y of a target on the grid. */
  const fit = (name, n, y) => {
    const first = hidden(name, n);
    const columns = first.b.map((_, k) => unit(name, first, k, grid));
    const v = live.leastSquares([...columns, grid.map(() => 1)], y, DAMPING);
    return [first, { W: [v.slice(0, n)], b: [v[n]] }];
  };

  /** What unit k adds at points x, beginning with zero at the left end: v (h(x) - h(-1)). */
  const added = (name, [first, last], k, x) => {
    const [start] = unit(name, first, k, [-1]);
    return unit(name, first, k, x).map((value) => last.W[0][k] * (value - start));
  };

  /** The output at points x; with `m`, what the first m units have made of the value at the left end. */
  const output = (name, layers, x, m = layers[0].b.length) => {
    const [first, last] = layers;
    const start = first.b.reduce((sum, _, k) => sum + last.W[0][k] * unit(name, first, k, [-1])[0], last.b[0]);
    const sum = x.map(() => start);
    for (let k = 0; k < m; k++) added(name, layers, k, x).forEach((value, i) => (sum[i] += value));
    return sum;
  };

  /** Root mean square and largest error; at a jump of the target both of its sides count. */
  const errors = (name, layers, y, jumps) => {
    const off = output(name, layers, grid).map((value, i) => Math.abs(value - y[i]));
    const middle = output(
      name,
      layers,
      jumps.map(({ x }) => x),
    );
    const sides = jumps.flatMap(({ left, right }, i) => [Math.abs(middle[i] - left), Math.abs(middle[i] - right)]);
    return { rms: Math.sqrt(off.reduce((sum, e) => sum + e * e, 0) / N), largest: Math.max(...off, ...sides) };
  };

  return { kinds, grid, fit, added, output, errors };
})();

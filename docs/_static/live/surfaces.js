"use strict";
/**
 * Losses over two weights, and gradient descent on them. A surface is {x, y, start, minima, at}; `at(a, b)` returns
 * [loss, derivative by a, derivative by b].
 */
live.surfaces = (() => {
  const { sigmoid, crossEntropy, dot } = live.network;

  /** Mean cross-entropy of one neuron over its two weights, with the bias kept. */
  const neuron = (X, y, bias) => (a, b) => {
    let [loss, da, db] = [0, 0, 0];
    for (let i = 0; i < X.length; i++) {
      const z = a * X[i][0] + b * X[i][1] + bias;
      const error = sigmoid(z) - y[i];
      loss += crossEntropy(z, y[i]);
      da += error * X[i][0];
      db += error * X[i][1];
    }
    return [loss, da, db].map((value) => value / X.length);
  };

  /** The same of two hidden units on one feature d: z = v s(a d + t) + v s(b d + t) + c. */
  const units =
    ({ d, y, t, v, c }) =>
    (a, b) => {
      let [loss, da, db] = [0, 0, 0];
      for (let i = 0; i < d.length; i++) {
        const [first, second] = [sigmoid(a * d[i] + t), sigmoid(b * d[i] + t)];
        const z = v * (first + second) + c;
        const error = sigmoid(z) - y[i];
        loss += crossEntropy(z, y[i]);
        da += error * v * first * (1 - first) * d[i];
        db += error * v * second * (1 - second) * d[i];
      }
      return [loss, da, db].map((value) => value / d.length);
    };

  const make = {
    /** Lesson 1: standardised features, the bias at its best value. */
    bowl: ({ x, y, centre, scale, W, b }) => ({
      x: [-3, 7],
      y: [-4, 4.5],
      start: [-2, 3],
      minima: [W],
      at: neuron(
        x.map((row) => row.map((value, j) => (value - centre[j]) / scale[j])),
        y,
        b,
      ),
    }),
    /** The same neuron on the features as they are: the weights are per Pauling unit and per electron. */
    valley: ({ x, y, centre, scale, W, b }) => {
      const raw = W.map((value, j) => value / scale[j]);
      return {
        x: [-1, 9],
        y: [-4, 4.5],
        start: [0, 3],
        minima: [raw],
        at: neuron(x, y, b - dot(raw, centre)),
      };
    },
    /** A hidden layer: two ways to share the work, and two valleys. */
    two: (data) => ({ x: [-7, 7], y: [-7, 7], start: [0.5, 5], minima: data.minima, at: units(data) }),
  };

  /** All points of `n` steps, as torch.optim.SGD makes them: v = momentum v + g, w = w - rate v. */
  const path = (surface, start, rate, momentum, n) => {
    const points = [[...start]];
    let [va, vb] = [0, 0];
    for (let i = 0; i < n; i++) {
      const [a, b] = points[i];
      const [, da, db] = surface.at(a, b);
      [va, vb] = [momentum * va + da, momentum * vb + db];
      points.push([a - rate * va, b - rate * vb]);
    }
    return points;
  };

  return { make, path };
})();

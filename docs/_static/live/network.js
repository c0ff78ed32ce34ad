"use strict";
/**
 * Networks of sigmoid units, forwards and backwards, one sample at a time.
 *
 * A layer is {W: [[...], ...], b: [...]}, a row of W for each unit: z = W h + b. Hidden layers give h = sigmoid(z); the
 * last layer gives z itself, which is one number, and p = sigmoid(z) is the probability of class 1.
 */
live.network = (() => {
  const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));
  const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  /** Cross-entropy of one sample, -y ln p - (1 - y) ln(1 - p), from z, so that nothing overflows. */
  const crossEntropy = (z, y) => softplus(z) - y * z;

  /** The vector, made shorter where a component is larger than `limit`: it keeps its direction. */
  const within = (vector, limit) => {
    const factor = Math.min(1, limit / Math.max(...vector.map(Math.abs), 1e-12));
    return vector.map((value) => factor * value);
  };

  const affine = ({ W, b }, h) => W.map((row, i) => dot(row, h) + b[i]);

  /** All values on the way: h[0] is x, h[k] the k-th hidden layer; z[k] the sums of layer k. */
  const forward = (layers, x) => {
    const h = [x];
    const z = [];
    layers.forEach((layer, k) => {
      z.push(affine(layer, h[k]));
      if (k < layers.length - 1) h.push(z[k].map(sigmoid));
    });
    return { h, z, out: z.at(-1)[0] };
  };

  /** From dE/dz of the output to the derivatives of all layers: dW, db, and dz and dh on the way. */
  const backward = (layers, { h }, dOut) => {
    const gradients = Array(layers.length);
    let dz = [dOut];
    for (let k = layers.length - 1; k >= 0; k--) {
      const dh = h[k].map((_, j) => dz.reduce((sum, d, i) => sum + d * layers[k].W[i][j], 0));
      gradients[k] = { W: dz.map((d) => h[k].map((value) => d * value)), b: dz, dh };
      dz = dh.map((d, j) => d * h[k][j] * (1 - h[k][j])); // of the sigmoid: h (1 - h)
    }
    return gradients;
  };

  const map = (layers, f) =>
    layers.map(({ W, b }, k) => ({
      W: W.map((row, i) => row.map((value, j) => f(value, (other) => other[k].W[i][j]))),
      b: b.map((value, i) => f(value, (other) => other[k].b[i])),
    }));
  const zeros = (layers) => map(layers, () => 0);

  /** Mean cross-entropy over samples, its gradient, and the share that is called right at p = 1/2. */
  const evaluate = (layers, X, y, withGradient = true) => {
    let [loss, right] = [0, 0];
    const total = zeros(layers);
    X.forEach((x, n) => {
      const pass = forward(layers, x);
      loss += crossEntropy(pass.out, y[n]);
      right += pass.out >= 0 === (y[n] === 1);
      if (!withGradient) return;
      backward(layers, pass, sigmoid(pass.out) - y[n]).forEach(({ W, b }, k) => {
        W.forEach((row, i) => row.forEach((value, j) => (total[k].W[i][j] += value)));
        b.forEach((value, i) => (total[k].b[i] += value));
      });
    });
    return { loss: loss / X.length, accuracy: right / X.length, gradient: map(total, (value) => value / X.length) };
  };

  /** One step of gradient descent with momentum, as torch.optim.SGD takes it: v = m v + g, w = w - rate v. */
  const step = (layers, gradient, velocity, rate, momentum) => {
    const next = map(velocity, (v, of) => momentum * v + of(gradient));
    return { layers: map(layers, (w, of) => w - rate * of(next)), velocity: next };
  };

  return { sigmoid, softplus, crossEntropy, forward, backward, evaluate, step, zeros, map, dot, within };
})();

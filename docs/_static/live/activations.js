"use strict";
/**
 * The activations of formation_mlp.models.activations, by the same names: value and derivative at x.
 *
 * The derivative at a kink is that of the package. `parameter` has the name, value and range of what can be varied.
 */
live.activations = (() => {
  const { sigmoid, softplus } = live.network;
  const relu6 = (x) => Math.min(Math.max(x, 0), 6);
  const leaky = (x, a) => [x > 0 ? x : a * x, x > 0 ? 1 : a];
  const elu = (x, alpha, at = 0) => [x > 0 ? x : alpha * Math.expm1(x), x > at ? 1 : alpha * Math.exp(x)];
  const within = (x, low, high) => (x > low && x < high ? 1 : 0);
  const selu = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };

  const gelu = (x) => {
    const root = Math.sqrt(2 / Math.PI);
    const t = Math.tanh(root * (x + 0.044715 * x ** 3));
    return [(x / 2) * (1 + t), (1 + t) / 2 + (x / 2) * (1 - t * t) * root * (1 + 3 * 0.044715 * x * x)];
  };
  const swish = (x, beta) => {
    const s = sigmoid(beta * x);
    return [x * s, s + beta * x * s * (1 - s)];
  };
  const mish = (x) => {
    const t = Math.tanh(softplus(x));
    return [x * t, t + x * (1 - t * t) * sigmoid(x)];
  };
  const hardswish = (x) => [(x * relu6(x + 3)) / 6, x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1];

  const plain = (at) => ({ at });
  const varied = (at, name, value, min, max) => ({ at, parameter: { name, value, min, max } });
  return {
    relu: plain((x) => leaky(x, 0)),
    gelu: plain(gelu),
    prelu: varied(leaky, "a", 0.25, 0, 1),
    elu: varied(elu, "alpha", 1, 0.1, 2),
    swish: varied(swish, "beta", 1, 0.1, 5),
    selu: plain((x) => elu(x, selu.alpha).map((value) => selu.scale * value)),
    softplus: varied((x, beta) => [softplus(beta * x) / beta, sigmoid(beta * x)], "beta", 1, 0.2, 5),
    mish: plain(mish),
    rrelu: varied((x, a) => [x >= 0 ? x : a * x, x > 0 ? 1 : a], "a", 11 / 48, 1 / 8, 1 / 3),
    hardswish: plain(hardswish),
    sigmoid: plain((x) => [sigmoid(x), sigmoid(x) * sigmoid(-x)]),
    softsign: plain((x) => [x / (1 + Math.abs(x)), 1 / (1 + Math.abs(x)) ** 2]),
    tanh: plain((x) => [Math.tanh(x), 1 - Math.tanh(x) ** 2]),
    hardtanh: plain((x) => [Math.min(Math.max(x, -1), 1), within(x, -1, 1)]),
    hardsigmoid: plain((x) => [relu6(x + 3) / 6, within(x, -3, 3) / 6]),
    tanhshrink: plain((x) => [x - Math.tanh(x), Math.tanh(x) ** 2]),
    softshrink: varied(
      (x, l) => [x > l ? x - l : x < -l ? x + l : 0, within(x, -l, l) || x === l || x === -l ? 0 : 1],
      "lambda",
      0.5,
      0,
      2,
    ),
    hardshrink: varied((x, l) => [Math.abs(x) > l ? x : 0, Math.abs(x) > l ? 1 : 0], "lambda", 0.5, 0, 2),
  };
})();

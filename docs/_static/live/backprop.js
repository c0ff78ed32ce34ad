"use strict";
/**
 * Forwards and backwards through a small network of sigmoid units, one step at a time, with every number by name.
 *
 * E = (y' - y)^2 / 2 and y' = sigmoid(z) of the last layer. Keys of values: z.k.i and h.k.i of unit i of layer k (the
 * last h is y'), E, and derivatives dz.k.i, dh.k.i, dW.k.i.j, db.k.i.
 */
live.backprop = (() => {
  const { forward, backward, sigmoid } = live.network;
  const { fixed, lower } = live.text;

  const values = (layers, x, y) => {
    const last = layers.length - 1;
    const pass = forward(layers, x);
    const out = sigmoid(pass.out);
    const known = { E: (out - y) ** 2 / 2, [`dh.${last}.0`]: out - y };
    const gradients = backward(layers, pass, (out - y) * out * (1 - out));
    layers.forEach((_, k) => {
      pass.z[k].forEach((z, i) => {
        known[`z.${k}.${i}`] = z;
        known[`h.${k}.${i}`] = k === last ? out : pass.h[k + 1][i];
        known[`dz.${k}.${i}`] = known[`db.${k}.${i}`] = gradients[k].b[i];
        gradients[k].W[i].forEach((value, j) => (known[`dW.${k}.${i}.${j}`] = value));
      });
      if (k > 0) gradients[k].dh.forEach((value, j) => (known[`dh.${k - 1}.${j}`] = value));
    });
    return known;
  };

  /** Names as they are written: one neuron has w, b, z; a hidden layer w, b, z, h with numbers, and an output v, c, z. */
  const names = (layers) => {
    const last = layers.length - 1;
    const alone = last === 0;
    return {
      z: (k, i) => (k === last ? "z" : `z${lower(i + 1)}`),
      h: (k, i) => (k === last ? "ŷ" : `h${lower(i + 1)}`),
      w: (k, i, j) => (k < last ? `w${lower(i + 1)}${lower(j + 1)}` : `${alone ? "w" : "v"}${lower(j + 1)}`),
      b: (k, i) => (k < last ? `b${lower(i + 1)}` : alone ? "b" : "c"),
      input: (k, j) => `${k === 0 ? "x" : "h"}${lower(j + 1)}`,
    };
  };

  /** The steps: {phase, title, lines, keys}; keys are the values that a step finds. */
  const steps = (layers, x, y) => {
    const known = values(layers, x, y);
    const name = names(layers);
    const last = layers.length - 1;
    const n = (value) => (value < 0 ? `(${fixed(value, 4)})` : fixed(value, 4));
    const units = (k) => layers[k].b.map((_, i) => i);
    const input = (k, j) => (k === 0 ? x[j] : known[`h.${k - 1}.${j}`]);
    const made = [
      {
        phase: "start",
        title: "The compound enters",
        lines: x.map((value, j) => `${name.input(0, j)} = ${fixed(value, 4)}`),
        keys: [],
      },
    ];
    const add = (phase, title, lines, keys) => made.push({ phase, title, lines, keys });

    layers.forEach(({ W, b }, k) => {
      const where = k === last ? "output" : "hidden layer";
      add(
        "forward",
        `Forwards: the sum of the ${where}`,
        units(k).map((i) => {
          const signs = W[i].map((_, j) => `${name.w(k, i, j)} ${name.input(k, j)}`);
          const numbers = W[i].map((w, j) => `${n(w)} · ${n(input(k, j))}`);
          return `${name.z(k, i)} = ${[...signs, name.b(k, i)].join(" + ")} = ${[...numbers, n(b[i])].join(" + ")} = ${fixed(known[`z.${k}.${i}`], 4)}`;
        }),
        units(k).map((i) => `z.${k}.${i}`),
      );
      add(
        "forward",
        `Forwards: the sigmoid of the ${where}`,
        units(k).map((i) => `${name.h(k, i)} = 1 / (1 + exp(−${name.z(k, i)})) = ${fixed(known[`h.${k}.${i}`], 4)}`),
        units(k).map((i) => `h.${k}.${i}`),
      );
    });
    const out = known[`h.${last}.0`];
    add(
      "forward",
      "Forwards: the error",
      [`E = (ŷ − y)² / 2 = (${fixed(out, 4)} − ${y})² / 2 = ${fixed(known.E, 4)}`],
      ["E"],
    );
    add(
      "backward",
      "Backwards: how E changes with ŷ",
      [`∂E/∂ŷ = ŷ − y = ${fixed(out, 4)} − ${y} = ${fixed(out - y, 4)}`],
      [`dh.${last}.0`],
    );
    for (let k = last; k >= 0; k--) {
      add(
        "backward",
        "Backwards: through the sigmoid",
        units(k).map((i) => {
          const [h, z] = [name.h(k, i), name.z(k, i)];
          const value = known[`h.${k}.${i}`];
          return `∂E/∂${z} = ∂E/∂${h} · ${h}(1 − ${h}) = ${n(known[`dh.${k}.${i}`])} · ${n(value)} · ${n(1 - value)} = ${fixed(known[`dz.${k}.${i}`], 4)}`;
        }),
        units(k).map((i) => `dz.${k}.${i}`),
      );
      add(
        "backward",
        "Backwards: to the weights",
        units(k).flatMap((i) => [
          ...layers[k].W[i].map(
            (_, j) =>
              `∂E/∂${name.w(k, i, j)} = ∂E/∂${name.z(k, i)} · ${name.input(k, j)} = ${n(known[`dz.${k}.${i}`])} · ${n(input(k, j))} = ${fixed(known[`dW.${k}.${i}.${j}`], 4)}`,
          ),
          `∂E/∂${name.b(k, i)} = ∂E/∂${name.z(k, i)} = ${fixed(known[`db.${k}.${i}`], 4)}`,
        ]),
        units(k).flatMap((i) => [...layers[k].W[i].map((_, j) => `dW.${k}.${i}.${j}`), `db.${k}.${i}`]),
      );
      if (k === 0) continue;
      add(
        "backward",
        "Backwards: to the hidden units",
        units(k - 1).map((j) => {
          const signs = units(k).map((i) => `∂E/∂${name.z(k, i)} · ${name.w(k, i, j)}`);
          const numbers = units(k).map((i) => `${n(known[`dz.${k}.${i}`])} · ${n(layers[k].W[i][j])}`);
          return `∂E/∂${name.input(k, j)} = ${signs.join(" + ")} = ${numbers.join(" + ")} = ${fixed(known[`dh.${k - 1}.${j}`], 4)}`;
        }),
        units(k - 1).map((j) => `dh.${k - 1}.${j}`),
      );
    }
    return { known, steps: made };
  };

  /** The layers after one step of gradient descent. */
  const update = (layers, known, rate) =>
    layers.map(({ W, b }, k) => ({
      W: W.map((row, i) => row.map((w, j) => w - rate * known[`dW.${k}.${i}.${j}`])),
      b: b.map((value, i) => value - rate * known[`db.${k}.${i}`]),
    }));

  return { values, names, steps, update };
})();

"use strict";
/**
 * The residual network of formation_mlp.models.mlp, from an exported state: an input layer; blocks
 * h + W2 relu(W1 norm(h) + b1) + b2; a last norm; a linear head. Dropout is for training only.
 */
live.residual = (() => {
  /** Numbers from the base64 text of their little-endian bytes, of 4 or 8 bytes each. */
  const unpack = (text, size) => {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const read = size === 4 ? (i) => view.getFloat32(4 * i, true) : (i) => view.getFloat64(8 * i, true);
    return Float64Array.from({ length: bytes.length / size }, (_, i) => read(i));
  };

  const linear = ({ weight, bias }, x) =>
    bias.map((start, i) => {
      let sum = start;
      for (let j = 0, at = i * x.length; j < x.length; j++, at++) sum += weight[at] * x[j];
      return sum;
    });
  const norm = ({ weight, bias }, h) => {
    const mean = h.reduce((a, b) => a + b, 0) / h.length;
    const variance = h.reduce((total, value) => total + (value - mean) ** 2, 0) / h.length;
    return h.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[i] + bias[i]);
  };

  /** Make the function from raw features to eV/atom. */
  const load = (data) => {
    const parts = {};
    for (const [name, { data: packed }] of Object.entries(data.weights)) {
      const [, part, kind] = /^(.*)\.(weight|bias)$/.exec(name);
      (parts[part] ??= {})[kind] = unpack(packed, 4);
    }
    const [median, centre, scale] = ["median", "centre", "scale"].map((name) => unpack(data[name], 8));
    const blocks = Object.keys(parts)
      .filter((name) => name.endsWith(".branch.0"))
      .map((name) => name.slice(0, -9));
    const last = Object.keys(parts).find((name) => /^body\.\d+$/.test(name) && name !== "body.0");
    return (features) => {
      const x = Float64Array.from(data.kept, (column, i) => {
        const value = features[column];
        return ((Number.isNaN(value) ? median[i] : value) - centre[i]) / scale[i];
      });
      let h = linear(parts["body.0"], x);
      for (const block of blocks) {
        const inner = linear(parts[`${block}.branch.1`], norm(parts[`${block}.branch.0`], h));
        const branch = linear(
          parts[`${block}.branch.4`],
          inner.map((value) => Math.max(value, 0)),
        );
        h = h.map((value, i) => value + branch[i]);
      }
      const [out] = linear(parts.head, norm(parts[last], h));
      return out * data.target[1] + data.target[0];
    };
  };
  return { load };
})();

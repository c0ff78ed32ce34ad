"use strict";
/** Random numbers from 0 to 1 that a seed repeats (mulberry32, T. Ettinger 2017), and networks that begin with them. */
live.random = (() => {
  const generator = (seed) => {
    let state = seed | 0;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  };
  /** Two features, n hidden units, one output; all weights and biases from -2 to 2, the last bias 0. */
  const layers = (n, seed) => {
    const next = generator(seed);
    const weight = () => 4 * (next() - 0.5);
    const many = (make) => Array.from({ length: n }, make);
    return [
      { W: many(() => [weight(), weight()]), b: many(weight) },
      { W: [many(weight)], b: [0] },
    ];
  };
  return { generator, layers };
})();

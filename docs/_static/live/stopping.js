"use strict";
/** Early stopping as formation_mlp.training.state does it: stop when no epoch was better for `patience` epochs. */
live.stopping = (losses, patience) => {
  let [best, waiting] = [0, 0];
  for (let i = 0; i < losses.length; i++) {
    if (i === 0 || losses[i] < losses[best]) [best, waiting] = [i, 0];
    else waiting += 1;
    if (waiting >= patience) return { stop: i + 1, best: best + 1 };
  }
  return { stop: losses.length, best: best + 1 };
};

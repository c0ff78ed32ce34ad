"use strict";
/** Scores of a binary classifier, as formation_mlp.targets.metrics gives them: called positive where p >= threshold. */
live.scores = (p, y, threshold) => {
  const count = { TP: 0, FP: 0, FN: 0, TN: 0 };
  p.forEach((value, i) => {
    const called = value >= threshold;
    count[y[i] ? (called ? "TP" : "FN") : called ? "FP" : "TN"] += 1;
  });
  const { TP, FP, FN, TN } = count;
  const share = (part, whole) => (whole ? part / whole : 0);
  return {
    ...count,
    accuracy: share(TP + TN, p.length),
    precision: share(TP, TP + FP),
    recall: share(TP, TP + FN),
    F1: share(2 * TP, 2 * TP + FP + FN),
  };
};

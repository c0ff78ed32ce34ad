"use strict";
/**
 * The v that makes |A v - y|^2 + damping |v|^2 smallest; A is given as a list of columns.
 *
 * Householder reflections (A. S. Householder, J. ACM 5, 339 (1958)) make a triangle of A, which has the rows
 * sqrt(damping) 1 below it: A^T A, whose condition number is the square of that of A, is never formed.
 */
live.leastSquares = (columns, y, damping) => {
  const [n, p] = [y.length, columns.length];
  const below = (values) => {
    const whole = new Float64Array(n + p);
    whole.set(values);
    return whole;
  };
  const R = columns.map(below);
  R.forEach((column, k) => (column[n + k] = Math.sqrt(damping)));
  const right = below(y);
  const dot = (a, b, from) => {
    let sum = 0;
    for (let i = from; i < n + p; i++) sum += a[i] * b[i];
    return sum;
  };

  const diagonal = R.map((mirror, k) => {
    const size = Math.sqrt(dot(mirror, mirror, k));
    const end = mirror[k] > 0 ? -size : size; // of the other sign, so that the difference loses no digits
    mirror[k] -= end;
    const norm = dot(mirror, mirror, k);
    for (const other of [...R.slice(k + 1), right]) {
      const share = (2 * dot(mirror, other, k)) / norm;
      for (let i = k; i < n + p; i++) other[i] -= share * mirror[i];
    }
    return end;
  });

  const v = Array(p).fill(0);
  for (let k = p - 1; k >= 0; k--) {
    let rest = right[k];
    for (let j = k + 1; j < p; j++) rest -= R[j][k] * v[j];
    v[k] = rest / diagonal[k];
  }
  return v;
};

"use strict";
/**
 * Features of a composition, as the package computes them: magpie, stoichiometry, valence_orbital, element_fraction.
 *
 * A value that the element data lack makes its features NaN; the network's scaler fills them.
 */
live.features = (() => {
  /** Minimum, maximum, range, mean, mean deviation and mode of one property, in this order. */
  const statistics = (amounts, shares, values) => {
    const sum = (f) => values.reduce((total, value, i) => total + f(value, i), 0);
    const mean = sum((value, i) => shares[i] * value);
    const deviation = sum((value, i) => shares[i] * Math.abs(value - mean));
    const largest = Math.max(...amounts);
    const often = values.filter((_, i) => largest - amounts[i] <= 1e-8 + 1e-5 * largest);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return [low, high, high - low, mean, deviation, Math.min(...often)];
  };

  const magpie = (amounts, shares, rows, properties) =>
    properties.flatMap((_, p) =>
      statistics(
        amounts,
        shares,
        rows.map((row) => row[p] ?? NaN),
      ),
    );

  const norms = (shares) =>
    [0, 2, 3, 5, 7, 10].map((p) =>
      p === 0 ? shares.length : shares.reduce((total, share) => total + share ** p, 0) ** (1 / p),
    );

  const orbitals = (shares, rows, properties) => {
    const mean = (name) => {
      const p = properties.indexOf(name);
      return rows.reduce((total, row, i) => total + shares[i] * (row[p] ?? NaN), 0);
    };
    const each = ["NsValence", "NpValence", "NdValence", "NfValence"].map(mean);
    const all = mean("NValence");
    return [...each, ...each.map((value) => value / all)];
  };

  /** All features of a map of symbols to amounts; `data` has symbols, properties and their values by element. */
  const compute = (composition, { symbols, properties, elements }) => {
    const amounts = [...composition.values()];
    const sum = amounts.reduce((a, b) => a + b, 0);
    const shares = amounts.map((amount) => amount / sum);
    const places = [...composition.keys()].map((symbol) => symbols.indexOf(symbol));
    const rows = places.map((place) => elements[place]);
    const fraction = Array(symbols.length).fill(0);
    places.forEach((place, i) => (fraction[place] = shares[i]));
    return [
      ...magpie(amounts, shares, rows, properties),
      ...norms(shares),
      ...orbitals(shares, rows, properties),
      ...fraction,
    ];
  };
  return { compute };
})();

"use strict";
/**
 * Chemical formulas: Fe2O3, Ca(OH)2, K4[Fe(CN)6], La0.5Sr0.5MnO3, CuSO4·5H2O.
 *
 * `read` returns a map of symbols to amounts in their order, or throws an error whose message is for the reader. It
 * accepts less than the package does, and what it accepts it reads alike.
 */
live.formula = (() => {
  const CLOSING = { "(": ")", "[": "]", "{": "}" };
  const plainDigits = (text) => text.replace(/[\u2080-\u2089]/g, (sign) => String(sign.charCodeAt(0) - 0x2080));
  const fail = (text) => {
    throw new Error(text);
  };

  const add = (total, part, times) => {
    for (const [symbol, amount] of part) total.set(symbol, (total.get(symbol) ?? 0) + amount * times);
  };

  /** Read one part without dots between; `symbols` are those of the periodic table. */
  const readPart = (text, symbols) => {
    let at = 0;
    const amount = () => {
      const digits = /^(\d+(\.\d+)?)?/.exec(text.slice(at))[0];
      at += digits.length;
      const value = digits ? Number(digits) : 1;
      if (value < 1e-8 || value > 1e8) fail(`The amount ${digits} in “${text}” is outside 0.00000001 to 100,000,000.`);
      return value;
    };
    const group = (closing) => {
      const total = new Map();
      while (at < text.length) {
        const sign = text[at];
        if (sign in CLOSING) {
          at += 1;
          const inner = group(CLOSING[sign]);
          add(total, inner, amount());
        } else if (sign === closing) {
          at += 1;
          if (!total.size) fail(`The brackets in “${text}” are empty.`);
          return total;
        } else {
          const symbol = /^[A-Z][a-z]?/.exec(text.slice(at))?.[0];
          if (!symbol) fail(`“${sign}” in “${text}” cannot be read. A formula looks like Fe2O3 or Ca(OH)2.`);
          if (!symbols.includes(symbol)) fail(`“${symbol}” is no element. Write the symbols of the periodic table.`);
          at += symbol.length;
          add(total, new Map([[symbol, 1]]), amount());
        }
      }
      if (closing) fail(`A bracket in “${text}” is not closed by “${closing}”.`);
      return total;
    };
    return group(null);
  };

  const read = (given, symbols) => {
    const text = plainDigits(given).replace(/\s+/g, "");
    if (!text) fail("Type a formula, such as Fe2O3.");
    const total = new Map();
    for (const part of text.split("·")) {
      const [, factor, rest] = /^(\d*)(.*)$/.exec(part);
      if (!rest) fail(`No formula stands on one side of the dot in “${text}”.`);
      if (factor && !text.includes("·")) fail(`Leave the factor ${factor} in front of “${rest}” out.`);
      if (factor && Number(factor) === 0) fail(`The amount ${factor} in “${text}” is zero.`);
      add(total, readPart(rest, symbols), factor ? Number(factor) : 1);
    }
    const named = text.match(/[A-Z][a-z]?/g);
    if (text.includes(".") && new Set(named).size < named.length) {
      fail(
        `The dot in “${text}” may be a decimal point or join two parts. Write “·” to join, or name each element once.`,
      );
    }
    return total;
  };

  const fractions = (amounts) => {
    const sum = [...amounts.values()].reduce((a, b) => a + b, 0);
    return new Map([...amounts].map(([symbol, amount]) => [symbol, amount / sum]));
  };

  /** The same text for formulas of the same composition. */
  const key = (amounts) =>
    [...fractions(amounts)]
      .map(([symbol, share]) => `${symbol}${share.toFixed(5)}`)
      .sort()
      .join(" ");

  return { read, fractions, key };
})();

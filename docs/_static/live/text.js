"use strict";
/** Numbers as they are read: a true minus sign, and digits that suit the size. */
live.text = (() => {
  const minus = (text) => text.replace(/^-(?=0(\.0*)?$)/, "").replace("-", "\u2212");
  const fixed = (value, digits = 2) => minus(value.toFixed(digits));
  const signed = (value, digits = 2) => (value < 0 ? `\u2212 ${fixed(-value, digits)}` : `+ ${fixed(value, digits)}`);
  const percent = (share, digits = 1) => `${fixed(100 * share, digits)} %`;

  /** A number of unknown size: four digits, or a power of ten where there would be too many zeros. */
  const short = (value) => {
    if (!Number.isFinite(value)) return value > 0 ? "\u221e" : value < 0 ? "\u2212\u221e" : "not a number";
    const size = Math.abs(value);
    if (size === 0 || (size >= 1e-3 && size < 1e5)) return minus(String(Number(value.toPrecision(4))));
    const [digits, power] = value.toExponential(1).split("e");
    return `${minus(digits)} · 10${String(Number(power)).replace(/./g, (sign) => superscripts["-0123456789".indexOf(sign)])}`;
  };

  const superscripts = "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
  const subscripts = "\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089";
  const lower = (number) => String(number).replace(/\d/g, (digit) => subscripts[digit]);
  const formula = (plain) => plain.replace(/(?<=[A-Za-z)\]}])\d+(\.\d+)?/g, lower);
  const count = (n, noun, plural = `${noun}s`) => `${n.toLocaleString("en-US")} ${n === 1 ? noun : plural}`;
  return { fixed, signed, percent, short, lower, formula, count };
})();

/** How numbers, formulas and times are written. */

import { el } from "./dom.js";

const DIGITS = { "eV/atom": 3, "meV/atom": 0, "kJ/mol": 1, "kcal/mol": 2, "J/mol": 0, probability: 3 };

/** Return a number with a real minus sign; "–" where there is none. */
export function number(value, digits = 3) {
  if (value === null || value === undefined || value === "") return "–";
  const text = Number(value).toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** Return an energy as people read it: eV/atom with three digits. */
export const energy = (value, unit) => number(value, DIGITS[unit] ?? 3);

/** Return a number with its sign, also where it is positive. */
export const signed = (value, digits = 3) => (Number(value.toFixed(digits)) > 0 ? "+" : "") + number(value, digits);

/** Return a share as a length in a drawing: 0.25 is "25.00%". */
export const percent = (share) => `${(share * 100).toFixed(2)}%`;

/** Return a number with commas: 12,345. */
export const count = (value) => Number(value).toLocaleString("en");

/** Return "1 row" or "12,345 rows". */
export const counted = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

/** Return a formula with its numbers set low. */
export function formula(text) {
  const node = el("span", { class: "formula" });
  if (!/^[A-Za-z0-9.()[\]+·*-]+$/.test(text)) {
    node.append(text);
    return node;
  }
  for (const part of text.split(/((?<=[A-Za-z)\]])\d+(?:\.\d+)?)/)) {
    node.append(/^\d/.test(part) && node.childNodes.length ? el("sub", {}, part) : part);
  }
  return node;
}

const LARGEST_DENOMINATOR = 24;

/** Return an amount as chemists write it before a formula: nothing for 1, "1/12 " for 0.0833333, "0.284 " for what is no simple fraction. */
export function amount(value) {
  for (let denominator = 1; denominator <= LARGEST_DENOMINATOR; denominator += 1) {
    const numerator = Math.round(value * denominator);
    if (numerator > 0 && Math.abs(numerator / denominator - value) < 2e-6 * value) {
      if (denominator === 1) return numerator === 1 ? "" : `${numerator} `;
      return `${numerator}/${denominator} `;
    }
  }
  return `${Number(value.toPrecision(3))} `;
}

/** Return the phases of a mixture, "0.0833333 Li7Fe5O12 + 2 O", with amounts and formulas as chemists write them. */
export function products(text) {
  const node = el("span", {});
  for (const part of text.split(" + ")) {
    const [, value, name] = /^([\d.e+-]+) (.+)$/.exec(part) ?? [null, "1", part];
    node.append(node.childNodes.length ? " + " : "", amount(Number(value)), formula(name));
  }
  return node;
}

/** Return oxidation states, "Fe+3 O-2", as chemists write them. */
export function states(text) {
  const node = el("span", { class: "formula" });
  for (const part of text.split(" ")) {
    const [, symbol, sign, amount] = /^([A-Za-z]+)([+-])?([\d.]+)?$/.exec(part) ?? [null, part];
    if (node.childNodes.length) node.append(" ");
    node.append(symbol, sign ? el("sup", {}, `${amount === "1" ? "" : amount}${sign === "-" ? "−" : "+"}`) : "");
  }
  return node;
}

/** Return a size in bytes as people read it. */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB"];
  let value = bytes;
  let place = 0;
  while (value >= 1000 && place < units.length - 1) {
    value /= 1000;
    place += 1;
  }
  return `${place ? value.toPrecision(3) : value} ${units[place]}`;
}

/** Return a time span in seconds as people say it. */
export function duration(seconds) {
  if (seconds < 1) return "under a second";
  if (seconds < 90) return counted(Math.round(seconds), "second");
  if (seconds < 5400) return counted(Math.round(seconds / 60), "minute");
  return `${(seconds / 3600).toFixed(1)} hours`;
}

/** Return the name of the interval columns of a row, and the level: {lo, hi, percent}, or null where there are none. */
export function interval(row, prefix = "") {
  const lo = Object.keys(row).find((name) => name.startsWith(`${prefix}lo`) && /^\d/.test(name.slice(prefix.length + 2)));
  if (!lo) return null;
  const percent = lo.slice(prefix.length + 2);
  return { lo: row[lo], hi: row[`${prefix}hi${percent}`], percent };
}

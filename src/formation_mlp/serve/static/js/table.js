/** Tables that sort. */

import { el, say } from "./dom.js";
import { counted } from "./format.js";

const FIRST = 100;

/**
 * Return a table.
 *
 * columns: {key, title, meaning, isNumber, show(value, row)}; rows: objects. What is sorted is row[key]; what is shown is
 * show(value, row), a text or an element. options: caption, onrow(row) for a click on a row's first cell, isChosen(row).
 */
export function sortableTable(columns, rows, options = {}) {
  let order = options.order ?? null; // {key, isDescending}
  let shown = FIRST;
  const body = el("tbody");
  const more = el("p", { class: "more" });
  const heads = columns.map((column) => el("th", { scope: "col", class: column.isNumber ? "number" : null, title: column.meaning },
    el("button", { type: "button", onclick: () => sort(column) }, column.title)));
  const sort = (column) => {
    const isSame = order?.key === column.key;
    order = { key: column.key, isDescending: isSame ? !order.isDescending : Boolean(column.isDescendingFirst) };
    draw();
    say(`Sorted by ${column.title}, ${order.isDescending ? "descending" : "ascending"}`);
  };
  const draw = () => {
    const sorted = order ? [...rows].sort(comparing(order)) : rows;
    body.replaceChildren(...sorted.slice(0, shown).map(line));
    heads.forEach((head, i) => {
      if (columns[i].key === order?.key) head.setAttribute("aria-sort", order.isDescending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    more.replaceChildren(...(rows.length > shown ? [`${shown} of ${counted(rows.length, "row")}. `,
      el("button", { type: "button", class: "quiet", onclick: () => {
        shown = rows.length;
        draw();
      } }, "Show all")] : []));
    more.hidden = rows.length <= shown;
  };
  const line = (row) => el("tr", { class: options.isChosen?.(row) ? "chosen" : null },
    ...columns.map((column, i) => {
      const value = row[column.key];
      const text = column.show ? column.show(value, row) : (value ?? "");
      const isHead = i === 0;
      const content = isHead && options.onrow
        ? el("button", { type: "button", class: "link", "aria-pressed": options.isChosen ? String(Boolean(options.isChosen(row))) : null, onclick: () => options.onrow(row) }, text) : text;
      return el(isHead ? "th" : "td", { scope: isHead ? "row" : null, class: column.isNumber ? "number" : null }, content);
    }));
  draw();
  const table = el("table", {}, options.caption ? el("caption", {}, options.caption) : null,
    el("thead", {}, el("tr", {}, heads)), body);
  const name = typeof options.caption === "string" ? options.caption : "Table";
  const root = el("div", {}, el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, table), more);
  return { root, redraw: draw };
}

function comparing({ key, isDescending }) {
  const sign = isDescending ? -1 : 1;
  return (a, b) => {
    const [x, y] = [a[key], b[key]];
    const [noX, noY] = [x === null || x === undefined || x === "", y === null || y === undefined || y === ""];
    if (noX || noY) return noX - noY; // what is blank stands last either way
    return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en"));
  };
}

// What a page can do beside being read: tables sort, and a dot of a figure names its compound. It reads without.
"use strict";

function sortable(table) {
  table.classList.add("sorts");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const number = (text) => {
    const match = text.replace(/−/g, "-").replace(/,/g, "").match(/[-+]?\d+(\.\d+)?(e[-+]?\d+)?/i);
    return match ? parseFloat(match[0]) : NaN;
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const rising = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      const isNumber = head.classList.contains("number");
      const key = (row) => {
        const text = row.cells[column].textContent.trim();
        return isNumber ? number(text) : text;
      };
      const order = [...body.rows].map((row) => [key(row), row]);
      const sign = rising ? 1 : -1;
      order.sort(([a], [b]) => {
        const [noA, noB] = [a !== a || a === "", b !== b || b === ""];
        if (noA || noB) return noA - noB; // what has no value comes last, whatever the direction
        return sign * (isNumber ? a - b : a.localeCompare(b, "en", { numeric: true }));
      });
      body.append(...order.map(([, row]) => row));
    });
  });
}

function naming(plot) {
  const points = plot.dataset.points.split("\n").map((line) => {
    const [x, y, name, words] = line.split("\t");
    return { x: x / 1e4, y: y / 1e4, name, words };
  });
  const tip = document.createElement("div");
  const ring = document.createElement("span");
  const name = document.createElement("strong");
  const words = document.createElement("span");
  tip.className = "tip";
  ring.className = "ring";
  tip.setAttribute("role", "status");
  tip.append(name, words);
  plot.append(ring, tip);
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", "Compounds of this figure: the arrow keys name them, the largest error first");
  let shown = -1;
  const hide = () => { tip.hidden = ring.hidden = true; };
  const show = (place) => {
    const point = points[place];
    shown = place;
    tip.hidden = ring.hidden = false;
    name.textContent = point.name;
    words.textContent = point.words;
    const [x, y] = [point.x * plot.clientWidth, point.y * plot.clientHeight];
    const beside = point.x > 0.5 ? x - tip.offsetWidth - 12 : x + 12;
    const inside = Math.max(0, Math.min(beside, plot.clientWidth - tip.offsetWidth));
    [ring.style.left, ring.style.top] = [`${x}px`, `${y}px`];
    [tip.style.left, tip.style.top] = [`${inside}px`, `${point.y > 0.5 ? y - tip.offsetHeight - 12 : y + 12}px`];
  };
  hide();
  const nearest = (event) => {
    const box = plot.getBoundingClientRect();
    let best = 18 ** 2;
    let found = -1;
    points.forEach((point, place) => {
      const dx = box.left + point.x * box.width - event.clientX;
      const dy = box.top + point.y * box.height - event.clientY;
      if (dx * dx + dy * dy < best) [best, found] = [dx * dx + dy * dy, place];
    });
    return found < 0 ? hide() : show(found);
  };
  plot.addEventListener("pointermove", nearest);
  plot.addEventListener("pointerdown", nearest);
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") hide();
    if (!step) return;
    event.preventDefault();
    show((Math.max(shown, step < 0 ? 0 : -1) + step + points.length) % points.length);
  });
}

document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll(".plot[data-points]").forEach(naming);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));

"use strict";
/**
 * A network as a graph, from left to right, or from top to bottom where the page is narrow.
 *
 * Boxes are inputs, units and the error; edges carry the weights. Numbers appear once they are known: forwards in blue,
 * backwards in orange; those of the present step are bold.
 */
live.graph = (() => {
  const { html, svg } = live.dom;
  const { fixed } = live.text;
  const BOX = { width: 112, height: 82 };
  const CLOSE = 26;
  const LABEL = 132; // room for the longest label, in the widest of the usual fonts

  const make = (host, label) => {
    const picture = svg("svg", { role: "img", "aria-label": label });
    const frame = html("div", { class: "live-graph" }, picture);
    host.append(frame);
    let latest = null;
    const draw = (state) => {
      latest = state;
      if (frame.clientWidth) paint(picture, frame.clientWidth, state);
    };
    new ResizeObserver(() => latest && draw(latest)).observe(frame);
    return { draw };
  };

  const paint = (picture, width, state) => {
    const columns = [state.x.length, ...state.layers.map(({ b }) => b.length), 1];
    const upright = width < 620;
    const [long, wide] = upright ? [BOX.height, BOX.width] : [BOX.width, BOX.height];
    const steps = columns.length - 2; // the error stands close to the output: its edge bears no number
    const gap = upright ? 112 : Math.min(150, (width - 4 - long * columns.length - CLOSE) / steps);
    const across = upright ? Math.min(width - wide - 4, 260) : wide + 80;
    const length = long * columns.length + gap * steps + CLOSE;
    const tall = upright ? length + 4 : across * (Math.max(...columns) - 1) + wide + 4;
    picture.setAttribute("width", width);
    picture.setAttribute("height", tall);

    /** The middle of a box. */
    const at = (column, i) => {
      const first = long / 2 + 2 + column * (long + gap) - (column > steps ? gap - CLOSE : 0);
      const second = (upright ? width : tall) / 2 + (i - (columns[column] - 1) / 2) * across;
      return upright ? [second, first] : [first, second];
    };
    const edges = state.layers.flatMap(({ W }, k) =>
      W.flatMap((row, i) => row.map((w, j) => edge(state, at(k, j), at(k + 1, i), upright, { k, i, j, w, width }))),
    );
    const last = columns.length - 2;
    const lines = edges.map(({ line }) => line); // all of them below all numbers
    lines.push(svg("line", { class: "live-edge", ...ends(at(last, 0), at(last + 1, 0)) }));
    const labels = edges.map((one) => one.labels);
    const boxes = columns.flatMap((count, column) =>
      Array.from({ length: count }, (_, i) => box(at(column, i), content(state, column, i, columns.length))),
    );
    picture.replaceChildren(...lines, ...labels, ...boxes);
  };

  const ends = ([x1, y1], [x2, y2]) => ({ x1, y1, x2, y2 });

  const text = (state, key, name) => {
    if (!state.shown.has(key)) return null;
    const kind = key.startsWith("d") ? "live-backward" : "live-forward";
    const bold = state.now.has(key) ? " live-now" : "";
    return { text: `${name} = ${fixed(state.known[key], 4)}`, class: kind + bold, key };
  };

  /** The lines of a box. */
  const content = (state, column, i, n) => {
    const { names } = state;
    if (column === 0) return [{ text: `${names.input(0, i)} = ${fixed(state.x[i], 4)}`, class: "live-forward" }];
    if (column === n - 1) return [{ text: `y = ${state.y}`, class: "" }, text(state, "E", "E")];
    const k = column - 1;
    const [z, h, b] = [names.z(k, i), names.h(k, i), names.b(k, i)];
    return [
      { text: `${b} = ${fixed(state.layers[k].b[i], 4)}`, class: "" },
      text(state, `z.${k}.${i}`, z),
      text(state, `h.${k}.${i}`, h),
      text(state, `dh.${k}.${i}`, `∂E/∂${h}`),
      text(state, `dz.${k}.${i}`, `∂E/∂${z}`),
    ];
  };

  const box = ([x, y], lines) => {
    const kept = lines.filter(Boolean);
    const nodes = kept.map((line, i) =>
      svg(
        "text",
        { x, y: y + 4 + 15 * (i - (kept.length - 1) / 2), class: line.class, "data-key": line.key },
        line.text,
      ),
    );
    const place = { x: x - BOX.width / 2, y: y - BOX.height / 2, rx: 6, ...BOX };
    return svg("g", {}, svg("rect", { class: "live-box", ...place }), ...nodes);
  };

  /** A weight on its edge, and its derivative below; crossing edges bear theirs near where they begin, one lower than the other. */
  const edge = (state, from, to, upright, { k, i, j, w, width }) => {
    const straight = upright ? from[0] === to[0] : from[1] === to[1];
    const crossing = state.layers[k].b.length > 1;
    const half = BOX[upright ? "height" : "width"] / 2;
    const [a, b] = upright ? [1, 0] : [0, 1];
    const free = [from[a] + half, to[a] - half];
    const along = upright ? (straight ? 0.78 : j ? 0.38 : 0.12) : straight ? 0.5 : 0.3;
    const share = crossing ? along : 0.5;
    const place = [0, 0];
    place[a] = free[0] + share * (free[1] - free[0]);
    place[b] = from[b] + ((place[a] - from[a]) / (to[a] - from[a])) * (to[b] - from[b]);
    const x = Math.min(width - LABEL / 2, Math.max(LABEL / 2, place[0]));
    const y = place[1];
    const name = state.names.w(k, i, j);
    const found = text(state, `dW.${k}.${i}.${j}`, `∂E/∂${name}`);
    const label = (line, dy) =>
      line ? [svg("text", { x, y: y + dy, class: `live-halo ${line.class}`, "data-key": line.key }, line.text)] : [];
    const weight = label({ text: `${name} = ${fixed(w, 4)}`, class: "" }, found ? -5 : 4);
    return {
      line: svg("line", { class: "live-edge", ...ends(from, to) }),
      labels: svg("g", {}, ...weight, ...label(found, 12)),
    };
  };

  return { make };
})();

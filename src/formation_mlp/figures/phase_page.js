// Names the compounds of a phase diagram for which there is room: again after each change of size, view or legend.
// No name covers another name or a mark, and none is nearer to the mark of another compound than to its own, unless it
// stands clear of all and is joined to its own by a line. Of such places, one near and across few lines is taken.
const gd = document.getElementById("{plot_id}");
const FONT = { family: "Open Sans, verdana, arial, sans-serif", size: 12, color: "#222" };
const DISTANCES = [1, 3, 6, 11, 17, 24, 32, 42, 54, 68];
const TURNS = [...Array(24).keys()].map((i) => [Math.cos((i * Math.PI) / 12), Math.sin((i * Math.PI) / 12)]);
const NEAR = 8; // pixels; a name farther than this from its mark is joined to it by a line
const CLEAR = 9; // pixels that a name keeps from all marks if it is not nearest to its own
const AFTER_ALL = 1000; // what that costs
const pen = document.createElement("canvas").getContext("2d");

// Return the function from the values of a trace to pixels of the picture.
function projection() {
  const full = gd._fullLayout;
  if (!full.scene) {
    const { xaxis, yaxis } = full;
    return (x, y) => [xaxis._offset + xaxis.l2p(x), yaxis._offset + yaxis.l2p(y)];
  }
  const { glplot, dataScale } = full.scene._scene;
  const { model, view, projection: lens } = glplot.cameraParams;
  const times = (m, v) => [0, 1, 2, 3].map((i) => m[i] * v[0] + m[4 + i] * v[1] + m[8 + i] * v[2] + m[12 + i] * v[3]);
  const { l, t, w, h } = full._size;
  const [[x0, x1], [y0, y1]] = [full.scene.domain.x, full.scene.domain.y];
  return (x, y, z) => {
    const seen = times(lens, times(view, times(model, [x * dataScale[0], y * dataScale[1], z * dataScale[2], 1])));
    const [right, up] = [seen[0] / seen[3], seen[1] / seen[3]].map((value) => (1 + value) / 2);
    return [l + w * (x0 + right * (x1 - x0)), t + h * (1 - y0 - up * (y1 - y0))];
  };
}

// Return half the width and height of a name in pixels; its numbers are set low and small.
function half(name) {
  let width = 0;
  name.split(/(<sub>.*?<\/sub>)/).forEach((part) => {
    const scale = part.startsWith("<sub>") ? 0.7 : part.includes("<b>") ? 1.5 : 1;
    pen.font = `${FONT.size * scale}px ${FONT.family}`;
    const text = part.replace(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    width += pen.measureText(text).width;
  });
  return [width / 2 + 3, name.includes("<b>") ? 13 : 10];
}

const isShown = (trace) => trace.visible !== false && trace.visible !== "legendonly";

// Return all marks that are in view, with the names of those that have one, and all lines as pairs of ends.
function drawn(place) {
  const { l, t, w, h } = gd._fullLayout._size;
  const isInView = ([x, y]) => x > l - 1 && x < l + w + 1 && y > t - 1 && y < t + h + 1;
  const marks = [];
  const lines = [];
  gd.data.forEach((trace) => {
    if (!isShown(trace) || !(trace.customdata || trace.mode === "lines")) return; // the rest is for the legend
    const at = (i) => place(trace.x[i], trace.y[i], trace.z ? trace.z[i] : 0);
    if (trace.mode === "lines") {
      for (let i = 1; i < trace.x.length; i += 1) {
        if (trace.x[i] !== null && trace.x[i - 1] !== null) lines.push([at(i - 1), at(i)]);
      }
      return;
    }
    const { size } = trace.marker;
    trace.x.forEach((x, i) => {
      const [name, rank] = trace.customdata[i];
      const radius = (Array.isArray(size) ? size[i] : size) / 2;
      const where = { x, y: trace.y[i], ...(trace.z && { z: trace.z[i] }) };
      marks.push({ at: at(i), radius, name, rank, where });
    });
  });
  return [marks.filter((mark) => isInView(mark.at)), lines];
}

// Return how far a point is from a box given by its centre and half its size; zero inside.
const gap = (point, centre, size) => Math.hypot(...[0, 1].map((k) => Math.max(0, Math.abs(point[k] - centre[k]) - size[k])));

// Return whether a line goes through a box.
function crosses([a, b], centre, size) {
  let [from, to] = [0, 1];
  for (const k of [0, 1]) {
    const step = b[k] - a[k];
    const ends = [centre[k] - size[k] - a[k], centre[k] + size[k] - a[k]];
    if (Math.abs(step) < 1e-9) {
      if (ends[0] > 0 || ends[1] < 0) return false;
    } else {
      const [first, last] = ends.map((end) => end / step).sort((p, q) => p - q);
      [from, to] = [Math.max(from, first), Math.min(to, last)];
    }
  }
  return from < to;
}

// Return whether the line from a mark to its name passes over another mark.
function passes(mark, centre, size, others) {
  const end = [0, 1].map((k) => Math.max(centre[k] - size[k], Math.min(mark.at[k], centre[k] + size[k])));
  const step = [end[0] - mark.at[0], end[1] - mark.at[1]];
  const square = step[0] ** 2 + step[1] ** 2;
  return others.some(({ at, radius }) => {
    const along = ((at[0] - mark.at[0]) * step[0] + (at[1] - mark.at[1]) * step[1]) / square;
    const share = Math.max(0, Math.min(1, along));
    return Math.hypot(mark.at[0] + share * step[0] - at[0], mark.at[1] + share * step[1] - at[1]) < radius + 1;
  });
}

// Return the places of a name that are free of marks, the best first.
function places(mark, marks, lines, middle) {
  const size = half(mark.name);
  const away = [mark.at[0] - middle[0], mark.at[1] - middle[1]];
  const length = Math.hypot(...away) || 1;
  const { width, height } = gd._fullLayout;
  const found = [];
  DISTANCES.forEach((distance) => TURNS.forEach((turn) => {
    const reach = Math.min(...[0, 1].map((k) => size[k] / Math.max(Math.abs(turn[k]), 1e-9)));
    const shift = turn.map((value) => value * (mark.radius + distance + reach));
    const centre = [mark.at[0] + shift[0], mark.at[1] + shift[1]];
    if (centre[0] < size[0] || centre[0] > width - size[0] || centre[1] < size[1] || centre[1] > height - size[1]) return;
    const own = gap(mark.at, centre, size) - mark.radius;
    const others = marks.filter((other) => other !== mark);
    const gaps = others.map((other) => gap(other.at, centre, size) - other.radius);
    const nearer = gaps.filter((one) => one < own + 1).length;
    const isFree = gaps.every((one) => one > CLEAR) && distance > NEAR && !passes(mark, centre, size, others);
    if (own < 0 || (nearer && !isFree && mark.rank >= 0)) return; // an element has its name in any case
    const crossed = lines.filter((line) => crosses(line, centre, size)).length;
    const outwards = (turn[0] * away[0] + turn[1] * away[1]) / length;
    const wrong = mark.rank < 0 ? 30 * nearer : AFTER_ALL * (nearer > 0);
    found.push({ cost: distance + 12 * crossed - 3 * outwards + wrong, centre, size, shift, distance });
  }));
  return found.sort((a, b) => a.cost - b.cost);
}

const touches = (a, b) => [0, 1].every((k) => Math.abs(a.centre[k] - b.centre[k]) < a.size[k] + b.size[k]);

// Return the names as plotly writes them.
function annotations() {
  const [marks, lines] = drawn(projection());
  const middle = [0, 1].map((k) => marks.reduce((sum, mark) => sum + mark.at[k], 0) / marks.length);
  const named = marks.filter((mark) => mark.name);
  const choices = named.map((mark) => ({ mark, found: places(mark, marks, lines, middle) }));
  const nearest = (found) => found.filter((one) => one.cost < AFTER_ALL / 2).length;
  const turn = ({ mark, found }) => (mark.rank < 0 ? -1 : nearest(found)); // elements first, then who has few places
  const taken = [];
  return choices.sort((a, b) => turn(a) - turn(b)).flatMap(({ mark, found }) => {
    const chosen = found.find((one) => !taken.some((other) => touches(one, other)));
    if (!chosen) return [];
    taken.push(chosen);
    return [{
      ...mark.where,
      text: mark.name,
      ax: chosen.shift[0],
      ay: chosen.shift[1],
      showarrow: true,
      arrowhead: 0,
      arrowwidth: 0.8,
      arrowcolor: chosen.distance > NEAR ? "#555" : "rgba(0,0,0,0)",
      standoff: mark.radius,
      xanchor: "center",
      yanchor: "middle",
      borderpad: 0,
      bgcolor: "rgba(255,255,255,0.7)",
      font: { ...FONT, size: mark.name.includes("<b>") ? 17 : 12 },
    }];
  });
}

let isWriting = false;
let waiting = 0;
function write() {
  if (isWriting) return;
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    isWriting = true;
    const key = gd._fullLayout.scene ? "scene.annotations" : "annotations";
    await Plotly.relayout(gd, { [key]: annotations() });
    isWriting = false;
  }, 50);
}

gd.on("plotly_relayout", write);
gd.on("plotly_restyle", write);
new ResizeObserver(write).observe(gd);
write();

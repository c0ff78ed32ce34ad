"use strict";
/** A plane with two axes: an SVG as wide as its place, above a canvas for coloured areas. */
live.plot = (() => {
  const { html, svg } = live.dom;

  /** About `n` round numbers between two ends. */
  const ticks = (low, high, n) => {
    const raw = (high - low) / n;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  };

  /** Round numbers of a logarithmic axis, whose ends are logarithms to base ten. */
  const powers = (low, high) => [...Array(Math.floor(high) - Math.ceil(low) + 1).keys()].map((i) => Math.ceil(low) + i);

  const margin = { left: 62, right: 10, top: 10, bottom: 44 };

  /**
   * Make a plot at the end of `host`.
   *
   * options: x and y are the ends of the axes; xLabel, yLabel; label says what is seen, for those who do not see it;
   * aspect is height over width of the inner area, phoneAspect that on a phone, fixedAspect that of every screen; xTicks are the numbers
   * at the x axis, if they are not to be chosen; draw is called after every change of size or colours.
   */
  const make = (host, options) => {
    const canvas = html("canvas", { "aria-hidden": "true" });
    const axes = svg("g", { class: "live-axes", "aria-hidden": "true" });
    const clip = live.dom.id();
    const box = svg("rect");
    const content = svg("g", { "clip-path": `url(#${clip})` });
    const handles = svg("g");
    const picture = svg(
      "svg",
      { role: "group", "aria-label": options.label },
      svg("defs", {}, svg("clipPath", { id: clip }, box)),
      axes,
      content,
      handles,
    );
    const frame = html("div", { class: "live-plot" }, canvas, picture);
    host.append(frame);

    const plot = { host, canvas, svg: picture, content, handles, width: 0, height: 0, ...options };
    plot.X = (x) => margin.left + ((x - plot.x[0]) / (plot.x[1] - plot.x[0])) * plot.width;
    plot.Y = (y) => margin.top + (1 - (y - plot.y[0]) / (plot.y[1] - plot.y[0])) * plot.height;
    plot.inverse = (px, py) => [
      plot.x[0] + ((px - margin.left) / plot.width) * (plot.x[1] - plot.x[0]),
      plot.y[0] + (1 - (py - margin.top) / plot.height) * (plot.y[1] - plot.y[0]),
    ];
    /** The values under a pointer. */
    plot.under = (event) => {
      const place = picture.getBoundingClientRect();
      return plot.inverse(event.clientX - place.left, event.clientY - place.top);
    };
    plot.layer = (attributes = {}) => content.appendChild(svg("g", attributes));

    const layout = () => {
      const whole = frame.clientWidth;
      if (!whole) return;
      plot.width = whole - margin.left - margin.right;
      const aspect = options.fixedAspect ?? (whole < 480 ? (options.phoneAspect ?? 0.9) : (options.aspect ?? 0.7));
      plot.height = Math.round(plot.width * aspect);
      const tall = plot.height + margin.top + margin.bottom;
      picture.setAttribute("width", whole);
      picture.setAttribute("height", tall);
      frame.style.height = `${tall}px`;
      const place = { x: margin.left, y: margin.top, width: plot.width, height: plot.height };
      for (const [name, value] of Object.entries(place)) box.setAttribute(name, value);
      Object.assign(canvas.style, { left: `${place.x}px`, top: `${place.y}px` });
      Object.assign(canvas.style, { width: `${place.width}px`, height: `${place.height}px` });
      plot.redraw();
    };
    plot.redraw = () => {
      if (!plot.width) return;
      drawAxes(plot, axes);
      options.draw(plot);
    };
    let width = 0;
    new ResizeObserver(() => {
      if (frame.clientWidth !== width) ((width = frame.clientWidth), layout());
    }).observe(frame);
    live.dom.onTheme(() => plot.redraw());
    return plot;
  };

  const drawAxes = (plot, axes) => {
    const { left, top } = margin;
    const bottom = top + plot.height;
    const parts = [svg("rect", { x: left, y: top, width: plot.width, height: plot.height })];
    const label = live.text.short;
    const places = (ends, log, n) => (log ? powers(...ends) : ticks(...ends, n));
    const own = plot.xTicks?.map((x) => (plot.xLog ? Math.log10(x) : x));
    for (const x of own ?? places(plot.x, plot.xLog, Math.max(4, plot.width / 90))) {
      parts.push(svg("line", { x1: plot.X(x), x2: plot.X(x), y1: bottom, y2: bottom + 5 }));
      parts.push(
        svg("text", { x: plot.X(x), y: bottom + 18, "text-anchor": "middle" }, label(plot.xLog ? 10 ** x : x)),
      );
    }
    for (const y of places(plot.y, plot.yLog, Math.max(4, plot.height / 60))) {
      parts.push(svg("line", { x1: left - 5, x2: left, y1: plot.Y(y), y2: plot.Y(y) }));
      parts.push(svg("text", { x: left - 8, y: plot.Y(y) + 4, "text-anchor": "end" }, label(plot.yLog ? 10 ** y : y)));
    }
    const middle = top + plot.height / 2;
    parts.push(svg("text", { class: "live-axis", x: left + plot.width / 2, y: bottom + 38 }, plot.xLabel));
    const turned = `translate(12 ${middle}) rotate(-90)`;
    parts.push(svg("text", { class: "live-axis", transform: turned }, plot.yLabel));
    axes.replaceChildren(...parts);
  };

  /** The path of a line through points [[x, y], ...]; it is broken where a value is not finite. */
  const line = (plot, points) => {
    let pen = "M";
    let path = "";
    for (const [x, y] of points) {
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        pen = "M";
        continue;
      }
      path += `${pen}${plot.X(x).toFixed(1)} ${plot.Y(y).toFixed(1)}`;
      pen = "L";
    }
    return path;
  };

  /** The path of dots, for a stroke with round ends. */
  const dots = (plot, points) => points.map(([x, y]) => `M${plot.X(x).toFixed(1)} ${plot.Y(y).toFixed(1)}h0`).join("");

  return { make, line, dots, ticks };
})();

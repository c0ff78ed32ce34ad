"use strict";
/** Gradient descent on the loss over two weights: start, learning rate, momentum and number of steps are moved. */
live.start("descent", (host) => {
  const { fixed, short, count } = live.text;
  const { svg } = live.dom;
  const { data } = live;
  const made = {};
  const sources = { bowl: data.boundary, valley: data.boundary, two: data.valleys };
  const surface = () => (made[state.name] ??= prepare(live.surfaces.make[state.name](sources[state.name])));
  const state = { name: "bowl", start: null, rate: 2, momentum: 0, steps: 20 };
  const N = 48;
  const LEVELS = 16;

  /** Heights on a grid, once, with the heights of the contour lines, closer together near the minimum. */
  const prepare = (one) => {
    const heights = live.heat.grid(one, N, (a, b) => one.at(a, b)[0]);
    const low = Math.min(...one.minima.map(([a, b]) => one.at(a, b)[0]));
    const high = heights.values.reduce((top, value) => Math.max(top, value), low);
    const depth = (value) => Math.sqrt(Math.max(0, value - low) / (high - low));
    const levels = Array.from({ length: LEVELS }, (_, i) => low + (high - low) * ((i + 0.5) / LEVELS) ** 2);
    return { ...one, heights, low, depth, levels };
  };

  const choice = live.controls.choice({
    label: "Loss",
    options: [
      ["bowl", "one neuron, standardised features"],
      ["valley", "one neuron, features as they are"],
      ["two", "two hidden units"],
    ],
    value: state.name,
    change: (name) => choose(name),
  });
  host.append(choice.node);
  const plot = live.plot.make(host, {
    ...{ x: [-3, 7], y: [-4, 4.5] },
    aspect: 0.75,
    xLabel: "weight w₁",
    yLabel: "weight w₂",
    label: "The loss over two weights, from above, and the path of gradient descent from a start that can be moved",
    draw: () => draw(),
  });
  const contours = plot.content.appendChild(svg("path", { class: "live-thin" }));
  const stars = plot.content.appendChild(svg("path", { class: "live-dots live-green live-big" }));
  const track = plot.content.appendChild(svg("path", { class: "live-line live-one" }));
  const marks = plot.content.appendChild(svg("path", { class: "live-dots live-one live-solid" }));

  let ground = "";
  /** Draw the loss itself, which changes with its name, the colours and the size only. */
  const drawLoss = () => {
    const { heights, levels, depth, minima } = surface();
    const shade = live.dom.colour(host, "--live-zero");
    const now = [state.name, shade, plot.width].join(" ");
    if (now === ground) return;
    ground = now;
    live.heat.colour(plot, heights, (value) => [...shade, 150 * (1 - depth(value)) ** 2]);
    contours.setAttribute("d", levels.map((level) => live.heat.contour(plot, heights, level)).join(""));
    stars.setAttribute("d", live.plot.dots(plot, minima));
  };
  const draw = () => {
    drawLoss();
    const seen = state.points.map((point) => point.map((value) => Math.min(1e3, Math.max(-1e3, value))));
    track.setAttribute("d", live.plot.line(plot, seen));
    marks.setAttribute("d", live.plot.dots(plot, seen.slice(1)));
    knob.update();
  };
  const path = () => live.surfaces.path(surface(), state.start, state.rate, state.momentum, state.steps);
  const place = () => state.start.map((value) => fixed(value)).join(" and ");
  const within = (value, [low, high]) => Math.min(high, Math.max(low, value));
  const knob = live.handle(plot, {
    label: "Start",
    at: () => state.start,
    move: (a, b) => ((state.start = [within(a, plot.x), within(b, plot.y)]), show()),
    text: () => `weights ${place()}`,
    step: [0.1, 0.1],
    className: "live-ink",
  });

  const rate = live.controls.slider({
    label: "Learning rate",
    min: -2,
    max: 1.7,
    step: "any",
    value: Math.log10(state.rate),
    format: (value) => short(Number((10 ** value).toPrecision(2))),
    change: (value) => ((state.rate = Number((10 ** value).toPrecision(2))), show()),
  });
  const momentum = live.controls.slider({
    label: "Momentum",
    min: 0,
    max: 0.99,
    step: 0.01,
    value: state.momentum,
    format: (value) => fixed(value),
    change: (value) => ((state.momentum = value), show()),
  });
  const steps = live.controls.slider({
    label: "Steps",
    min: 0,
    max: 200,
    step: 1,
    value: state.steps,
    change: (value) => ((state.steps = value), show()),
  });
  const one = live.controls.button("One more step", () => {
    state.steps = Math.min(200, state.steps + 1);
    steps.value = state.steps;
    show();
  });
  const readout = live.controls.readout();
  host.append(live.controls.panel(rate.node, momentum.node, steps.node, live.controls.row(one)), readout.node);

  const show = () => {
    const points = (state.points = path());
    const [loss, da, db] = surface().at(...points.at(-1));
    const values = {
      "loss E": short(loss),
      "w₁": short(points.at(-1)[0]),
      "w₂": short(points.at(-1)[1]),
      slope: short(Math.hypot(da, db)),
    };
    readout.show(values, verdict(loss, points));
    plot.redraw();
  };
  const verdict = (loss, points) => {
    const above = loss - surface().low;
    const outside = points.findIndex(([a, b]) => Math.hypot(a, b) > 100);
    if (outside >= 0)
      return `After ${count(outside, "step")} the weights have left the picture: the steps are too large.`;
    if (above < 1e-4)
      return `After ${count(state.steps, "step")} the loss is at its minimum, ${fixed(surface().low, 4)}.`;
    return `After ${count(state.steps, "step")} the loss is ${fixed(above, 4)} above its minimum, ${fixed(surface().low, 4)}.`;
  };
  const choose = (name) => {
    state.name = name;
    state.start = [...surface().start];
    Object.assign(plot, { x: surface().x, y: surface().y });
    show();
  };
  choose(state.name);
});

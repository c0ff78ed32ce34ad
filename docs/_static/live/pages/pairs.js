"use strict";
/** Compounds of two elements, and hidden units whose lines are moved, weighed and trained. */
live.start("pairs", (host) => {
  const { fixed, percent, count, lower } = live.text;
  const { forward, sigmoid, evaluate, step, zeros, map, dot } = live.network;
  const { svg } = live.dom;
  const data = live.data.pairs;
  const COLOURS = ["green", "purple", "orange"];
  const ARROW = 0.16; // standard deviations that an arrow is long for a weight of one
  const LIMIT = { weight: 12, out: 12 };
  const STEPS = 200;
  const hold = (value, limit) => Math.min(limit, Math.max(-limit, value));
  const scaled = (x) => x.map((value, j) => (value - data.centre[j]) / data.scale[j]);
  const raw = (x) => x.map((value, j) => value * data.scale[j] + data.centre[j]);
  const X = data.x.map(scaled);
  const state = { layers: null, velocity: null, feet: [], seed: 0, left: 0 };
  const units = () => state.layers[0].W.length;

  /** The point of a unit's line that is nearest to the middle of the plane, where its handle goes. */
  const footOf = (k) => {
    const { W, b } = state.layers[0];
    const size = dot(W[k], W[k]) || 1e-9;
    return W[k].map((value) => hold((-b[k] * value) / size, 1.6));
  };
  const tipOf = (k) => state.feet[k].map((value, j) => value + ARROW * state.layers[0].W[k][j]);
  const settle = () => (state.feet = state.layers[0].W.map((_, k) => footOf(k)));

  const ends = [0.6, 4.1];
  const plot = live.plot.make(host, {
    x: ends,
    y: ends,
    fixedAspect: 1,
    xLabel: "electronegativity χ(A) (Pauling)",
    yLabel: "electronegativity χ(B) (Pauling)",
    label:
      "Compounds of two elements in the plane of their electronegativities, the lines of the hidden units, the boundary",
    draw: () => draw(),
  });
  const dots = [0, 1].map((value) => {
    const points = data.x.filter((_, i) => data.y[i] === value);
    const node = plot.content.appendChild(svg("path", { class: `live-dots live-${["zero", "one"][value]}` }));
    return { points, node };
  });
  const lines = COLOURS.map((name) =>
    plot.content.appendChild(svg("path", { class: `live-line live-dashed live-${name}` })),
  );
  const arrows = COLOURS.map((name) => plot.content.appendChild(svg("path", { class: `live-line live-${name}` })));
  const boundary = plot.content.appendChild(svg("path", { class: "live-line live-ink" }));

  const draw = () => {
    const grid = live.heat.grid(plot, 60, (a, b) => sigmoid(forward(state.layers, scaled([a, b])).out));
    live.heat.colour(plot, grid, live.heat.probability(host));
    boundary.setAttribute("d", live.heat.contour(plot, grid, 0.5));
    for (const { points, node } of dots) node.setAttribute("d", live.plot.dots(plot, points));
    COLOURS.forEach((_, k) => {
      const shown = k < units();
      for (const node of [lines[k], arrows[k], feet[k].node, tips[k].node]) node.toggleAttribute("hidden", !shown);
      if (!shown) return;
      const [a, b] = state.layers[0].W[k];
      const length = Math.hypot(a, b) || 1;
      const reach = [-9, 9].map((t) => raw([state.feet[k][0] - (t * b) / length, state.feet[k][1] + (t * a) / length]));
      lines[k].setAttribute("d", live.plot.line(plot, reach));
      arrows[k].setAttribute("d", live.plot.line(plot, [raw(state.feet[k]), raw(tipOf(k))]));
      feet[k].update();
      tips[k].update();
    });
  };

  /** Change the line of a unit: its weights, or the foot of its arrow; the bias follows. */
  const moveUnit = (k, { W, foot }) => {
    stop();
    if (W) state.layers[0].W[k] = live.network.within(W, LIMIT.weight);
    if (foot) state.feet[k] = foot.map((value) => hold(value, 2.4));
    state.layers[0].b[k] = -dot(state.layers[0].W[k], state.feet[k]);
    show();
  };
  const words = (k) => {
    const { W, b } = state.layers[0];
    return `weights ${fixed(W[k][0])} and ${fixed(W[k][1])}, bias ${fixed(b[k])}`;
  };
  const feet = COLOURS.map((name, k) =>
    live.handle(plot, {
      label: `Line of hidden unit ${k + 1}: move it`,
      at: () => raw(state.feet[k]),
      move: (a, b) => moveUnit(k, { foot: scaled([a, b]) }),
      text: () => words(k),
      step: [0.05, 0.05],
      className: `live-${name}`,
    }),
  );
  const tips = COLOURS.map((name, k) =>
    live.handle(plot, {
      label: `Weights of hidden unit ${k + 1}: turn its line, or make it sharper`,
      at: () => raw(tipOf(k)),
      move: (a, b) => moveUnit(k, { W: scaled([a, b]).map((value, j) => (value - state.feet[k][j]) / ARROW) }),
      text: () => words(k),
      step: [0.05, 0.05],
      className: `live-${name} live-tip`,
    }),
  );

  const outs = COLOURS.map((name, k) =>
    live.controls.slider({
      label: `Output weight v${lower(k + 1)}`,
      min: -LIMIT.out,
      max: LIMIT.out,
      step: 0.01,
      value: 0,
      format: (value) => fixed(value),
      change: (value) => (stop(), (state.layers[1].W[0][k] = value), show()),
      className: `live-${name}`,
    }),
  );
  const bias = live.controls.slider({
    label: "Output bias c",
    min: -LIMIT.out,
    max: LIMIT.out,
    step: 0.01,
    value: 0,
    format: (value) => fixed(value),
    change: (value) => (stop(), (state.layers[1].b[0] = value), show()),
  });

  const learn = () => {
    if (state.left) return stop();
    state.left = STEPS;
    learning.textContent = "Pause";
    requestAnimationFrame(more);
  };
  const stop = () => {
    state.left = 0;
    learning.textContent = `Learn ${STEPS} steps`;
  };
  const more = () => {
    const atOnce = matchMedia("(prefers-reduced-motion: reduce)").matches ? STEPS : 4;
    for (let i = 0; i < atOnce && state.left; i++, state.left--) {
      const { gradient } = evaluate(state.layers, X, data.y);
      Object.assign(state, step(state.layers, gradient, state.velocity, 3, 0.9));
    }
    settle();
    show();
    if (state.left) requestAnimationFrame(more);
    else stop();
  };
  const take = (layers) => {
    stop();
    state.layers = map(layers, (value) => value);
    state.velocity = zeros(layers);
    settle();
    show();
  };
  const learning = live.controls.button(`Learn ${STEPS} steps`, () => learn());
  const many = live.controls.choice({
    label: "Hidden units",
    options: COLOURS.map((_, k) => [String(k + 1), String(k + 1)]),
    value: "2",
    change: () => restart(),
  });
  const restart = () => take(live.random.layers(Number(many.select.value), ++state.seed));
  const buttons = live.controls.row(
    learning,
    live.controls.button("Another random start", () => restart()),
    live.controls.button("The network of lesson 2", () => ((many.select.value = "2"), take(data.layers))),
  );
  const readout = live.controls.readout();
  host.append(live.controls.panel(many.node, buttons, ...outs.map((one) => one.node), bias.node), readout.node);

  const show = () => {
    const { loss, accuracy } = evaluate(state.layers, X, data.y, false);
    outs.forEach((one, k) => {
      one.node.toggleAttribute("hidden", k >= units());
      if (k < units()) one.value = state.layers[1].W[0][k];
    });
    bias.value = state.layers[1].b[0];
    const text = `${count(units(), "hidden unit")}: of ${count(X.length, "compound")}, ${percent(accuracy)} are called right.`;
    readout.show({ "loss E": fixed(loss, 4), accuracy: percent(accuracy) }, text);
    plot.redraw();
  };
  take(data.layers);
});

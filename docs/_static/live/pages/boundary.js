"use strict";
/** Lesson 1: one neuron, whose boundary and weights are moved, or which learns. */
live.start("boundary", (host) => {
  const { fixed, signed, percent, formula } = live.text;
  const { sigmoid, evaluate } = live.network;
  const { svg, html } = live.dom;
  const data = live.data.boundary;
  const X = data.x.map((x) => x.map((value, j) => (value - data.centre[j]) / data.scale[j]));
  const raw = (x) => x.map((value, j) => value * data.scale[j] + data.centre[j]);
  const scaled = (x) => x.map((value, j) => (value - data.centre[j]) / data.scale[j]);
  const start = { W: [-1, 1], b: 0 };
  const state = { W: [...start.W], b: start.b, foot: [0, 0], chosen: data.formulas.indexOf("NaCl") };
  const layers = () => [{ W: [state.W], b: [state.b] }];
  const limits = { weight: 6, bias: 12 };
  const hold = (value, top) => Math.min(top, Math.max(-top, value));

  /** The point of the boundary that is nearest to the old foot of the arrow, in standardised features. */
  const settle = () => {
    const size = state.W[0] ** 2 + state.W[1] ** 2 || 1e-12;
    const z = live.network.dot(state.W, state.foot) + state.b;
    state.foot = state.foot.map((value, j) => hold(value - (z * state.W[j]) / size, 6));
  };
  const ARROW = 0.5; // standard deviations that the arrow is long for a weight of one
  const tip = () => state.foot.map((value, j) => value + ARROW * state.W[j]);

  const x = [-0.15, 3.35];
  const y = [-0.3, 5.3];
  const plot = live.plot.make(host, {
    x,
    y,
    fixedAspect: (y[1] - y[0]) / data.scale[1] / ((x[1] - x[0]) / data.scale[0]),
    xLabel: "electronegativity difference x₁ (Pauling)",
    yLabel: "p electrons per atom x₂",
    label: "Measured compounds in the plane of two features, and the decision boundary of one neuron",
    draw: () => draw(),
  });
  const classes = [0, 1].map((value) => data.x.filter((_, i) => data.y[i] === value));
  const dots = classes.map((_, value) =>
    plot.content.appendChild(svg("path", { class: `live-dots live-${["zero", "one"][value]}` })),
  );
  const line = plot.content.appendChild(svg("path", { class: "live-line live-ink" }));
  const arrow = plot.content.appendChild(svg("path", { class: "live-line live-green" }));
  const ring = plot.content.appendChild(svg("circle", { r: 8, class: "live-mark" }));

  const draw = () => {
    const probability = ([a, b]) => sigmoid(live.network.dot(state.W, scaled([a, b])) + state.b);
    live.heat.colour(
      plot,
      live.heat.grid(plot, 60, (a, b) => probability([a, b])),
      live.heat.probability(host),
    );
    classes.forEach((points, value) => dots[value].setAttribute("d", live.plot.dots(plot, points)));
    const along = [-state.W[1], state.W[0]];
    const length = Math.hypot(...along) || 1;
    const ends = [-20, 20].map((t) => raw(state.foot.map((value, j) => value + (t * along[j]) / length)));
    line.setAttribute("d", live.plot.line(plot, ends));
    arrow.setAttribute("d", live.plot.line(plot, [raw(state.foot), raw(tip())]));
    const at = data.x[state.chosen];
    ring.setAttribute("cx", plot.X(at[0]));
    ring.setAttribute("cy", plot.Y(at[1]));
    foot.update();
    head.update();
  };

  const weights = () => `w₁ ${fixed(state.W[0])}, w₂ ${fixed(state.W[1])}, b ${fixed(state.b)}`;
  const foot = live.handle(plot, {
    label: "Boundary: move it",
    at: () => raw(state.foot),
    move: (a, b) => {
      state.foot = scaled([Math.min(x[1], Math.max(x[0], a)), Math.min(y[1], Math.max(y[0], b))]);
      state.b = hold(-live.network.dot(state.W, state.foot), limits.bias);
      show();
    },
    text: weights,
    step: [0.05, 0.1],
    className: "live-ink",
  });
  const head = live.handle(plot, {
    label: "Weights: turn the boundary, or make it sharper",
    at: () => raw(tip()),
    move: (a, b) => {
      const wished = scaled([a, b]).map((value, j) => (value - state.foot[j]) / ARROW);
      state.W = live.network.within(wished, limits.weight);
      state.b = hold(-live.network.dot(state.W, state.foot), limits.bias);
      show();
    },
    text: weights,
    step: [0.05, 0.1],
    className: "live-green",
  });

  const slide = (label, limit, get, set) =>
    live.controls.slider({
      label,
      min: -limit,
      max: limit,
      step: 0.01,
      value: get(),
      format: (value) => fixed(value),
      change: (value) => (set(value), settle(), show()),
    });
  const sliders = [0, 1].map((j) =>
    slide(
      `Weight w${live.text.lower(j + 1)}`,
      limits.weight,
      () => state.W[j],
      (value) => (state.W[j] = value),
    ),
  );
  sliders.push(
    slide(
      "Bias b",
      limits.bias,
      () => state.b,
      (value) => (state.b = value),
    ),
  );

  const set = (W, b) => {
    Object.assign(state, { W: [...W], b });
    settle();
    show();
  };
  const learn = (n) => {
    let [{ W, b }] = layers();
    for (let i = 0; i < n; i++) {
      const [g] = evaluate([{ W, b }], X, data.y).gradient;
      W = [W[0].map((value, j) => value - 2 * g.W[0][j])];
      b = [b[0] - 2 * g.b[0]];
    }
    set(W[0], b[0]);
  };
  const buttons = live.controls.row(
    live.controls.button("One step downhill", () => learn(1)),
    live.controls.button("50 steps", () => learn(50)),
    live.controls.button("The minimum", () => set(data.W, data.b)),
    live.controls.button("A bad start", () => set(start.W, start.b)),
  );

  const names = live.controls.choice({
    label: "Compound in the ring",
    options: ["NaCl", "CaF2", "TiO2", "ZnO", "BN", "GaN", "AgI", "Mg2Si", "TiB2"].map((name) => [name, formula(name)]),
    value: "NaCl",
    change: (name) => ((state.chosen = data.formulas.indexOf(name)), show()),
  });
  plot.svg.addEventListener("click", (event) => {
    const [a, b] = scaled(plot.under(event));
    const distance = X.map((point) => (point[0] - a) ** 2 + (point[1] - b) ** 2);
    const nearest = distance.indexOf(Math.min(...distance));
    if (distance[nearest] < 0.02) ((state.chosen = nearest), show());
  });
  const readout = live.controls.readout();
  const equation = html("p", { class: "live-formula" });
  host.append(equation, live.controls.panel(...sliders.map((one) => one.node), buttons, names.node), readout.node);

  const show = () => {
    sliders[0].value = state.W[0];
    sliders[1].value = state.W[1];
    sliders[2].value = state.b;
    const { loss, accuracy } = evaluate(layers(), X, data.y, false);
    const w = state.W.map((value, j) => value / data.scale[j]);
    const bias = state.b - live.network.dot(w, data.centre);
    const sum = `z = ${fixed(w[0])} x₁ ${signed(w[1])} x₂ ${signed(bias)}`;
    equation.replaceChildren(html("span", {}, sum), " ", html("span", {}, "ŷ = 1 / (1 + exp(−z))"));
    const z = live.network.dot(state.W, X[state.chosen]) + state.b;
    const called = z >= 0 ? "strongly" : "weakly";
    readout.show(
      { "loss E": fixed(loss, 4), accuracy: percent(accuracy), ŷ: fixed(sigmoid(z), 3) },
      `${formula(data.formulas[state.chosen])}: z = ${fixed(z)}, so ŷ = ${fixed(sigmoid(z), 3)}, called ${called} bound. ` +
        `Measured: ${fixed(data.energies[state.chosen])} eV/atom, ${data.y[state.chosen] ? "strongly" : "weakly"} bound.`,
    );
    plot.redraw();
  };
  settle();
  show();
});

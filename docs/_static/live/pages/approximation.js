"use strict";
/** Lesson 4: hidden units add up to a curve, which is chosen and bent; their number and their activation are changed. */
live.start("approximation", (host) => {
  const { fixed, count } = live.text;
  const { svg } = live.dom;
  const { grid, fit, added, output, errors } = live.approximation;
  const { all: targets, places, outward, inward, value } = live.targets;
  const WIDTHS = [1, 2, 4, 8, 16, 32, 64];
  const BEYOND = 1.24; // right end of the axis, where -1 to 1 is fitted
  const SMALLEST = 1e-4; // an error that is drawn
  const seen = Array.from({ length: 289 }, (_, i) => -1 + ((BEYOND + 1) * i) / 288);
  const flat = () => places.map(() => 0);
  const state = { target: "wave", shifts: flat(), kind: "tanh", n: 6, added: 6, unit: 5 };
  const target = () => targets[state.target];
  const aim = (s) => value(target(), state.shifts, s);

  const choices = live.controls.row(
    live.controls.choice({
      label: "Curve",
      options: Object.entries(targets).map(([name, { label }]) => [name, label]),
      value: state.target,
      change: (name) => choose(name),
    }).node,
    live.controls.choice({
      label: "Activation",
      options: [
        ["tanh", "tanh, a step"],
        ["sigmoid", "sigmoid, a step"],
        ["relu", "ReLU, a hinge"],
        ["square", "z², a parabola"],
        ["none", "none, a straight line"],
      ],
      value: state.kind,
      change: (name) => ((state.kind = name), learn()),
    }).node,
  );
  host.append(choices);

  const plot = live.plot.make(host, {
    ...{ x: [0, 1], y: [-2, 2], aspect: 0.55 },
    label: "A curve with points that can be moved, and the sum of the hidden units, which follows it",
    draw: () => draw(),
  });
  const outside = plot.content.appendChild(svg("rect", { class: "live-area live-ink" }));
  const curve = plot.content.appendChild(svg("path", { class: "live-line live-wide" }));
  const others = plot.content.appendChild(svg("path", { class: "live-dots live-purple live-middle" }));
  const sum = plot.content.appendChild(svg("path", { class: "live-line live-zero" }));
  const part = plot.content.appendChild(svg("path", { class: "live-line live-one live-dashed" }));
  const knobs = places.map((s, i) =>
    live.handle(plot, {
      label: `Point ${i + 1} of ${places.length} on the curve`,
      at: () => [outward(target(), s), aim(s)],
      move: (_, y) => {
        const [low, high] = target().y;
        state.shifts[i] += Math.min(high, Math.max(low, y)) - aim(s);
        learn();
      },
      text: () => `${plot.xLabel} ${fixed(outward(target(), s), 1)}: ${fixed(aim(s))}${target().unit}`,
      step: [0, 0.05],
      className: "live-ink",
    }),
  );

  const draw = () => {
    const { ends, beyond, jumps } = target();
    const fromLeft = (values) => values.map((y, i) => [outward(target(), seen[i]), y]);
    // Just before a jump and just after it, so that it is drawn upright.
    const edges = jumps.flatMap((x) => [x - 1e-6, x + 1e-6].map((one) => inward(target(), one)));
    const inside = [...seen.filter((s) => s < 1), 1, ...edges].sort((a, b) => a - b);
    const wanted = inside.map((s) => [outward(target(), s), aim(s)]);
    curve.setAttribute("d", live.plot.line(plot, wanted));
    others.setAttribute("d", live.plot.dots(plot, beyond));
    sum.setAttribute("d", live.plot.line(plot, fromLeft(output(state.kind, state.layers, seen))));
    const partly = output(state.kind, state.layers, seen, state.added);
    part.setAttribute("d", state.added < state.n ? live.plot.line(plot, fromLeft(partly)) : "");
    const width = plot.X(plot.x[1]) - plot.X(ends[1]);
    const box = { x: plot.X(ends[1]), y: plot.Y(plot.y[1]), width, height: plot.height };
    for (const [name, is] of Object.entries(box)) outside.setAttribute(name, is);
    for (const knob of knobs) knob.update();
  };

  const many = live.controls.slider({
    label: "Hidden units",
    min: 1,
    max: WIDTHS.at(-1),
    step: 1,
    value: state.n,
    change: (n) => {
      state.n = n;
      adding.limit(n);
      adding.value = state.added = n;
      learn();
    },
  });
  const adding = live.controls.slider({
    label: "Added up so far",
    min: 0,
    max: state.n,
    step: 1,
    value: state.added,
    format: (m) => `${m} of ${state.n}`,
    change: (m) => ((state.added = m), show()),
    className: "live-one",
  });
  const back = live.controls.button("The curve as it was", () => ((state.shifts = flat()), learn()));
  const readout = live.controls.readout();
  host.append(live.controls.panel(many.node, adding.node, live.controls.row(back)), readout.node);

  const each = live.plot.make(host, {
    ...{ x: [0, 1], y: [-1, 1] },
    ...{ aspect: 0.28, phoneAspect: 0.45 },
    yLabel: "each unit adds",
    label: "What each hidden unit adds to the sum, from the left end on",
    draw: () => drawUnits(),
  });
  const zero = each.content.appendChild(svg("path", { class: "live-thin" }));
  const single = each.content.appendChild(svg("path", { class: "live-line live-green live-many" }));
  const latest = each.content.appendChild(svg("path", { class: "live-line live-one" }));
  const drawUnits = () => {
    const curveOf = (k) => state.units[k].map((y, i) => [outward(target(), grid[i]), y]);
    zero.setAttribute("d", live.plot.line(each, each.x.map((x) => [x, 0])));
    single.setAttribute("d", state.units.map((_, k) => live.plot.line(each, curveOf(k))).join(""));
    latest.setAttribute("d", state.added ? live.plot.line(each, curveOf(state.added - 1)) : "");
  };

  const falling = live.plot.make(host, {
    ...{ x: [-0.08, 1.9], y: [-2, 0], xLog: true, yLog: true, xTicks: WIDTHS },
    ...{ aspect: 0.28, phoneAspect: 0.45 },
    xLabel: "hidden units",
    yLabel: "RMS error",
    label: "The error of networks of other widths, and of this one",
    draw: () => drawErrors(),
  });
  const trend = falling.content.appendChild(svg("path", { class: "live-line live-zero" }));
  const widths = falling.content.appendChild(svg("path", { class: "live-dots live-zero live-middle" }));
  const now = falling.content.appendChild(svg("path", { class: "live-dots live-one live-big" }));
  const drawErrors = () => {
    const point = ([n, rms]) => [Math.log10(n), Math.log10(Math.max(SMALLEST, rms))];
    const points = state.trend.map(point);
    trend.setAttribute("d", live.plot.line(falling, points));
    widths.setAttribute("d", live.plot.dots(falling, points));
    now.setAttribute("d", live.plot.dots(falling, [point([state.n, state.error.rms])]));
  };

  /** Fit anew: after a change of the curve, of the activation or of the number of units. */
  const learn = () => {
    const y = grid.map(aim);
    const jumps = target().jumps.map((x) => {
      const s = inward(target(), x);
      return { x: s, left: aim(s - 1e-9), right: aim(s + 1e-9) };
    });
    const judged = (n) => {
      const layers = fit(state.kind, n, y);
      return { layers, error: errors(state.kind, layers, y, jumps) };
    };
    Object.assign(state, judged(state.n));
    state.units = state.layers[0].b.map((_, k) => added(state.kind, state.layers, k, grid));
    state.trend = WIDTHS.map((n) => [n, judged(n).error.rms]);
    const largest = state.units.flat().reduce((top, one) => Math.max(top, Math.abs(one)), 0.1);
    const power = 10 ** Math.floor(Math.log10(largest));
    const top = 1.05 * power * [1, 2, 5, 10].find((factor) => factor * power >= largest);
    each.y = [-top, top];
    const logs = state.trend.map(([, rms]) => Math.log10(Math.max(SMALLEST, rms)));
    falling.y = [Math.floor(Math.min(...logs)) - 0.1, Math.ceil(Math.max(...logs)) + 0.1];
    show();
  };
  const show = () => {
    const { rms, largest } = state.error;
    const { unit } = target();
    const error = (e) => `${e < SMALLEST ? "below 0.0001" : fixed(e, 4)}${unit}`;
    readout.show({ "RMS error": error(rms), "largest error": error(largest), weights: String(3 * state.n + 1) }, remark());
    back.disabled = !state.shifts.some(Boolean);
    for (const one of [plot, each, falling]) one.redraw();
  };
  const remark = () => {
    if (state.kind === "none") return "However many straight lines are added, their sum is a straight line.";
    if (state.kind === "square") return "However many parabolas are added, their sum is a parabola.";
    if (state.added < state.n)
      return `The dashed line is the sum of the first ${count(state.added, "unit")}, the solid one that of all ${state.n}.`;
    return `${count(state.n, "unit")}, placed evenly, each with the best output weight.`;
  };
  const choose = (name) => {
    state.target = name;
    state.shifts = flat();
    const { ends, xTicks, y, xLabel, yLabel } = target();
    const across = { x: [ends[0], outward(target(), BEYOND)], xTicks, xLabel };
    Object.assign(plot, across, { y, yLabel });
    Object.assign(each, across);
    learn();
  };
  choose(state.target);
});

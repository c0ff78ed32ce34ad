"use strict";
/** One activation at a time: its graph, its derivative, and the values at a point that is moved. */
live.start("activations", (host) => {
  const { svg } = live.dom;
  const { fixed } = live.text;
  const kinds = live.activations;
  const state = { name: "sigmoid", x: 1, parameter: undefined };
  const value = (x) => kinds[state.name].at(x, state.parameter);

  const draw = (plot) => {
    const xs = Array.from({ length: 601 }, (_, i) => -6 + i / 50);
    const curve = (which) => live.plot.line(plot, broken(xs, which));
    value0.setAttribute("d", curve(0));
    slope.setAttribute("d", curve(1));
    axes.setAttribute(
      "d",
      live.plot.line(plot, [
        [-6, 0],
        [6, 0],
        [NaN, 0],
        [0, -2],
        [0, 4],
      ]),
    );
    const [f, d] = value(state.x);
    tangent.setAttribute(
      "d",
      live.plot.line(
        plot,
        [-1.2, 1.2].map((dx) => [state.x + dx, f + d * dx]),
      ),
    );
    mark.setAttribute("transform", `translate(${plot.X(state.x)} ${plot.Y(d)})`);
    knob.update();
  };
  /** Points of a curve, with a gap where it jumps. */
  const broken = (xs, which) =>
    xs.flatMap((x, i) => {
      const y = value(x)[which];
      const jump = i > 0 && Math.abs(y - value(xs[i - 1])[which]) > 0.2;
      return jump
        ? [
            [NaN, NaN],
            [x, y],
          ]
        : [[x, y]];
    });

  const choice = live.controls.choice({
    label: "Activation",
    options: Object.keys(kinds).map((name) => [name, name]),
    value: state.name,
    change: (name) => choose(name),
  });
  host.append(choice.node);
  const plot = live.plot.make(host, {
    x: [-6, 6],
    y: [-2, 4],
    aspect: 0.62,
    xLabel: "input x",
    yLabel: "value, and derivative",
    label: "The graph of an activation and of its derivative, with a point that can be moved",
    draw,
  });
  const axes = plot.content.appendChild(svg("path", { class: "live-thin" }));
  const slope = plot.content.appendChild(svg("path", { class: "live-line live-one live-dashed" }));
  const value0 = plot.content.appendChild(svg("path", { class: "live-line live-zero" }));
  const tangent = plot.content.appendChild(svg("path", { class: "live-mark" }));
  const mark = plot.content.appendChild(svg("circle", { r: 6, class: "live-bar live-one" }));
  const knob = live.handle(plot, {
    label: "Point on the graph",
    at: () => [state.x, value(state.x)[0]],
    move: (x) => set(x),
    text: () => `x ${fixed(state.x)}`,
    step: [0.1, 0],
    className: "live-zero",
  });

  const set = (x) => {
    state.x = Math.round(100 * Math.min(6, Math.max(-6, x))) / 100;
    slider.value = state.x;
    show();
  };
  const slider = live.controls.slider({
    label: "Input x",
    min: -6,
    max: 6,
    step: 0.01,
    value: state.x,
    format: (x) => fixed(x),
    change: set,
  });
  const place = live.dom.html("div");
  const readout = live.controls.readout();
  host.append(live.controls.panel(slider.node, place), readout.node);

  const choose = (name) => {
    state.name = name;
    const { parameter } = kinds[name];
    state.parameter = parameter?.value;
    place.replaceChildren();
    if (parameter) {
      const own = live.controls.slider({
        label: `Parameter ${parameter.name}`,
        min: parameter.min,
        max: parameter.max,
        step: "any",
        value: parameter.value,
        format: (a) => fixed(a, 3),
        change: (a) => ((state.parameter = a), show()),
      });
      place.append(own.node);
    }
    show();
  };
  const show = () => {
    const [f, d] = value(state.x);
    const { formula } = live.data.activations[state.name];
    readout.show({ x: fixed(state.x), value: fixed(f, 4), derivative: fixed(d, 4) }, `${state.name}: ${formula}`);
    plot.redraw();
  };
  choose(state.name);
});

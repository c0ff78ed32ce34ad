"use strict";
/** The confusion table of the neuron of lesson 1 on its validation rows, for a threshold that is moved. */
live.start("threshold", (host) => {
  const { fixed } = live.text;
  const { svg, html } = live.dom;
  const { p, y } = live.data.threshold;
  const BINS = 20;
  const state = { threshold: 0.5 };
  const bins = [0, 1].map((value) => {
    const counts = Array(BINS).fill(0);
    p.forEach((one, i) => y[i] === value && counts[Math.min(BINS - 1, Math.floor(one * BINS))]++);
    return counts;
  });
  const top = 10 * Math.ceil(Math.max(...bins.flat()) / 10);

  const plot = live.plot.make(host, {
    x: [0, 1],
    y: [0, top],
    aspect: 0.5,
    xLabel: "predicted probability ŷ of strongly bound",
    yLabel: "validation compounds",
    label: "How many validation compounds have which probability, and the threshold",
    draw: () => draw(),
  });
  const area = plot.content.appendChild(svg("rect", { class: "live-area live-green" }));
  const bars = plot.layer();
  const line = plot.content.appendChild(svg("path", { class: "live-line live-green" }));
  const draw = () => {
    const width = plot.width / BINS / 2 - 1.5;
    const made = bins.flatMap((counts, value) =>
      counts.map((n, i) =>
        svg("rect", {
          class: `live-bar live-${["zero", "one"][value]}`,
          x: plot.X(i / BINS) + 1 + value * (width + 1),
          width,
          y: plot.Y(n),
          height: plot.Y(0) - plot.Y(n),
        }),
      ),
    );
    bars.replaceChildren(...made);
    const at = state.threshold;
    line.setAttribute(
      "d",
      live.plot.line(plot, [
        [at, 0],
        [at, top],
      ]),
    );
    const box = { x: plot.X(at), y: plot.Y(top), width: plot.X(1) - plot.X(at), height: plot.height };
    for (const [name, value] of Object.entries(box)) area.setAttribute(name, value);
    knob.update();
  };
  const knob = live.handle(plot, {
    label: "Threshold",
    at: () => [state.threshold, 0.8 * top],
    move: (x) => set(x),
    text: () => fixed(state.threshold),
    step: [0.01, 0],
    className: "live-green",
  });

  const slider = live.controls.slider({
    label: "Threshold",
    min: 0,
    max: 1,
    step: 0.01,
    value: state.threshold,
    format: (value) => fixed(value),
    change: (value) => set(value),
    className: "live-green",
  });
  const set = (value) => {
    state.threshold = Math.round(100 * Math.min(1, Math.max(0, value))) / 100;
    slider.value = state.threshold;
    show();
  };

  const cell = (name, className) => html("td", { "data-name": name, class: className });
  const cells = { TP: cell("TP", "live-right"), FN: cell("FN", ""), FP: cell("FP", ""), TN: cell("TN", "live-right") };
  const head = (text, scope) => html("th", { scope }, text);
  const table = html(
    "table",
    { class: "live-table" },
    html("caption", {}, "Confusion table of the validation compounds"),
    html("tr", {}, html("td"), head("called strongly bound", "col"), head("called weakly bound", "col")),
    html("tr", {}, head("is strongly bound", "row"), cells.TP, cells.FN),
    html("tr", {}, head("is weakly bound", "row"), cells.FP, cells.TN),
  );
  const words = { TP: "true positive", FN: "false negative", FP: "false positive", TN: "true negative" };
  const readout = live.controls.readout();
  host.append(live.controls.panel(slider.node), table, readout.node);

  const show = () => {
    const scores = live.scores(p, y, state.threshold);
    for (const [name, node] of Object.entries(cells)) {
      node.replaceChildren(html("b", {}, String(scores[name])), html("span", {}, `${words[name]} (${name})`));
    }
    const named = Object.fromEntries(
      ["accuracy", "precision", "recall", "F1"].map((name) => [name, fixed(scores[name], 3)]),
    );
    const { TP, TN, FP, FN } = scores;
    readout.show(
      named,
      `accuracy = (${TP} + ${TN}) / ${p.length}, precision = ${TP} / ${TP + FP}, recall = ${TP} / ${TP + FN}`,
    );
    plot.redraw();
  };
  show();
});

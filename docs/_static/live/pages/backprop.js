"use strict";
/** Backpropagation of one compound, step by step. */
live.start("backprop", (host) => {
  const { fixed, formula } = live.text;
  const { html } = live.dom;
  const data = live.data.backprop;
  const copy = (layers) => live.network.map(layers, (value) => value);
  const state = { network: "neuron", compound: "MgO", layers: null, at: 0, updates: 0, worked: null };

  const network = live.controls.choice({
    label: "Network",
    options: [
      ["neuron", "one neuron"],
      ["hidden", "two hidden units"],
    ],
    value: state.network,
    change: (name) => ((state.network = name), begin()),
  });
  const compound = live.controls.choice({
    label: "Compound",
    options: Object.keys(data.compounds).map((name) => [name, formula(name)]),
    value: state.compound,
    change: (name) => ((state.compound = name), begin()),
  });
  host.append(live.controls.row(network.node, compound.node));
  const graph = live.graph.make(host, "The network as a graph; its numbers are told below, step by step");

  const title = html("p", { class: "live-title" });
  const lines = html("ul", { class: "live-lines" });
  const back = live.controls.button("Back", () => go(state.at - 1));
  const next = live.controls.button("Next", () => go(state.at + 1));
  const forwards = live.controls.button("To the error", () =>
    go(state.worked.steps.findIndex(({ keys }) => keys.includes("E"))),
  );
  const end = live.controls.button("To the end", () => go(state.worked.steps.length - 1));
  const update = live.controls.button("Update the weights", () => updated());
  const reset = live.controls.button("First weights", () => begin());
  const slider = live.controls.slider({
    label: "Step",
    min: 0,
    max: 1,
    step: 1,
    value: 0,
    format: (value) => `${value} of ${(state.worked?.steps.length ?? 1) - 1}`,
    change: (value) => go(value),
  });
  const readout = live.controls.readout();
  host.append(
    live.controls.panel(live.controls.row(back, next, forwards, end), slider.node),
    title,
    lines,
    live.controls.row(update, reset),
    readout.node,
  );

  const inputs = () => data.compounds[state.compound];
  const begin = () => {
    state.layers = copy(data.networks[state.network]);
    state.updates = 0;
    work();
  };
  const work = () => {
    const { x, y } = inputs();
    state.worked = live.backprop.steps(state.layers, x, y);
    slider.limit(state.worked.steps.length - 1);
    go(0);
  };
  const updated = () => {
    state.layers = live.backprop.update(state.layers, state.worked.known, data.rate);
    state.updates += 1;
    work();
  };
  const go = (to) => {
    const { steps, known } = state.worked;
    state.at = Math.min(steps.length - 1, Math.max(0, to));
    slider.value = state.at;
    back.disabled = state.at === 0;
    next.disabled = state.at === steps.length - 1;
    update.disabled = state.at < steps.length - 1;
    const step = steps[state.at];
    title.textContent = step.title;
    title.className = `live-title live-${step.phase}`;
    lines.replaceChildren(...step.lines.map((line) => html("li", {}, line)));
    const shown = new Set(steps.slice(0, state.at + 1).flatMap(({ keys }) => keys));
    const { x, y, energy } = inputs();
    const names = live.backprop.names(state.layers);
    graph.draw({ layers: state.layers, x, y, known, shown, names, now: new Set(step.keys) });
    const values = { updates: String(state.updates) };
    if (shown.has("E"))
      Object.assign(values, { ŷ: fixed(known[`h.${state.layers.length - 1}.0`], 4), E: fixed(known.E, 4) });
    const kind = y ? "strongly bound, y = 1" : "weakly bound, y = 0";
    readout.show(values, `${formula(state.compound)}, measured ${fixed(energy)} eV/atom: ${kind}. ${step.title}.`);
  };
  begin();
});

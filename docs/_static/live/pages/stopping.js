"use strict";
/** Training curves, and where patience ends them. */
live.start("stopping", (host) => {
  const { count, fixed, short } = live.text;
  const { svg } = live.dom;
  const state = { name: "heart", patience: 10 };
  const run = () => live.data.curves[state.name];
  const runs = [
    ["heart", "classes of 300 compounds"],
    ["energy", "formation energies, lesson 8"],
  ];

  const choice = live.controls.choice({
    label: "Training",
    options: runs,
    value: state.name,
    change: (name) => choose(name),
  });
  host.append(choice.node);
  const plot = live.plot.make(host, {
    ...{ x: [0, 1], y: [-4, 0], yLog: true },
    aspect: 0.6,
    xLabel: "epoch",
    yLabel: "loss",
    label:
      "Loss of train and validation rows after each epoch, the epoch of the best weights, and the epoch of the stop",
    draw: () => draw(),
  });
  const after = plot.content.appendChild(svg("rect", { class: "live-area live-ink" }));
  const train = plot.content.appendChild(svg("path", { class: "live-line live-zero live-dashed" }));
  const val = plot.content.appendChild(svg("path", { class: "live-line live-one" }));
  const stopLine = plot.content.appendChild(svg("path", { class: "live-line live-ink" }));
  const bestDot = plot.content.appendChild(svg("path", { class: "live-dots live-green live-big" }));

  const points = (losses) => losses.map((loss, i) => [i + 1, Math.log10(loss)]);
  const draw = () => {
    const { stop, best } = live.stopping(run().val, state.patience);
    train.setAttribute("d", live.plot.line(plot, points(run().train)));
    val.setAttribute("d", live.plot.line(plot, points(run().val)));
    stopLine.setAttribute(
      "d",
      live.plot.line(
        plot,
        plot.y.map((y) => [stop, y]),
      ),
    );
    bestDot.setAttribute("d", live.plot.dots(plot, [[best, Math.log10(run().val[best - 1])]]));
    const box = { x: plot.X(stop), y: plot.Y(plot.y[1]), width: plot.X(plot.x[1]) - plot.X(stop), height: plot.height };
    for (const [name, value] of Object.entries(box)) after.setAttribute(name, value);
  };

  const patience = live.controls.slider({
    label: "Patience (epochs)",
    min: 1,
    max: 60,
    step: 1,
    value: state.patience,
    change: (value) => ((state.patience = value), show()),
  });
  const readout = live.controls.readout();
  host.append(live.controls.panel(patience.node), readout.node);

  const show = () => {
    const { val } = run();
    const { stop, best } = live.stopping(val, state.patience);
    const kept = val[best - 1];
    const lowest = Math.min(...val);
    const missed = val.indexOf(lowest) + 1;
    const values = { "stops after epoch": String(stop), "keeps epoch": String(best), "validation loss": short(kept) };
    const saved = `It ${stop < val.length ? `saves ${count(val.length - stop, "epoch")}` : "saves nothing"}`;
    const regret =
      lowest < kept
        ? `but misses epoch ${missed}, whose loss is ${fixed(100 * (1 - lowest / kept), 0)} % lower.`
        : `and keeps the best of all ${val.length} epochs.`;
    readout.show(values, `${saved} ${regret}`);
    plot.redraw();
  };
  const choose = (name) => {
    state.name = name;
    const { train: first, val: second } = run();
    const logs = [...first, ...second].map(Math.log10);
    Object.assign(plot, { x: [0, second.length + 1], y: [Math.min(...logs) - 0.1, Math.max(...logs) + 0.1] });
    show();
  };
  choose(state.name);
});

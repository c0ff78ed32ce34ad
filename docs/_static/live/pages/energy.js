"use strict";
/** The formation energy of what is typed, and along the line towards one of its elements. */
live.start("energy", (host) => {
  const { fixed, percent } = live.text;
  const { svg, html, id } = live.dom;
  const data = live.data.energy;
  const network = live.residual.load(data);
  const predict = (composition) => network(live.features.compute(composition, data));
  const measured = new Map(
    Object.entries(data.measured).map(([formula, [energy, part]]) => {
      const composition = live.formula.read(formula, data.symbols);
      return [live.formula.key(composition), { formula, energy, part, composition }];
    }),
  );
  const state = {
    composition: new Map([
      ["Fe", 2],
      ["O", 3],
    ]),
    element: "O",
  };

  const name = id();
  const error = id();
  const input = html("input", {
    ...{ id: name, type: "text", value: "Fe2O3", "aria-describedby": error, inputmode: "text" },
    ...{ autocomplete: "off", autocapitalize: "off", spellcheck: "false" },
    oninput: () => typed(),
  });
  const message = html("p", { id: error, class: "live-error", role: "alert" });
  const examples = live.controls.row(
    ...["Fe2O3", "NaCl", "Al2O3", "TiB2", "Ni3Al", "La0.5Sr0.5MnO3", "Ca(OH)2", "XeF2"].map((formula) =>
      live.controls.button(live.text.formula(formula), () => ((input.value = formula), typed())),
    ),
  );
  const readout = live.controls.readout();
  host.append(html("div", { class: "live-field" }, html("label", { for: name }, "Formula"), input), message, examples);
  host.append(readout.node);

  const share = () => live.formula.fractions(state.composition).get(state.element);
  /** The composition with another share of the chosen element, and the others as they are among themselves. */
  const withShare = (x) => {
    const rest = [...live.formula.fractions(state.composition)].filter(([symbol]) => symbol !== state.element);
    const whole = rest.reduce((total, [, amount]) => total + amount, 0);
    const others = x < 1 ? rest.map(([symbol, amount]) => [symbol, (amount / whole) * (1 - x)]) : [];
    return new Map([...others, ...(x > 0 ? [[state.element, x]] : [])]);
  };

  const place = html("div");
  host.append(place);
  const plot = live.plot.make(host, {
    ...{ x: [-0.03, 1.03], y: [-3, 0.5] },
    aspect: 0.55,
    xLabel: "atomic fraction",
    yLabel: "energy (eV/atom)",
    label: "The predicted energy along a line of compositions, with the measured compounds on it",
    draw: () => draw(),
  });
  const zero = plot.content.appendChild(svg("path", { class: "live-thin" }));
  const curve = plot.content.appendChild(svg("path", { class: "live-line live-zero" }));
  const ends = plot.content.appendChild(svg("path", { class: "live-dots live-zero live-middle" }));
  const dots = plot.content.appendChild(svg("path", { class: "live-dots live-one live-middle" }));
  const others = (composition) => {
    const rest = new Map([...composition].filter(([symbol]) => symbol !== state.element));
    return rest.size ? live.formula.key(rest) : "";
  };
  const onLine = () => {
    const rest = others(state.composition);
    return [...measured.values()].filter(({ composition }) => {
      const own = others(composition);
      return (own === rest && rest) || (own === "" && composition.has(state.element));
    });
  };

  const draw = () => {
    if (state.composition.size < 2) return;
    const { line, points } = state;
    const inner = line.slice(1, -1); // at the ends an element vanishes, and with it go its smallest and largest values
    zero.setAttribute(
      "d",
      live.plot.line(plot, [
        [-1, 0],
        [2, 0],
      ]),
    );
    curve.setAttribute("d", live.plot.line(plot, inner));
    ends.setAttribute("d", live.plot.dots(plot, [line[0], line[100]]));
    dots.setAttribute("d", live.plot.dots(plot, points));
    knob.update();
  };
  /** Take up a new line: it stays the same while the reader moves along it. */
  const scale = () => {
    state.line = Array.from({ length: 101 }, (_, i) => [i / 100, predict(withShare(i / 100))]);
    state.points = onLine().map(({ composition, energy }) => [
      live.formula.fractions(composition).get(state.element) ?? 0,
      energy,
    ]);
    const all = [...state.line, ...state.points, [0, 0]].map(([, energy]) => energy);
    plot.y = [Math.min(...all) - 0.25, Math.max(...all) + 0.25];
    plot.xLabel = `atomic fraction of ${state.element}`;
  };
  const knob = live.handle(plot, {
    label: "Composition",
    at: () => [share(), predict(state.composition)],
    move: (x) => mixed(x),
    text: () => `${percent(share(), 0)} ${state.element}, ${fixed(predict(state.composition), 3)} eV per atom`,
    step: [0.01, 0],
    className: "live-ink",
  });

  /** Move along the line: the formula is written anew, as fractions. */
  const mixed = (x) => {
    state.composition = withShare(Math.round(100 * Math.min(0.99, Math.max(0.01, x))) / 100);
    input.value = [...state.composition].map(([symbol, amount]) => `${symbol}${Number(amount.toFixed(4))}`).join("");
    message.textContent = "";
    show();
  };
  const typed = () => {
    try {
      state.composition = live.formula.read(input.value, data.symbols);
      message.textContent = "";
      input.removeAttribute("aria-invalid");
    } catch (problem) {
      message.textContent = problem.message;
      input.setAttribute("aria-invalid", "true");
      return;
    }
    const symbols = [...state.composition.keys()];
    const choice = live.controls.choice({
      label: "Draw towards",
      options: symbols.map((symbol) => [symbol, symbol]),
      value: symbols.at(-1),
      change: (symbol) => ((state.element = symbol), scale(), show()),
    });
    state.element = symbols.at(-1);
    const mixture = symbols.length > 1;
    place.replaceChildren(...(mixture ? [choice.node] : []));
    plot.svg.parentNode.toggleAttribute("hidden", !mixture);
    if (mixture) scale();
    show();
  };
  const show = () => {
    const values = { prediction: `${fixed(predict(state.composition), 3)} eV/atom` };
    const known = measured.get(live.formula.key(state.composition));
    if (known) values.measured = `${fixed(known.energy, 3)} eV/atom`;
    readout.show(values, remark(known));
    plot.redraw();
  };
  const remark = (known) => {
    const unseen = [...state.composition.keys()].filter((symbol) => !data.rows[data.symbols.indexOf(symbol)]);
    if (unseen.length) return `No train row holds ${unseen.join(" or ")}: do not believe this number.`;
    const parts = { train: "a train row: the network has seen it", val: "a validation row", test: "a test row" };
    if (known) return `${live.text.formula(known.formula)} is ${parts[known.part]}.`;
    return `No such compound is in the table. On test rows the network was off by ${fixed(data.testMAE, 3)} eV/atom on average.`;
  };
  typed();
});

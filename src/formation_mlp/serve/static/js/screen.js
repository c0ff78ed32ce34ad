/** The view Phase diagram: a chemical system, its hull, and everything above it. */

import { post } from "./api.js";
import { diagramDownloads, screenTable, systemOptions, WORDS } from "./system.js";
import { phaseDiagram } from "./diagram.js";
import { el, say, unique } from "./dom.js";
import { takeDrops } from "./drop.js";
import { symbolsIn } from "./elements.js";
import { formula } from "./format.js";
import { compoundCard } from "./compound.js";
import { ownCompounds } from "./own.js";
import { periodicTable } from "./periodic.js";
import { formulaNear, fractionsOf } from "./projections.js";
import { push, replace } from "./router.js";
import { problemBox, waiting } from "./shared.js";

const EXAMPLES = ["Fe-O", "Li-Fe-O", "Na-Cl", "Li-Mn-Ni-O"];

/** Return the view. */
export function screenView() {
  const words = { ...WORDS };
  let symbols = [];
  let answer = null;
  let asking = null;
  let compounds = null; // the table of them
  let chosen = null; // formula
  let asked = []; // points that clicks have asked for
  const own = ownCompounds(() => run());

  const input = el("input", { type: "text", autocomplete: "off", spellcheck: "false", placeholder: "Li-Fe-O", "aria-describedby": "system-hint" });
  input.id = unique("system");
  const elements = periodicTable((symbol) => toggle(symbol), true);
  const drawer = el("div", { class: "drawer", id: unique("drawer") }, elements.root);
  const opener = el("button", { type: "button", class: "quiet", "aria-expanded": "true", "aria-controls": drawer.id, onclick: () => open(drawer.hidden) }, "Periodic table");
  const open = (isOpen) => {
    drawer.hidden = !isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
  };
  const options = systemOptions(words, (name) => {
    if (name === "above") {
      replace("screen", symbols.join("-"), query());
      draw();
    } else run();
  });
  const said = el("div", { class: "said" });
  const chart = phaseDiagram(pick);
  const panel = el("div", { class: "panel" });
  const table = el("div");
  const results = el("div", { class: "system", hidden: true },
    el("section", { class: "card diagram-card", "aria-label": "Diagram" }, chart.root, diagramDownloads(chart.svg, () => symbols.join("-"))),
    el("section", { class: "beside", "aria-label": "Compounds" }, panel, el("div", { class: "card" }, table)), said);
  const place = el("div", { class: "stack" });
  const root = el("div", { class: "view" }, el("h1", { tabindex: -1 }, "Phase diagram"),
    el("form", { class: "box", onsubmit: (event) => {
      event.preventDefault();
      choose(symbolsIn(input.value));
      run();
    } },
    el("label", { for: input.id }, "Elements"),
    el("div", { class: "line" }, input, el("button", { type: "submit" }, "Draw")),
    el("p", { class: "hint", id: "system-hint" }, "Two to four: two give a curve, three a triangle, four a tetrahedron."),
    el("div", { class: "actions" }, opener, el("span", { class: "examples" }, "For example ", EXAMPLES.map((text) =>
      el("button", { type: "button", class: "link", onclick: () => {
        choose(symbolsIn(text));
        run();
      } }, text)))),
    drawer, options.root, own.root), place, results);
  takeDrops(root, (files) => own.take(files[0]));

  function choose(next) {
    if (next.join() !== symbols.join()) {
      asked = [];
      panel.replaceChildren();
    }
    symbols = next;
    input.value = symbols.join("-");
    elements.set(symbols);
  }

  function toggle(symbol) {
    choose(symbols.includes(symbol) ? symbols.filter((one) => one !== symbol) : symbols.length < 4 ? [...symbols, symbol] : symbols);
    say(symbols.length ? `Chosen: ${symbols.join(", ")}` : "No element chosen");
  }

  const query = () => Object.fromEntries(Object.entries(words).filter(([name, value]) => value !== WORDS[name]));

  async function run(isFromAddress = false) {
    if (!isFromAddress) push("screen", symbols.join("-"), query());
    if (symbols.length < 2 || symbols.length > 4) {
      results.hidden = true;
      place.replaceChildren(symbols.length ? problemBox({ title: "Not a system of two to four elements", message: `Found ${symbols.length}: ${symbols.join(", ")}. Choose two to four.` }) : "");
      return;
    }
    open(false);
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    place.replaceChildren(waiting(`Screening ${symbols.join("-")}`));
    results.classList.add("stale");
    try {
      const found = await post("screen", request(), signal);
      if (signal.aborted) return;
      answer = marked(found);
      place.replaceChildren();
      results.hidden = false;
      chosen = null;
      draw();
      list();
      say(answer.said.at(-1));
    } catch (error) {
      if (error.name === "AbortError") return;
      results.hidden = true;
      place.replaceChildren(problemBox(error));
    } finally {
      if (!signal.aborted) results.classList.remove("stale");
    }
  }

  function request() {
    const { scale, max_atoms: atoms, all, all_states: states, competing } = words;
    return { elements: symbols, max_atoms: Number(atoms), all: all === "1", all_states: states === "1", competing,
      ...(scale ? { scale } : {}), compounds: own.of(symbols) };
  }

  /** Return an answer whose points tell which have an energy of the reader's own. */
  function marked(found) {
    const given = new Set([...found.rows.filter((row) => row.known === "given"), ...own.of(symbols).filter(({ energy }) => energy !== undefined)].map((one) => one.formula));
    for (const point of found.diagram.points) if (given.has(point.formula)) point.kind = "own";
    return found;
  }

  const points = () => [...answer.diagram.points, ...asked];
  const draw = () => answer && chart.set({ ...answer.diagram, points: points() }, Number(words.above));

  function list() {
    compounds = screenTable(answer, (row) => pick({ formula: row.formula, point: null }), (row) => row.formula === chosen);
    table.replaceChildren(compounds.root);
    said.replaceChildren(el("details", {}, el("summary", {}, "What was screened, and against what"), el("ul", {}, answer.said.map((text) => el("li", {}, text)))));
  }

  /** Show a compound: one of the diagram, or the one of few atoms that is nearest to a place in it. */
  async function pick({ formula: name, fractions, point }) {
    const text = name ?? formulaNear(symbols, fractions);
    const row = answer.rows.find((one) => one.formula === text) ?? null;
    const known = point ?? points().filter((one) => one.kind !== "asked").find((one) => one.formula === text) ?? null;
    chosen = text;
    chart.choose(text);
    compounds.redraw();
    panel.replaceChildren(el("div", { class: "card" }, el("h2", {}, formula(text)), waiting("Predicting")));
    const scale = answer.scale ?? words.scale;
    try {
      const one = await post("predict", { formulas: [text], details: true, ...(scale ? { scale } : {}) });
      const predicted = one.rows[0];
      if (!known && !predicted.error && symbolsIn(text).length > 1) {
        asked = [...asked.filter((other) => other.formula !== text), { formula: text, fractions: fractionsOf(text, symbols), energy: predicted.prediction, kind: "asked" }];
        draw();
      }
      panel.replaceChildren(compoundCard(predicted, { point: known, row, unit: one.unit, isNew: !known, onadd: () => {
        asked = asked.filter((other) => other.formula !== text);
        own.add(text);
      } }));
      say(`${text}: ${predicted.prediction} ${one.unit}`);
    } catch (error) {
      panel.replaceChildren(problemBox(error));
    }
  }

  return {
    root,
    async show(route) {
      await options.ready();
      for (const name of Object.keys(WORDS)) words[name] = route.query[name] ?? (route.what ? WORDS[name] : words[name]);
      options.set(words);
      const next = symbolsIn(route.what);
      if (!next.length) return;
      choose(next);
      run(true);
    },
  };
}

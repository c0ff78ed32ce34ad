/** The view Predict: formulas or structure files in, numbers with intervals, trust and reasons out. */

import { post, send } from "./api.js";
import { answerCard } from "./answer.js";
import { formulaBuilder } from "./builder.js";
import { afterPause, el, field, say, select, setOptions, unique } from "./dom.js";
import { isTable, takeDrops } from "./drop.js";
import { saveCsv } from "./download.js";
import { counted, energy, formula, interval } from "./format.js";
import { push, replace } from "./router.js";
import { downloads, once, problemBox, trustBadge, waiting } from "./shared.js";
import { sortableTable } from "./table.js";

const EXAMPLES = ["Fe2O3", "LiFePO4", "CsPbI3", "NaCl, KCl, RbCl"];
const UNITS = ["eV/atom", "meV/atom", "kJ/mol", "kcal/mol"].map((unit) => [unit, unit]);
const LEVELS = ["0.5", "0.8", "0.9", "0.95", "0.99"].map((level) => [level, `${Number(level) * 100} %`]);
const WORDS = { model: "composition", scale: "", unit: "eV/atom", level: "0.9" };
const PAUSE = 350;

/** Return the formulas in a text: one a line, or with commas between. */
export const formulasIn = (text) => text.split(/[,;\n\t]+|\s{2,}/).map((part) => part.trim()).filter(Boolean);

/** Return the view. */
export function predictView() {
  const words = { ...WORDS };
  let models = [];
  let asking = null;
  let files = null; // structure files, where they are asked for instead of formulas

  const box = el("textarea", { rows: 1, autocomplete: "off", autocapitalize: "off", spellcheck: "false", placeholder: "Fe2O3",
    "aria-describedby": "box-hint",
    onkeydown: (event) => {
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        submit();
      }
    },
    oninput: () => {
      files = null;
      fit();
      later();
    } });
  box.id = unique("formulas");
  const results = el("section", { class: "results", "aria-label": "Answer" });
  const fit = () => {
    box.rows = Math.min(8, Math.max(1, box.value.split("\n").length));
  };

  const choices = {
    model: select([["composition", "composition"]], words.model, (value) => choose("model", value)),
    scale: select([["", "of the model"]], "", (value) => choose("scale", value)),
    unit: select(UNITS, words.unit, (value) => choose("unit", value)),
    level: select(LEVELS, words.level, (value) => choose("level", value)),
  };
  const choose = (name, value) => {
    words[name] = value;
    if (name === "model") offerScales();
    submit();
  };
  const offerScales = () => {
    const model = models.find((one) => one.name === words.model);
    const others = (model?.scales ?? []).filter((scale) => scale !== model.scale);
    setOptions(choices.scale, [["", model?.scale ?? "none"], ...others.map((scale) => [scale, scale])], words.scale);
    words.scale = choices.scale.value;
    choices.scale.disabled = others.length === 0;
    choices.unit.disabled = Boolean(model?.is_classifier);
    choices.level.disabled = model ? !model.has_intervals : false;
  };

  const builder = formulaBuilder((text) => {
    files = null;
    box.value = text;
    later();
  });
  const drawer = el("div", { class: "drawer", id: unique("drawer"), hidden: true }, builder);
  const opener = el("button", { type: "button", class: "quiet", "aria-expanded": "false", "aria-controls": drawer.id,
    onclick: () => {
      drawer.hidden = !drawer.hidden;
      opener.setAttribute("aria-expanded", String(!drawer.hidden));
    } }, "Periodic table");
  const picker = el("input", { type: "file", multiple: true, class: "unseen", tabindex: -1, "aria-label": "Files",
    onchange: () => {
      take([...picker.files]);
      picker.value = "";
    } });

  const root = el("div", { class: "view" },
    el("h1", { tabindex: -1 }, "Formation energy of a compound"),
    el("form", { class: "box", onsubmit: (event) => {
      event.preventDefault();
      submit();
    } },
    el("label", { for: box.id }, "Formulas"),
    el("div", { class: "line" }, box, el("button", { type: "submit" }, "Predict")),
    el("p", { class: "hint", id: "box-hint" }, "One or several, with commas or line breaks (Shift+Enter) between. "
      + "Or drop files anywhere: CIF or POSCAR for structures, CSV or Parquet for tables."),
    el("div", { class: "actions" }, opener, el("button", { type: "button", class: "quiet", onclick: () => picker.click() }, "Open files"), picker,
      el("span", { class: "examples" }, "For example ", ...EXAMPLES.map((text) => el("button", { type: "button", class: "link", onclick: () => {
        files = null;
        box.value = text;
        fit();
        submit();
      } }, text)))),
    drawer,
    el("div", { class: "fields" }, field("Model", choices.model), field("Energy scale", choices.scale), field("Unit", choices.unit),
      field("Interval", choices.level))),
    results);
  takeDrops(root, (dropped) => take(dropped));

  /** Take files: tables go to the view of tables, structures are predicted here. */
  function take(taken) {
    if (!taken.length) return;
    if (taken.some(isTable)) {
      import("./jobs.js").then((module) => module.hand(taken.filter(isTable)));
      location.hash = "#tables";
      return;
    }
    files = taken;
    box.value = "";
    if (words.model === "composition") words.model = "structure";
    choices.model.value = words.model;
    offerScales();
    submit();
  }

  const query = () => Object.fromEntries(Object.entries(words).filter(([name, value]) => value !== WORDS[name]));
  const later = afterPause(PAUSE, () => ask(true));

  function submit() {
    if (!files) push("predict", formulasIn(box.value).join(","), query());
    ask(false);
  }

  /** Ask the service. While the reader types, what cannot be read yet is no error. */
  async function ask(isTyping) {
    later.cancel();
    const formulas = formulasIn(box.value);
    asking?.abort();
    if (!files && !formulas.length) {
      results.replaceChildren(...(isTyping ? [] : [el("p", { class: "soft" }, "Type a formula, such as Fe2O3.")]));
      return;
    }
    if (isTyping) replace("predict", formulas.join(","), query());
    asking = new AbortController();
    const { signal } = asking;
    const slow = setTimeout(() => results.firstChild ? results.classList.add("stale") : results.replaceChildren(waiting("Predicting")), 200);
    try {
      const answer = files ? await askFiles(signal) : await post("predict", { formulas, details: formulas.length === 1, ...asked() }, signal);
      if (isTyping && answer.n_failed && answer.n_rows === answer.n_failed) return;
      show(answer);
    } catch (error) {
      if (error.name === "AbortError" || isTyping && error.status === 422) return;
      results.replaceChildren(problemBox(error));
    } finally {
      clearTimeout(slow);
      if (!signal.aborted) results.classList.remove("stale");
    }
  }

  /** The words of the request; those that the model does not know are left out. */
  function asked() {
    const model = models.find((one) => one.name === words.model);
    return {
      model: words.model,
      ...(words.scale ? { scale: words.scale } : {}),
      ...(model?.is_classifier ? {} : { unit: words.unit }),
      ...(model && !model.has_intervals ? {} : { level: Number(words.level) }),
    };
  }

  function askFiles(signal) {
    const form = new FormData();
    for (const file of files) form.append("files", file);
    return send(`predict/structures?${new URLSearchParams(asked())}`, form, signal);
  }

  function show(answer) {
    const told = { answer, words: asked(), model: models.find((one) => one.name === words.model) };
    if (answer.n_rows === 1) {
      results.replaceChildren(answerCard(answer.rows[0], told));
      sayRow(answer.rows[0], answer.unit);
      return;
    }
    const place = el("div", { class: "chosen-answer" });
    let chosen = answer.rows.find((row) => !row.error);
    const pick = async (row) => {
      chosen = row;
      list.redraw();
      if (files || row.error) {
        place.replaceChildren(answerCard(row, told));
        return;
      }
      try {
        const one = await post("predict", { formulas: [row.formula], details: true, ...asked() });
        place.replaceChildren(answerCard(one.rows[0], { ...told, answer: one }));
      } catch (error) {
        place.replaceChildren(problemBox(error));
      }
    };
    const list = sortableTable(columnsOf(answer), answer.rows, { caption: headline(answer), onrow: pick, isChosen: (row) => row === chosen });
    results.replaceChildren(el("div", { class: "card" }, list.root, downloads([["CSV", () => saveCsv(answer.rows, "predictions.csv")]])), place);
    if (chosen) pick(chosen);
    say(headline(answer));
  }

  return {
    root,
    async show(route) {
      await loadModels();
      for (const name of Object.keys(WORDS)) words[name] = route.query[name] ?? (route.what || "model" in route.query ? WORDS[name] : words[name]);
      choices.model.value = words.model;
      offerScales();
      for (const name of ["unit", "level"]) choices[name].value = words[name];
      if (route.what && route.what !== formulasIn(box.value).join(",")) {
        files = null;
        box.value = route.what.split(",").join(", ");
        fit();
      }
      if (route.what) ask(false);
      else if (document.activeElement === document.body && matchMedia("(hover: hover)").matches) box.focus({ preventScroll: true });
    },
  };

  async function loadModels() {
    try {
      ({ models } = await once("models"));
      setOptions(choices.model, models.map((one) => [one.name, one.input === "structure" ? `${one.name} (files)` : one.name]), words.model);
    } catch (error) {
      results.replaceChildren(problemBox(error));
    }
  }
}

const headline = (answer) => `${counted(answer.n_rows, "answer")}${answer.n_failed ? `, ${answer.n_failed} of them without a number` : ""}`;

function sayRow(row, unit) {
  say(row.error ? row.error : `${row.formula}: ${energy(row.prediction, unit)} ${unit}${row.trust ? `, ${row.trust} trust` : ""}`);
}

function columnsOf(answer) {
  const { unit, columns } = answer;
  const first = answer.rows[0] ?? {};
  const range = interval(first);
  return [
    { key: first.id === undefined ? "formula" : "id", title: first.id === undefined ? "Formula" : "File", show: (text) => formula(text) },
    ...(first.id === undefined ? [] : [{ key: "formula", title: "Formula", show: (text) => formula(text ?? "") }]),
    { key: "prediction", title: unit, meaning: columns.prediction, isNumber: true, show: (value) => energy(value, unit) },
    ...(range ? [{ key: `lo${range.percent}`, title: `${range.percent} % interval`, meaning: columns[`lo${range.percent}`], isNumber: true,
      show: (value, row) => (value === null ? "–" : `${energy(value, unit)} to ${energy(row[`hi${range.percent}`], unit)}`) }] : []),
    ...("trust" in first ? [{ key: "expected_error", title: "Trust", meaning: columns.trust, show: (_, row) => trustBadge(row.trust) }] : []),
    { key: "warning", title: "Remarks", meaning: columns.warning, show: (text, row) => row.error || text || "" },
  ];
}

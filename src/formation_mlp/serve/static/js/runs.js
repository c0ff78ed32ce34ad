/** The view Runs: the run folders below --runs, their loss curves as they grow, their reports, two of them compared. */

import { get, post } from "./api.js";
import { comparison } from "./comparison.js";
import { curvesChart } from "./curves.js";
import { el, field, say, select } from "./dom.js";
import { savePng, saveSvg } from "./download.js";
import { count, number } from "./format.js";
import { push } from "./router.js";
import { runCard } from "./run.js";
import { downloads, problemBox, waiting } from "./shared.js";
import { sortableTable } from "./table.js";

const KINDS = ["first", "second"];
const SHOWN = { loss: [["val_loss", "validation loss", ""], ["train_loss", "training loss", " dashed"]], score: [["val_score", "validation score", ""]], learning_rate: [["learning_rate", "learning rate, share of its highest", ""]] };
const SOON = 2000;
const LATER = 10_000;

/** Return the view. */
export function runsView() {
  let runs = [];
  let chosen = []; // names, two at most
  let shownAs = "loss";
  let timer = 0;
  let isShown = false;
  const histories = new Map(); // name to curves of the service
  const told = new Map(); // name to all that is told of a run

  const errors = el("div");
  const list = el("div", { class: "card" }, waiting("Looking for runs"));
  const chart = curvesChart();
  const epochs = el("details", { ontoggle: () => fillEpochs() }, el("summary", {}, "Epochs as a table"));
  const cards = el("div", { class: "grid wide" });
  const compared = el("div");
  const results = el("div", { class: "stack", hidden: true },
    el("section", { class: "card", "aria-label": "Curves" }, el("div", { class: "fields" },
      field("Curves", select([["loss", "loss"], ["score", "validation score"], ["learning_rate", "learning rate"]], shownAs, (value) => {
        shownAs = value;
        draw();
      }))), chart.root, epochs, downloads([["PNG", () => savePng(chart.svg, "curves.png")], ["SVG", () => saveSvg(chart.svg, "curves.svg")]])),
    compared, cards);
  const root = el("div", { class: "view" }, el("h1", { tabindex: -1 }, "Runs"),
    el("p", { class: "lead" }, "Choose a run to see it, and a second one to compare both."), el("div", { class: "stack" }, errors, list, results));

  async function look(isChoiceNew = false) {
    clearTimeout(timer);
    if (!isShown) return;
    try {
      const found = await get("runs");
      const isOther = JSON.stringify(found.runs) !== JSON.stringify(runs);
      runs = found.runs;
      if (isOther || !runs.length) showList(found.folder);
      if (!chosen.length && runs.length) chosen = [runs[0].name];
      chosen = chosen.filter((name) => runs.some((run) => run.name === name));
      await Promise.all(chosen.map(follow));
      if (isOther) table?.redraw();
      draw(isOther || isChoiceNew === true);
      errors.replaceChildren();
    } catch (error) {
      errors.replaceChildren(problemBox(error));
    }
    clearTimeout(timer);
    timer = setTimeout(() => look(), runs.some((run) => chosen.includes(run.name) && run.state === "unfinished") ? SOON : LATER);
  }

  /** Ask for the epochs that are new, and for the numbers where they may have changed. */
  async function follow(name) {
    const run = runs.find((one) => one.name === name);
    const known = histories.get(name) ?? [];
    const seen = known.length ? Math.min(...known.map(({ epochs: rows }) => rows.at(-1)?.epoch ?? 0)) : 0;
    const { curves } = await get(`runs/${encodeURIComponent(name)}/history?after=${seen}`);
    histories.set(name, curves.map(({ network, epochs: rows }) => {
      const before = known.find((one) => one.network === network)?.epochs ?? [];
      const first = rows[0]?.epoch ?? Infinity; // a run that began anew starts again
      return { network, epochs: [...before.filter(({ epoch }) => epoch < first), ...rows] };
    }));
    if (told.get(name)?.changed !== run.changed) told.set(name, await get(`runs/${encodeURIComponent(name)}`));
  }

  let table = null;
  function showList(folder) {
    if (!runs.length) {
      list.replaceChildren(el("p", {}, folder ? `No run folder in ${folder} yet.` : "No folder of runs was given."),
        el("p", { class: "soft" }, "Start the service with ", el("code", {}, "formation-mlp serve --runs runs"), ", and train with ", el("code", {}, "formation-mlp train"), "."));
      results.hidden = true;
      return;
    }
    const score = Object.keys(runs.find((run) => run.scores.val)?.scores.val ?? { MAE: 0 })[0];
    const rows = runs.map((run) => ({ ...run, val: run.scores.val?.[score] ?? null, test: run.scores.test?.[score] ?? null, train: run.rows?.train ?? null }));
    const columns = [
      { key: "name", title: "Run" },
      { key: "state", title: "State", show: (text) => el("span", { class: `badge state-${text === "finished" ? "done" : "running"}` }, text) },
      { key: "epochs", title: "Epochs", isNumber: true },
      { key: "train", title: "Train rows", isNumber: true, show: (value) => (value === null ? "–" : count(value)) },
      { key: "val", title: `${score}, val`, isNumber: true, show: (value) => number(value, 4) },
      { key: "test", title: `${score}, test`, isNumber: true, show: (value) => number(value, 4) },
      { key: "changed", title: "Changed", show: (text) => new Date(text).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" }) },
    ];
    table = sortableTable(columns, rows, { caption: `Runs in ${folder}`, onrow: (run) => toggle(run.name), isChosen: (run) => chosen.includes(run.name) });
    list.replaceChildren(table.root);
  }

  function toggle(name) {
    chosen = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name].slice(-2);
    push("runs", chosen.join(","), {});
    say(chosen.length ? `Shown: ${chosen.join(" and ")}` : "No run shown");
    table.redraw();
    look(true);
  }

  function draw(areCardsNew = false) {
    results.hidden = !chosen.length;
    const isMixed = chosen.length > 1;
    const lines = chosen.flatMap((name, i) => SHOWN[shownAs].flatMap(([key, text, style]) => (histories.get(name) ?? []).map(({ network, epochs: rows }, j) => ({
      name: [isMixed ? name : "", network, text].filter(Boolean).join(", "), kind: KINDS[i] + style, isNamed: j === 0,
      points: rows.filter((row) => Number.isFinite(row[key])).map((row) => ({ epoch: row.epoch, value: row[key] })),
    }))));
    chart.set(lines, shownAs === "loss" ? "loss" : SHOWN[shownAs][0][1]);
    if (!areCardsNew) return;
    fillEpochs();
    const found = chosen.map((name) => told.get(name)).filter(Boolean);
    cards.replaceChildren(...found.map((run) => runCard(run, writeReport, found.length === 1)));
    compared.replaceChildren(...(found.length === 2 ? [comparison(...found)] : []));
  }

  function fillEpochs() {
    if (!epochs.open) return;
    const rows = chosen.flatMap((name) => (histories.get(name) ?? []).flatMap(({ network, epochs: found }) => found.map((row) => ({ run: network ? `${name}/${network}` : name, ...row }))));
    const names = ["train_loss", "val_loss", "val_score", "learning_rate"];
    epochs.replaceChildren(epochs.firstChild, sortableTable([{ key: "run", title: "Run" }, { key: "epoch", title: "Epoch", isNumber: true },
      ...names.map((key) => ({ key, title: key, isNumber: true, show: (value) => number(value, 5) }))], rows, { caption: "Epochs" }).root);
  }

  async function writeReport(name) {
    told.set(name, { ...told.get(name), ...await post(`runs/${encodeURIComponent(name)}/report.html`, {}) });
    draw(true);
  }

  return {
    root,
    show(route) {
      isShown = true;
      if (route.what) chosen = route.what.split(",").slice(0, 2);
      look(true);
    },
    hide() {
      isShown = false;
      clearTimeout(timer);
    },
  };
}

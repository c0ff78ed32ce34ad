/** The view Tables: files of up to a million rows, predicted by the service while the page may be closed. */

import { get, post, remove, upload } from "./api.js";
import { el, field, say, select, setOptions } from "./dom.js";
import { isTable, takeDrops } from "./drop.js";
import { jobCard } from "./job.js";
import { once, problemBox } from "./shared.js";

const WORDS = { model: "", scale: "", unit: "eV/atom", level: "0.9", out: "csv", formula: "" };
const RUNS = ["waiting", "running"];
let handed = [];

/** Take files that were dropped onto another view; the view takes them when it is shown. */
export function hand(files) {
  handed = files;
  current?.takeHanded();
}

let current = null;

/** Return the view. */
export function jobsView() {
  const words = { ...WORDS };
  const cards = new Map(); // id of a job to its card
  let timer = 0;
  let isShown = false;

  const picker = el("input", { type: "file", multiple: true, class: "unseen", tabindex: -1, "aria-label": "Tables",
    accept: ".csv,.tsv,.parquet,.xlsx,.jsonl,.ndjson,.json,.gz", onchange: () => {
      take([...picker.files]);
      picker.value = "";
    } });
  const model = select([["", "composition"]], "", (value) => { words.model = value; });
  const choices = [
    field("Model", model),
    field("Unit", select(["eV/atom", "meV/atom", "kJ/mol", "kcal/mol"].map((one) => [one, one]), words.unit, (value) => { words.unit = value; })),
    field("Result", select([["csv", "CSV"], ["parquet", "Parquet"]], words.out, (value) => { words.out = value; })),
    field("Column of formulas", el("input", { type: "text", placeholder: "found by itself", oninput: (event) => { words.formula = event.target.value.trim(); } })),
  ];
  const errors = el("div", { class: "stack" });
  const sending = el("div", { class: "stack" });
  const list = el("div", { class: "stack" });
  const where = el("p", { class: "soft" });
  const root = el("div", { class: "view" }, el("h1", { tabindex: -1 }, "Tables"),
    el("div", { class: "box" },
      el("div", { class: "drop-box" }, el("p", {}, "Drop a table here: CSV, Parquet, Excel or JSON lines with a column of formulas or structures."),
        el("button", { type: "button", onclick: () => picker.click() }, "Choose a table"), picker),
      el("div", { class: "fields" }, choices), where),
    errors, sending, el("h2", {}, "Jobs"), list);
  takeDrops(root, (files) => take(files));

  function take(files) {
    errors.replaceChildren();
    for (const file of files) {
      if (isTable(file) || /\.json(\.gz)?$/i.test(file.name)) start(file);
      else errors.append(problemBox({ title: "No table", message: `${file.name}: a table ends with .csv, .tsv, .parquet, .xlsx, .jsonl or .json. Structure files are predicted under Predict.` }));
    }
  }

  async function start(file) {
    const bar = el("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
    const stop = new AbortController();
    const line = el("div", { class: "card job" }, el("h3", {}, file.name), el("p", { class: "soft" }, "Sending"), bar,
      el("div", { class: "actions" }, el("button", { type: "button", class: "quiet", onclick: () => stop.abort() }, "Cancel")));
    sending.append(line);
    try {
      const asked = Object.entries({ ...words, name: file.name }).filter(([, value]) => value !== "");
      const job = await upload(`jobs?${new URLSearchParams(asked)}`, file, (share) => { bar.value = share; }, stop.signal);
      say(`${file.name} has arrived`);
      show([...known(), job]);
    } catch (error) {
      if (error.name !== "AbortError") errors.append(problemBox(error));
    } finally {
      line.remove();
      look();
    }
  }

  const known = () => [...cards.values()].map((card) => card.job);

  /** Ask for all jobs, and again in a while: soon where one is at work. */
  async function look() {
    clearTimeout(timer);
    if (!isShown) return;
    let wait = 5000;
    try {
      const found = await get("jobs");
      where.textContent = `Tables and results lie in ${found.folder} on the machine of the service, until the day that each job tells, or until you delete them. You may close this page meanwhile.`;
      show(found.jobs);
      if (found.jobs.some((job) => RUNS.includes(job.state))) wait = 700;
    } catch (error) {
      if (!cards.size) list.replaceChildren(problemBox(error));
    }
    clearTimeout(timer);
    timer = setTimeout(look, wait);
  }

  function show(jobs) {
    for (const id of cards.keys()) {
      if (!jobs.some((job) => job.id === id)) cards.delete(id);
    }
    for (const job of jobs) {
      if (cards.has(job.id)) cards.get(job.id).update(job);
      else cards.set(job.id, jobCard(job, act));
    }
    const roots = [...jobs].sort((a, b) => b.created.localeCompare(a.created)).map((job) => cards.get(job.id).root);
    if (!roots.length) list.replaceChildren(el("p", { class: "soft" }, "None yet."));
    else if (roots.some((one, i) => list.children[i] !== one) || list.children.length !== roots.length) list.replaceChildren(...roots);
  }

  async function act(job, what) {
    errors.replaceChildren();
    try {
      if (what === "delete") {
        await remove(`jobs/${job.id}`);
        show(known().filter((one) => one.id !== job.id));
      } else cards.get(job.id).update(await post(`jobs/${job.id}/${what}`, {}));
    } catch (error) {
      errors.append(problemBox(error));
    }
    look();
  }

  const takeHanded = () => {
    const files = handed;
    handed = [];
    take(files);
  };
  current = { takeHanded };
  return {
    root,
    async show() {
      isShown = true;
      look();
      takeHanded();
      try {
        const { models } = await once("models");
        setOptions(model, models.map((one) => [one.name === "composition" ? "" : one.name, one.name]), words.model);
      } catch { /* the list of jobs says what is wrong */ }
    },
    hide() {
      isShown = false;
      clearTimeout(timer);
    },
  };
}

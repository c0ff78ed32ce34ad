/** The card of one job. */

import { blob, get } from "./api.js";
import { el } from "./dom.js";
import { save } from "./download.js";
import { count, counted, duration, size } from "./format.js";
import { problemBox } from "./shared.js";

const WORDS = { waiting: "waiting", running: "at work", done: "done", failed: "failed", cancelled: "cancelled" };
const ACTIONS = { waiting: ["cancel"], running: ["cancel"], failed: ["resume", "delete"], cancelled: ["resume", "delete"], done: ["download", "delete"] };
const NAMES = { cancel: "Cancel", resume: "Resume", delete: "Delete", download: "Download" };

/** Return a card: {root, job, update(job)}; act(job, what) does what a button says. */
export function jobCard(first, act) {
  const badge = el("span", { class: "badge" });
  const bar = el("progress", { max: 1, "aria-label": `Progress of ${first.name}` });
  const line = el("p", { class: "soft" });
  const error = el("div");
  const buttons = el("div", { class: "actions" });
  const about = el("details", { hidden: true, ontoggle: () => about.open && fillAbout() }, el("summary", {}, "What the columns mean"));
  const root = el("article", { class: "card job", "aria-label": `Table ${first.name}` }, el("h3", {}, first.name, " ", badge), bar, line, error, buttons, about);
  const card = { root, job: null, update };

  function update(job) {
    const isOther = card.job?.state !== job.state;
    card.job = job;
    line.textContent = said(job);
    if (job.n_rows) bar.value = job.n_done / job.n_rows;
    else if (job.state === "running") bar.removeAttribute("value");
    else bar.value = 0;
    if (!isOther) return;
    badge.textContent = WORDS[job.state];
    badge.className = `badge state-${job.state}`;
    bar.hidden = job.state === "done";
    error.replaceChildren(...(job.error ? [problemBox({ title: "It stopped", message: job.error })] : []));
    buttons.replaceChildren(...ACTIONS[job.state].map((what) => button(job, what)));
    about.hidden = job.state !== "done";
  }

  function button(job, what) {
    const text = what === "download" ? `Download ${job.result?.name ?? "the result"} (${size(job.result?.bytes ?? 0)})` : NAMES[what];
    return el("button", { type: "button", class: what === "download" ? null : "quiet", "aria-label": what === "download" ? text : `${text} ${job.name}`,
      onclick: async (event) => {
        event.target.disabled = true;
        try {
          if (what === "download") save(await blob(`jobs/${job.id}/result`), job.result.name);
          else await act(job, what);
        } catch (problem) {
          error.replaceChildren(problemBox(problem));
        } finally {
          event.target.disabled = false;
        }
      } }, text);
  }

  async function fillAbout() {
    if (about.children.length > 1) return;
    try {
      const { columns } = await get(`jobs/${card.job.id}/about`);
      about.append(el("dl", { class: "card-facts" }, Object.entries(columns ?? {}).map(([name, meaning]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(meaning))))));
    } catch (problem) {
      about.append(problemBox(problem));
    }
  }

  update(first);
  return card;
}

function said(job) {
  const until = `kept until ${new Date(job.expires).toLocaleDateString("en", { day: "numeric", month: "long", year: "numeric" })}`;
  if (job.state === "waiting") return `Waits for the jobs before it; ${until}`;
  if (job.state === "running" || job.state === "cancelled") {
    const left = job.seconds_left === null ? "" : `, about ${duration(job.seconds_left)} left`;
    return job.n_rows ? `${count(job.n_done)} of ${counted(job.n_rows, "row")}${left}; ${until}` : `Reads the table; ${until}`;
  }
  if (job.state === "done") return `${counted(job.n_rows, "row")}${job.n_failed ? `, ${count(job.n_failed)} of them without a number` : ""}; ${until}`;
  return until;
}

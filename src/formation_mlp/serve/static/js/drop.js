/** Files that are dropped onto a view. */

import { el } from "./dom.js";

const TABLES = /\.(csv|tsv|parquet|xlsx|jsonl?|csv\.gz)$/i;

/** Return whether a file is a table by its name, and none of the structure files. */
export const isTable = (file) => TABLES.test(file.name) && !/\.json$/i.test(file.name);

/** Call ontake(files) for what is dropped onto a view; a frame says where it may be dropped. */
export function takeDrops(root, ontake) {
  const frame = el("div", { class: "drop-here", hidden: true }, el("p", {}, "Drop the files here"));
  root.append(frame);
  let depth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const show = (isOver) => {
    frame.hidden = !isOver;
  };
  root.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth += 1;
    show(true);
  });
  root.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  root.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) show(false);
  });
  root.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    show(false);
    ontake([...event.dataTransfer.files]);
  });
}

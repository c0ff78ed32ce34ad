/** Files for the reader: tables as CSV, drawings as SVG and PNG. */

/** Save a blob under a name. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Save rows as CSV: the columns and the numbers of the service, which are those of the command line. */
export function saveCsv(rows, name) {
  const columns = Object.keys(rows[0] ?? {}).filter((column) => column !== "details");
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ""))];
  save(new Blob([lines.map((line) => `${line.map(cell).join(",")}\n`).join("")], { type: "text/csv" }), name);
}

function cell(value) {
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Save a drawing as SVG. */
export function saveSvg(svg, name) {
  save(new Blob([standalone(svg)], { type: "image/svg+xml" }), name);
}

/** Save a drawing as PNG, at three times the size on the screen. */
export async function savePng(svg, name) {
  const address = URL.createObjectURL(new Blob([standalone(svg)], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width * 3;
    canvas.height = image.height * 3;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    save(await new Promise((resolve) => canvas.toBlob(resolve, "image/png")), name);
  } finally {
    URL.revokeObjectURL(address);
  }
}

const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font-size",
  "font-weight", "font-family", "text-anchor", "dominant-baseline", "stroke-linejoin", "stroke-linecap", "paint-order"];

/** Return a drawing as text that needs no style sheet: what the page computed is written beside each mark. */
function standalone(svg) {
  const copy = svg.cloneNode(true);
  const marks = [...svg.querySelectorAll("*")];
  [...copy.querySelectorAll("*")].forEach((mark, i) => {
    const style = getComputedStyle(marks[i]);
    for (const name of KEPT) mark.setAttribute(name, style.getPropertyValue(name));
    mark.removeAttribute("class");
  });
  copy.querySelectorAll("[data-screen-only]").forEach((mark) => mark.remove());
  const [width, height] = [svg.clientWidth, svg.clientHeight];
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", width);
  paper.setAttribute("height", height);
  paper.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
  copy.prepend(paper);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  for (const name of ["class", "style", "tabindex", "role", "aria-describedby", "aria-roledescription"]) copy.removeAttribute(name);
  return new XMLSerializer().serializeToString(copy);
}

"use strict";
/**
 * A point of a plot that is moved: by mouse, by finger, or by the arrow keys (with Shift ten times as far).
 *
 * options: label; at gives the place [x, y]; move takes a wished one; text says the value; step is that of a key,
 * [dx, dy], and says by a zero in which direction the point does not move; className gives the colour.
 */
live.handle = (plot, { label, at, move, text, step, className = "" }) => {
  const { svg } = live.dom;
  const knob = svg(
    "g",
    { class: `live-handle ${className}`, tabindex: 0, role: "slider", "aria-label": label },
    svg("circle", { r: 22, class: "live-reach" }),
    svg("circle", { r: 9, class: "live-knob" }),
  );
  plot.handles.append(knob);

  let offset = null;
  knob.addEventListener("pointerdown", (event) => {
    const [x, y] = plot.under(event);
    offset = [at()[0] - x, at()[1] - y];
    knob.setPointerCapture(event.pointerId);
    knob.focus();
    event.preventDefault();
  });
  knob.addEventListener("pointermove", (event) => {
    if (!offset) return;
    const [x, y] = plot.under(event);
    move(x + offset[0], y + offset[1]);
  });
  for (const end of ["pointerup", "pointercancel"]) knob.addEventListener(end, () => (offset = null));

  // A finger on a point moves the point and not the page; browsers heed `touch-action` in parts of an SVG only at times.
  knob.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });

  const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  knob.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    const far = event.shiftKey ? 10 : 1;
    const [x, y] = at();
    move(x + keys[event.key][0] * step[0] * far, y + keys[event.key][1] * step[1] * far);
    event.preventDefault();
  });

  return {
    node: knob,
    update() {
      const [x, y] = at();
      knob.setAttribute("transform", `translate(${plot.X(x).toFixed(1)} ${plot.Y(y).toFixed(1)})`);
      const upright = !step[0];
      const [low, high] = plot[upright ? "y" : "x"].map((end) => end.toFixed(4));
      const value = { valuemin: low, valuemax: high, valuenow: (upright ? y : x).toFixed(4) };
      if (upright) value.orientation = "vertical";
      for (const [name, is] of Object.entries(value)) knob.setAttribute(`aria-${name}`, is);
      knob.setAttribute("aria-valuetext", text());
    },
  };
};

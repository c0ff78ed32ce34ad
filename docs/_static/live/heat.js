"use strict";
/** Functions of two variables in a plot: coloured areas, and the lines where a value is reached. */
live.heat = (() => {
  /** The values of `f(x, y)` on a grid of n by n points that spans the plot, row by row from below. */
  const grid = (plot, n, f) => {
    const values = new Float64Array(n * n);
    const at = (ends, i) => ends[0] + ((ends[1] - ends[0]) * i) / (n - 1);
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        values[row * n + column] = f(at(plot.x, column), at(plot.y, row));
      }
    }
    return { n, values };
  };

  /** Paint a grid; `paint` turns a value into [red, green, blue, opacity from 0 to 255]. */
  const colour = (plot, { n, values }, paint) => {
    plot.canvas.width = plot.canvas.height = n;
    const context = plot.canvas.getContext("2d");
    const image = context.createImageData(n, n);
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        image.data.set(paint(values[row * n + column]), 4 * ((n - 1 - row) * n + column));
      }
    }
    context.putImageData(image, 0, 0);
  };

  /** How a probability is painted: one class, nothing at one half, the other class. */
  const probability = (host) => {
    const [zero, one] = ["--live-zero", "--live-one"].map((name) => live.dom.colour(host, name));
    return (p) => [...(p < 0.5 ? zero : one), 230 * Math.abs(p - 0.5)];
  };

  /** The path of the line where the grid has the value `level` (marching squares, Lorensen and Cline 1987). */
  const contour = (plot, { n, values }, level) => {
    const corners = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ];
    const px = (column) => plot.X(plot.x[0] + ((plot.x[1] - plot.x[0]) * column) / (n - 1));
    const py = (row) => plot.Y(plot.y[0] + ((plot.y[1] - plot.y[0]) * row) / (n - 1));
    let path = "";
    for (let row = 0; row < n - 1; row++) {
      for (let column = 0; column < n - 1; column++) {
        const cell = corners.map(([dx, dy]) => values[(row + dy) * n + column + dx] - level);
        const cuts = [];
        for (let i = 0; i < 4; i++) {
          const [a, b] = [cell[i], cell[(i + 1) % 4]];
          if (a < 0 === b < 0) continue;
          const share = a / (a - b);
          const [from, to] = [corners[i], corners[(i + 1) % 4]];
          const x = px(column + from[0] + share * (to[0] - from[0]));
          const y = py(row + from[1] + share * (to[1] - from[1]));
          cuts.push(`${x.toFixed(1)} ${y.toFixed(1)}`);
        }
        for (let i = 0; i + 1 < cuts.length; i += 2) path += `M${cuts[i]}L${cuts[i + 1]}`;
      }
    }
    return path;
  };

  return { grid, colour, probability, contour };
})();

// Runs before anything is painted, so that a chosen dark page never flashes white.
(function () {
  "use strict";
  let chosen = null;
  try {
    chosen = localStorage.getItem("formation-mlp-theme");
  } catch { /* storage may be forbidden; then the system decides */ }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();

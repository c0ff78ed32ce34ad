"use strict";
/**
 * The pages of the lecture that move: plain scripts, loaded in order, without a server and without a network.
 *
 * Every file adds one name to `live`. Scripts are not modules, because browsers load no modules from a disk.
 */
const live = { data: {} };

/** Build a page's figure in its place, `<figure class="live" id="live-NAME">`; on other pages do nothing. */
live.start = (name, build) => {
  const host = document.getElementById(`live-${name}`);
  if (!host) return;
  host.replaceChildren();
  build(host);
  // Plots are drawn when their size is known, which is before the second of these frames.
  requestAnimationFrame(() => requestAnimationFrame(() => (host.dataset.ready = "yes")));
};

/** Addresses after the hash: #predict/Fe2O3?scale=mp2020 names a view, what it shows, and how. */

/**
 * Return the parts of an address.
 *
 * parse("#predict/Fe2O3?scale=mp2020") is {view: "predict", what: "Fe2O3", query: {scale: "mp2020"}}.
 */
export function parse(hash) {
  const [path, search = ""] = splitOnce(hash.replace(/^#/, ""), "?");
  const [view, what = ""] = splitOnce(path, "/");
  return { view, what: decoded(what), query: Object.fromEntries(new URLSearchParams(search)) };
}

/** Return an address; words that are empty are left out. */
export function format(view, what = "", query = {}) {
  const words = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const search = new URLSearchParams(words).toString();
  const name = encodeURIComponent(what).replaceAll("%2C", ",").replaceAll("%28", "(").replaceAll("%29", ")").replaceAll("%2F", "/");
  return `#${view}${what ? `/${name}` : ""}${search ? `?${search}` : ""}`;
}

/** Put an address into the bar without a step in the history. */
export function replace(view, what, query) {
  history.replaceState(null, "", format(view, what, query));
}

/** Put it there with one, and without telling the view, which shows it already. */
export function push(view, what, query) {
  const address = format(view, what, query);
  if (address !== location.hash) history.pushState(null, "", address);
}

function splitOnce(text, sign) {
  const place = text.indexOf(sign);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + 1)];
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

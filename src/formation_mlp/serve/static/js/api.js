/** The REST interface of the service, and its errors in the words of the command line. */

const ROOT = "api/v1";
const KEY = "formation-mlp-token";

/** What the service answered instead of an answer: problem details (RFC 9457). */
export class Problem extends Error {
  constructor(content, status) {
    super(content.detail ?? "The service did not say why.");
    this.title = content.title ?? "The service did not answer";
    this.status = status;
  }
}

export const get = (path, signal) => ask(path, { signal });
export const remove = (path) => ask(path, { method: "DELETE" });

/** Send JSON. */
export function post(path, body, signal) {
  return ask(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" }, signal });
}

/** Send a form with files. */
export const send = (path, form, signal) => ask(path, { method: "POST", body: form, signal });

/** Return the answer to a request: its JSON, or null where it has none. */
async function ask(path, options) {
  const answer = await raw(path, options);
  if (answer.status === 204) return null;
  return answer.json();
}

/** Return a file of the service as a blob. */
export async function blob(path, signal) {
  return (await raw(path, { signal })).blob();
}

/** Return a file of the service as text. */
export async function text(path, signal) {
  return (await raw(path, { signal })).text();
}

async function raw(path, options) {
  let answer;
  try {
    answer = await fetch(`${ROOT}/${path}`, { ...options, headers: { ...options.headers, ...authorization() } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ title: "The service is not there",
      detail: "No answer came. See whether formation-mlp serve still runs, then try again." }, 0);
  }
  if (answer.ok) return answer;
  if (answer.status === 401 && await askedForToken()) return raw(path, options);
  throw new Problem(await content(answer), answer.status);
}

async function content(answer) {
  try {
    return await answer.json();
  } catch {
    return { title: `The service answered ${answer.status}`, detail: answer.statusText };
  }
}

/** Send a large file and tell how much of it has left. Rejects with a Problem. */
export function upload(path, form, onprogress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
    request.open("POST", `${ROOT}/${path}`);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && onprogress(event.loaded / event.total);
    request.onload = () => {
      const answer = parsed(request.responseText);
      if (request.status < 300) resolve(answer);
      else reject(new Problem(answer ?? {}, request.status));
    };
    request.onerror = () => reject(new Problem({ title: "The file was not sent", detail: "The connection broke off." }, 0));
    request.onabort = () => reject(new DOMException("given up", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** Return whether requests carry a token. */
export const hasToken = () => sessionStorage.getItem(KEY) !== null;

function authorization() {
  const token = sessionStorage.getItem(KEY);
  return token ? { authorization: `Bearer ${token}` } : {};
}

let asking = null;

/** Ask for the token, once for all requests that wait for it; it is kept until the tab is closed. */
function askedForToken() {
  asking ??= import("./token.js").then((module) => module.askForToken(KEY)).finally(() => { asking = null; });
  return asking;
}

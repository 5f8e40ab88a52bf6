// What the page asks its server. All of it is here, so that one file says what the page knows of routes.

import { h } from "./dom.js";
import { opened } from "./dialog.js";

const KEY = "phago-token";

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let asking = null;

// One dialog for however many requests wait for a token.
function token() {
  asking ??= new Promise((resolve) => {
    const field = h("input", { type: "password", autocomplete: "off", required: true });
    const dialog = opened("This memory wants a token", [
      h("p", { class: "soft" }, "It is what the server was started with. It stays in this tab until that is closed."),
      h("label", { class: "field" }, h("span", {}, "Token"), field),
      h("div", { class: "row end" }, h("button", { class: "first" }, "Go on")),
    ]);
    dialog.addEventListener("close", () => {
      if (field.value.trim()) sessionStorage.setItem(KEY, field.value.trim());
      asking = null;
      resolve(Boolean(field.value.trim()));
    });
  });
  return asking;
}

export async function send(method, path, body, options = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const known = sessionStorage.getItem(KEY);
  if (known) headers.Authorization = `Bearer ${known}`;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The server does not answer. Is it still running?");
  }
  if (answer.status === 401) {
    // Another request may have got a new one meanwhile.
    if (sessionStorage.getItem(KEY) === known) sessionStorage.removeItem(KEY);
    if (sessionStorage.getItem(KEY) || (await token())) return send(method, path, body, options);
    throw new Refused(401, "Without its token the memory says nothing. Load the page again to enter it.");
  }
  if (options.raw && answer.ok) return answer;
  const said = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, message(said) ?? `The server refused (${answer.status}).`);
  return said;
}

// A problem as RFC 9457 has it.
const message = (said) => (typeof said?.detail === "string" ? said.detail : undefined);

const get = (path, options) => send("GET", path, undefined, options);
const part = encodeURIComponent;
// An id may hold slashes, which are parts of a path.
const id = (text) => text.split("/").map(part).join("/");

export const stats = () => get("v1/stats");
export const query = (question, options) => send("POST", "v1/query", question, options);
export const explain = (text, id) => send("POST", "v1/explain", { text, id });
export const similar = (key, k) => get(`v1/similar/${id(key)}?k=${k}`);
export const suggest = (prefix, options) => get(`v1/suggest?prefix=${part(prefix)}&k=8`, options);
export const map = () => get("v1/pictures/map");
export const around = (concept) => get(`v1/pictures/around/${id(concept)}`);
export const backbone = () => get("v1/pictures/graph");
export const documents = (after, limit) => get(`v1/documents?limit=${limit}${after === null ? "" : `&after=${part(after)}`}`);
export const document = (key) => get(`v1/documents/${id(key)}`);
export const put = (key, fields) => send("PUT", `v1/documents/${id(key)}`, fields);
export const add = (fields) => send("POST", "v1/documents", fields);
export const remove = (key) => send("DELETE", `v1/documents/${id(key)}`);
export const run = () => send("POST", "v1/run", {});
export const ticks = (last) => get(`v1/ticks?last=${last}`);

// Events as the server sends them, until the signal says to stop. EventSource could not send a token.
export async function events(tell, signal) {
  const answer = await send("GET", "v1/events", undefined, { raw: true, signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const data = block.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
      if (data) tell(JSON.parse(data));
    }
  }
}

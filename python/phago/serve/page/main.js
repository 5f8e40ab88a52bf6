// Which view is shown, and the line that says how the memory is.

import * as api from "./api.js";
import { h, count, counted } from "./dom.js";
import { search } from "./search.js";
import { map } from "./map.js";
import { walk } from "./walk.js";
import { growth } from "./growth.js";
import { documents } from "./documents.js";

const VIEWS = { search, map, walk, growth, documents };
const main = document.getElementById("main");
const said = document.getElementById("said");
let stop = null;

export function say(text) {
  said.textContent = "";
  // A text that is set twice is read twice only if it was gone in between.
  requestAnimationFrame(() => (said.textContent = text));
}

export const link = (view, ...parts) => `#/${[view, ...parts.map(encodeURIComponent)].join("/")}`;

export function problem(error) {
  return h("p", { class: "note bad", role: "alert" }, error.message);
}

export async function status() {
  const stats = await api.stats();
  const waiting = stats.pending ? ` (${count(stats.pending)} to digest)` : "";
  document.getElementById("status").textContent = `${counted(stats.documents, "document")}${waiting}, ${counted(stats.nodes, "concept")}, tick ${count(stats.tick)}`;
  return stats;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function show(event) {
  const [name, ...parts] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  const view = Object.hasOwn(VIEWS, name) ? name : "search";
  document.querySelectorAll(".views a").forEach((one) => {
    if (one.hash === `#/${view}`) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  });
  stop?.abort();
  const mine = (stop = new AbortController());
  const place = h("div", { class: "view" });
  main.replaceChildren(place);
  document.title = `${view[0].toUpperCase()}${view.slice(1)} · phago`;
  // Whoever comes by a link inside the page begins to read at the top of the new view.
  if (event) main.focus({ preventScroll: true }), scrollTo(0, 0);
  try {
    await VIEWS[view](place, parts, mine.signal);
  } catch (error) {
    if (!mine.signal.aborted) place.append(problem(error));
  }
}

addEventListener("hashchange", show);
show();
status().catch(() => {});

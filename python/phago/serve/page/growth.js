// How the memory grew, tick by tick, while one watches.

import * as api from "./api.js";
import { h, s, count, counted, waiting } from "./dom.js";
import { problem, say, status } from "./main.js";

const LAST = 500;
const EVENTS = 40;
const AGAIN_MS = 2000;
const CHARTS = { digested: "documents digested", nodes: "concepts", edges: "synapses" };

export async function growth(place, _, signal) {
  const charts = h("div", { class: "charts" }), happened = h("ol", { class: "events" }), wrong = h("div", {});
  const run = h("button", { class: "first" }, "Digest what waits");
  const lead = h("p", { class: "lead" }), latest = [];
  run.addEventListener("click", async () => {
    run.disabled = true;
    wrong.replaceChildren();
    try {
      await api.run();
      say("Digested");
      await refresh();
    } catch (error) {
      wrong.replaceChildren(problem(error));
    }
    run.disabled = false;
  });
  place.append(
    h("h1", {}, "How it grows"),
    h("div", { class: "row" }, run, lead),
    wrong,
    charts,
    h("section", { class: "stack", "aria-label": "What happened" }, h("h2", {}, "What happened, the latest first"), happened),
  );
  await refresh();
  listen();

  async function refresh() {
    const [now, before] = await Promise.all([status(), api.ticks(LAST)]);
    if (signal.aborted) return;
    const rows = [...(before.items ?? before.ticks ?? before)];
    if (rows.at(-1)?.tick !== now.tick) rows.push(now);
    lead.textContent = now.pending ? `${waiting(now.pending)}.` : `Nothing waits at tick ${count(now.tick)}.`;
    charts.replaceChildren(...Object.entries(CHARTS).map(([key, noun]) => chart(noun, rows.filter((row) => row[key] !== undefined && row[key] !== null).map((row) => [row.tick, row[key]]))));
  }

  // A burst of events is one look at the numbers.
  async function listen() {
    let due = null;
    const soon = () => (due ??= setTimeout(() => ((due = null), refresh().catch(() => {})), 250));
    while (!signal.aborted) {
      try {
        await api.events((event) => (told(event), soon()), signal);
      } catch {
        // The server may be gone for a while.
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      if (!signal.aborted) await refresh().catch(() => {});
    }
    clearTimeout(due);
  }

  // Whoever begins to listen is told of thousands at once; only the latest are shown.
  function told(event) {
    if (event.tick === undefined || event.what === undefined) return;
    if (latest.length === 0) requestAnimationFrame(paint);
    latest.push(event);
  }

  function paint() {
    const fresh = latest.splice(0).slice(-EVENTS).reverse();
    happened.prepend(...fresh.map((event) => h("li", {}, h("span", { class: "soft number" }, `tick ${count(event.tick)}`), h("span", {}, sentence(event)))));
    while (happened.childElementCount > EVENTS) happened.lastChild.remove();
  }
}

function sentence({ what, kind, document, concept, count: many, text }) {
  if (what === "wired") return `${counted(many, "more synapse")} than before`;
  if (what === "faded") return `${counted(many, "synapse")} fewer than before`;
  if (what === "engulfed") return `A digester took ${document}`;
  if (what === "presented") return `The concepts of ${document} were presented`;
  if (what === "spawned" || what === "died") return `${kind === "digester" ? "A digester" : kind} ${what === "died" ? "ended" : "began"}`;
  const who = kind ? `${kind[0].toUpperCase()}${kind.slice(1)} ` : "";
  return [`${who}${what}`, document ?? concept, text, many === null || many === undefined ? null : count(many)].filter(Boolean).join(": ");
}

function chart(noun, rows) {
  const [first, last] = [rows[0] ?? [0, 0], rows.at(-1) ?? [0, 0]];
  const top = Math.max(1, ...rows.map(([, value]) => value)), width = Math.max(1, last[0] - first[0]);
  const points = rows.map(([tick, value]) => `${(100 * (tick - first[0])) / width},${(40 - (38 * value) / top).toFixed(2)}`);
  const curve = points.length > 1 ? `M${points.join(" L")}` : "";
  return h(
    "section",
    { class: "chart", "aria-label": `${noun}: from ${count(first[1])} at tick ${first[0]} to ${count(last[1])} at tick ${last[0]}` },
    h("h2", {}, noun, h("b", {}, count(last[1]))),
    curve
      ? s("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none", "aria-hidden": "true" }, s("line", { class: "ground", x1: 0, x2: 100, y1: 40, y2: 40 }), s("path", { class: "area", d: `${curve} L100,40 L0,40 Z` }), s("path", { class: "curve", d: curve }))
      : null,
    curve
      ? h("p", { class: "ends" }, h("span", {}, `tick ${count(first[0])}`), h("span", {}, `tick ${count(last[0])}`))
      : h("p", { class: "ends" }, "Drawn from the next tick on: the server saw none yet."),
  );
}

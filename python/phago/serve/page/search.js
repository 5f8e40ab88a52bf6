// A question, the documents that answer it, and why.

import * as api from "./api.js";
import { h, count, counted, points, short, waiting } from "./dom.js";
import { link, problem, say } from "./main.js";
import { read } from "./documents.js";

const PARTS = ["lexical", "concepts", "bridge", "context", "similar", "newer"];
const K = 10;
const BESIDE = 140;
const LEAST = 0.1;

export async function search(place, [asked, like], signal) {
  const field = h("input", { type: "search", "aria-label": "Question", placeholder: "Ask the memory", value: asked && !like ? asked : "", autocomplete: "off", spellcheck: "false", enterkeyhint: "search" });
  const answers = h("div", { class: "view" });
  const form = h("form", { class: "ask narrow", role: "search" }, field, h("button", { class: "first" }, "Ask"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const question = field.value.trim();
    if (question && link("search", question) === location.hash) answer(question);
    else if (question) location.hash = link("search", question);
  });
  place.append(h("h1", { class: asked ? "unseen" : "" }, "What would you like to know?"), form, answers);
  if (!asked) {
    field.focus();
    answers.append(h("p", { class: "lead" }, "Every answer comes with what its score is made of, and with the way that led from the question to it."));
    return;
  }
  if (asked === "like" && like) await alike(like);
  else await answer(asked);

  async function answer(question) {
    document.title = `${short(question, 60)} · phago`;
    await shown(question, api.query({ text: question, k: K }, { signal }), null);
  }

  async function alike(id) {
    await shown(id, api.similar(id, K), id);
  }

  async function shown(question, asked, id) {
    let hits;
    try {
      hits = await asked;
    } catch (error) {
      if (!signal.aborted) answers.replaceChildren(problem(error));
      return;
    }
    const items = hits?.items ?? [];
    const says = id === null ? counted(items.length, "answer") : `${counted(items.length, "document")} most like ${id}`;
    say(says);
    const more = hits?.pending ? ` ${waiting(hits.pending)}, and already found by words.` : "";
    answers.replaceChildren(h("p", { class: "soft small" }, `${says}.${more}`));
    if (!items.length) return void answers.append(await nothing(question, id));
    const best = Math.max(...items.map((hit) => hit.score), 1e-9);
    answers.append(h("ol", { class: "hits", "aria-label": "Answers" }, items.map((hit) => h("li", {}, card(hit, question, best, id)))));
  }

  async function nothing(question, id) {
    if (id !== null) return h("p", { class: "note" }, "No document is like this one.");
    const why = await api.explain(question).catch(() => null);
    const unknown = why?.unknown?.length ? ` No document has ${why.unknown.map((word) => `“${word}”`).join(", ")}.` : "";
    return h("p", { class: "note" }, `Nothing answers this${why?.nothing ? `: ${why.nothing}` : ""}.${unknown}`);
  }
}

function card(hit, question, best, id) {
  // Function words give next to nothing, and would be marked everywhere.
  const most = Math.max(...hit.path.words.map((share) => share.points), 0);
  const words = hit.path.words.filter((share) => share.points >= most * LEAST);
  const found = [...words.map((share) => share.read_as ?? share.word), ...hit.path.concepts.map((share) => share.label)];
  const title = hit.title || short(hit.text.trim().split("\n")[0], 70);
  const place = hit.thread === null ? null : h("span", {}, `${hit.thread}, place ${count(hit.place)}`);
  return h(
    "article",
    { class: "hit" },
    h(
      "div",
      {},
      h("h2", {}, h("button", { class: "link", onclick: () => read(hit.id, hit) }, title)),
      h("p", { class: "where" }, h("span", {}, hit.id), place, hit.digested === null ? h("span", {}, "waits to be digested") : null),
      passage(hit, found),
      h("p", {}, h("a", { class: "small", href: link("search", "like", hit.id), "aria-label": `Documents like ${title}` }, "More like this")),
    ),
    h("div", {}, score(hit, best), ways(hit, words), id === null ? why(hit, question) : null),
  );
}

// The best passage, what stands around it, and in it the words that led here.
function passage(hit, words) {
  let [start, end] = hit.span;
  if (start >= end) [start, end] = [0, Math.min(hit.text.length, 400)];
  // Spans count code points, as Python does.
  const text = [...hit.text];
  const before = text.slice(Math.max(0, start - BESIDE), start).join(""), after = text.slice(end, end + BESIDE).join("");
  return h(
    "p",
    { class: "passage" },
    before ? h("span", { class: "beside" }, start > BESIDE ? "… " : "", before) : null,
    marked(text.slice(start, end).join(""), words),
    after ? h("span", { class: "beside" }, after, end + BESIDE < text.length ? " …" : "") : null,
  );
}

// Forms of a word begin alike: "moves" for "moving". Short words must be the same.
function marked(text, words) {
  const stems = words.map((word) => word.toLowerCase()).map((word) => (word.length > 4 ? word.slice(0, Math.max(4, word.length - 3)) : word));
  const fits = (word) => stems.some((stem) => (stem.length < 4 ? word === stem : word.startsWith(stem) && word.length <= stem.length + 6));
  return text.split(/([\p{L}\p{N}]+)/u).map((piece, at) => (at % 2 && fits(piece.toLowerCase()) ? h("mark", {}, piece) : piece));
}

function score(hit, best) {
  const parts = PARTS.map((name) => [name, hit.parts[name]]).filter(([, value]) => value);
  const pieces = parts.filter(([, value]) => value > 0).map(([name, value]) => {
    const piece = h("i", { class: name });
    piece.style.width = `${(100 * value) / best}%`;
    return piece;
  });
  return h(
    "div",
    { class: "score" },
    h("div", { class: "bar", "aria-hidden": "true" }, pieces),
    h("p", { class: "legend" }, h("b", {}, `Score ${points(hit.score)}`), parts.map(([name, value]) => h("span", {}, h("i", { class: name, "aria-hidden": "true" }), `${name} ${points(value)}`))),
  );
}

// From the question's words over concepts to the document.
function ways(hit, words) {
  const { concepts, bridges, context } = hit.path;
  const section = (says, ...rest) => h("div", { class: "way" }, h("h3", { class: "soft small" }, says), rest);
  const plain = (text) => h("span", { class: "chip" }, text);
  const row = (...chips) => h("p", { class: "ways" }, chips);
  return [
    words.length ? section("Words of the question", row(words.map((share) => plain(share.read_as ? `${share.word} → ${share.read_as}` : share.word)))) : null,
    concepts.length
      ? section("Concepts they led to", row(concepts.map((share) => h("a", { class: "chip", href: link("walk", share.label), title: `lit by ${share.words.map((word) => word.word).join(", ")}` }, share.label))))
      : null,
    bridges.length ? section("Documents that name it", row(bridges.slice(0, 3).map((share) => plain(short(share.title || share.seed, 50))))) : null,
    context.length ? section("Neighbours in its thread", row(context.map((share) => plain(share.id)))) : null,
  ];
}

function why(hit, question) {
  const place = h("div", {});
  const details = h("details", {}, h("summary", {}, "Every point of it"), place);
  details.addEventListener("toggle", async () => {
    if (!details.open || place.childElementCount) return;
    try {
      place.replaceChildren(points_of(await api.explain(question, hit.id)));
    } catch (error) {
      place.replaceChildren(problem(error));
    }
  });
  return details;
}

function points_of(told) {
  const rows = [
    ...told.words.map((share) => ["word", share.read_as ? `${share.word}, read as ${share.read_as}` : share.word, share.points]),
    ["title", "words of the question in it", told.title],
    ["title", "the question mentions it whole", told.named],
    ...told.concepts.map((share) => ["concept", share.label, share.points]),
    ...told.bridges.map((share) => ["bridge", share.title || share.seed, share.points]),
    ...told.context.map((share) => ["context", share.id, share.points]),
    ["context", "the question names who says it", told.speaker],
    ["similar", "vectors of question and document", told.parts.similar],
    ["newer", "its time", told.parts.newer],
  ].filter(([, , value]) => value);
  const head = h("tr", {}, h("th", { scope: "col" }, "part"), h("th", { scope: "col" }, "from"), h("th", { scope: "col", class: "number" }, "points"));
  return h(
    "table",
    {},
    h("caption", {}, `${points(told.score)} points${told.unknown.length ? `; no document has ${told.unknown.join(", ")}` : ""}`),
    h("thead", {}, head),
    h("tbody", {}, rows.map(([part, from, value]) => h("tr", {}, h("td", {}, part), h("td", {}, from), h("td", { class: "number" }, Number(value).toFixed(3))))),
  );
}

// A concept among its neighbours; going to one of them makes it the middle.

import * as api from "./api.js";
import { h, count, counted } from "./dom.js";
import { link, say } from "./main.js";
import { picture } from "./picture.js";

const TRAIL = "phago-trail";
const LONGEST = 8;

export async function walk(place, [concept], signal) {
  const words = h("datalist", { id: "words" });
  const field = h("input", { type: "text", list: "words", "aria-label": "Concept", placeholder: "Begin with a concept", value: concept ?? "", autocomplete: "off", spellcheck: "false" });
  const form = h("form", { class: "ask narrow" }, field, words, h("button", { class: "first" }, "Go"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim()) location.hash = link("walk", field.value.trim());
  });
  field.addEventListener("input", async () => {
    const begun = field.value.trim();
    if (!/^[\p{L}\p{N}]+$/u.test(begun)) return;
    const found = await api.suggest(begun, { signal }).catch(() => []);
    words.replaceChildren(...(found.items ?? found).map((one) => h("option", { value: one.word })));
  });
  const below = h("div", { class: "view" }, h("p", { class: "note", role: "status" }, "Reading the graph …"));
  place.append(h("h1", {}, concept ? h("span", {}, "Around ", h("i", {}, concept)) : "From concept to concept"), form, below);
  const go = (node) => (location.hash = link("walk", node.label));
  if (!concept) {
    const data = await api.backbone();
    if (signal.aborted) return;
    if (!data.nodes.length) return below.replaceChildren(h("p", { class: "lead" }, "There are no concepts that occur together more often than by chance yet."));
    data.caption = "The concepts whose occurring together is farthest from chance. Choose one to walk on from it.";
    return below.replaceChildren(picture(data, { label: "The strongest pairs of the whole graph.", verb: "goes there", pick: go }));
  }
  let data;
  try {
    data = await api.around(concept);
  } catch (error) {
    if (error.status !== 404) throw error;
    return below.replaceChildren(h("p", { class: "note" }, `There is no concept “${concept}”. A word becomes one when a document that has it is digested.`));
  }
  if (signal.aborted) return;
  document.title = `${data.center} · phago`;
  const middle = data.nodes[0];
  data.caption = `${data.center} is in ${counted(middle.documents, "document")}. Thicker lines: more documents of both, and a larger share.`;
  say(`${data.center}, ${counted(data.nodes.length - 1, "concept")} around it`);
  below.replaceChildren(
    ...trail(data.center),
    h("div", { class: "two" }, picture(data, { label: `${data.center} and what it is wired to.`, verb: "goes there", pick: go }), list(data)),
  );
}

function trail(center) {
  const walked = JSON.parse(sessionStorage.getItem(TRAIL) ?? "[]").filter((label) => label !== center).slice(-LONGEST + 1);
  sessionStorage.setItem(TRAIL, JSON.stringify([...walked, center]));
  return walked.length
    ? [h("nav", { "aria-label": "Where you were" }, h("ol", { class: "trail small" }, walked.map((label) => h("li", {}, h("a", { href: link("walk", label) }, label))), h("li", { "aria-current": "page" }, center)))]
    : [];
}

function list(data) {
  const ties = data.links.filter((tie) => tie.ends[0] === 0).sort((one, other) => other.strength - one.strength);
  const strongest = Math.max(1e-9, ...ties.map((tie) => tie.strength));
  return h(
    "section",
    { class: "side stack", "aria-label": `What ${data.center} is wired to` },
    h("h2", {}, `Wired to ${count(data.wired)}; the strongest`),
    h("ol", { class: "list" }, ties.map((tie) => {
      const meter = h("i", {});
      meter.style.width = `${100 * Math.sqrt(tie.strength / strongest)}%`;
      const { label } = data.nodes[tie.ends[1]];
      return h("li", {}, h("a", { href: link("walk", label) }, label), h("span", { class: "soft small number" }, `${counted(tie.documents, "document")}`), h("span", { class: "meter", "aria-hidden": "true" }, meter));
    })),
    h("p", {}, h("a", { href: link("search", data.center) }, `Ask for ${data.center}`)),
  );
}

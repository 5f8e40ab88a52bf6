// A graph that is a file of its own: the picture, a field that finds concepts in it, and the chosen one's neighbours.

import { h, count, counted } from "./dom.js";
import { described, picture } from "./picture.js";

const data = JSON.parse(document.getElementById("data").textContent);
const place = document.getElementById("picture"), said = document.getElementById("said");

if (data.nodes.length) {
  const side = h("section", { class: "side stack", "aria-label": "The chosen concept" });
  const drawn = picture(data, { label: "Concepts and what they are wired to.", verb: "chooses it", pick: choose });
  const known = h("datalist", { id: "known" }, data.nodes.map(({ label }) => h("option", { value: label })));
  const field = h("input", { type: "text", list: "known", "aria-label": "Find a concept", placeholder: "Find a concept", autocomplete: "off", spellcheck: "false" });
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    const found = wanted && (data.nodes.find(({ label }) => label.toLowerCase() === wanted) ?? data.nodes.find(({ label }) => label.toLowerCase().startsWith(wanted)));
    if (found) choose(found);
  });
  place.append(h("div", { class: "ask narrow" }, field, known), h("div", { class: "two" }, drawn, side));
  choose(data.nodes[0]);

  function choose(node) {
    const at = data.nodes.indexOf(node);
    const ties = data.links.filter((tie) => tie.ends.includes(at)).sort((one, other) => other.strength - one.strength);
    drawn.dispatchEvent(new CustomEvent("choose", { detail: at }));
    said.textContent = described(node);
    side.replaceChildren(
      h("h3", {}, node.label),
      h("p", { class: "soft small" }, `${counted(node.documents, "document")}, ${counted(node.synapses, "synapse")}`),
      h("ol", { class: "list", "aria-label": `Links of ${node.label} in this picture` }, ties.map((tie) => {
        const other = data.nodes[tie.ends.find((end) => end !== at)];
        return h("li", {}, h("button", { class: "link", type: "button", onclick: () => choose(other) }, other.label), h("span", { class: "soft small number" }, `in ${count(tie.documents)}`));
      })),
    );
  }
}

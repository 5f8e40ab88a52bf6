// The clusters of concepts, and how they hang together.

import * as api from "./api.js";
import { h, count, counted } from "./dom.js";
import { link, say } from "./main.js";
import { picture } from "./picture.js";
import { read } from "./documents.js";

export async function map(place, _, signal) {
  place.append(h("h1", {}, "What belongs together"), h("p", { class: "note", role: "status" }, "Looking for clusters … In a large memory this takes some seconds, once for each tick."));
  const data = await api.map();
  if (signal.aborted) return;
  place.lastChild.remove();
  if (!data.nodes.length) {
    place.append(h("p", { class: "lead" }, "Nothing here is more than chance yet. Clusters appear once concepts occur together in several documents."));
    return;
  }
  const left = data.clusters - data.nodes.length;
  const more = left ? ` Shown are the ${data.nodes.length} clusters of most documents, of ${count(data.clusters)}.` : "";
  data.caption = "Larger discs have more documents, thicker lines more evidence. Choose a cluster.";
  const drawn = picture(data, { label: "Map of clusters.", verb: "chooses it", pick: choose });
  const side = h("section", { class: "side stack", "aria-label": "The chosen cluster", "aria-live": "polite" });
  place.append(
    h("p", { class: "lead" }, `${counted(data.clusters, "cluster")} in ${counted(data.documents, "document")}, at tick ${count(data.tick)}.${more}`),
    h("div", { class: "two" }, drawn, side),
  );
  choose(data.nodes[0], false);

  function choose(cluster, loud = true) {
    const at = data.nodes.indexOf(cluster);
    const ties = data.links.filter((tie) => tie.ends.includes(at));
    drawn.dispatchEvent(new CustomEvent("choose", { detail: at }));
    if (loud) say(`Cluster ${cluster.label}`);
    side.replaceChildren(
      h("h3", {}, cluster.label),
      h("p", { class: "soft small" }, `${counted(cluster.documents, "document")}, ${counted(cluster.concepts, "concept")}, first seen at tick ${count(cluster.since)}`),
      section("Strongest concepts", h("p", { class: "ways" }, cluster.strongest.map((label) => h("a", { class: "chip", href: link("walk", label) }, label)))),
      cluster.examples.length ? section("Documents near its centre", h("ul", { class: "list" }, cluster.examples.map((id) => h("li", {}, h("button", { class: "link", onclick: () => read(id) }, id))))) : null,
      ties.length ? section("Linked with", h("ul", { class: "list" }, ties.map((tie) => tied(tie, data.nodes[tie.ends.find((end) => end !== at)])))) : null,
    );
  }

  function tied(tie, other) {
    const over = tie.bridges.length ? h("span", { class: "soft small" }, `over ${tie.bridges.join(", ")}`) : h("span", { class: "soft small" }, counted(tie.pairs, "pair"));
    return h("li", {}, h("button", { class: "link", onclick: () => choose(other) }, other.label), over);
  }
}

const section = (title, ...rest) => h("div", {}, h("h2", {}, title), rest);

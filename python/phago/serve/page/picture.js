// A picture of nodes and links: dragged, zoomed, walked by keys. Places come with the data, from -1 to 1 both ways.

import { h, s, counted, short } from "./dom.js";

const FAR = 4;
const SEEN = 12;
const NARROW = 480;

// What a node says of itself, for captions and for who listens instead of looking.
export function described(node) {
  const documents = counted(node.documents, "document");
  const more = node.concepts === undefined ? counted(node.synapses, "synapse") : counted(node.concepts, "concept");
  return `${node.label}: ${documents}, ${more}`;
}

export function picture(data, { label, pick, verb }) {
  const canvas = document.createElement("canvas").getContext("2d");
  const links = s("g", { "aria-hidden": "true" });
  const names = s("g", { "aria-hidden": "true" });
  const nodes = s("g");
  const svg = s("svg", { role: "group", "aria-label": label, class: data.kind }, links, names, nodes);
  const caption = h("p", { class: "caption" });
  const about = `${label} Arrow keys go from one to the next, Enter ${verb}, plus and minus zoom.`;
  const hint = h("p", { class: "unseen" }, about);
  let width = 0, height = 0, zoom = 1, shift = [0, 0], current = 0;

  const most = Math.max(1, ...data.nodes.map((node) => node.documents));
  const strongest = Math.max(1e-9, ...data.links.map((link) => link.strength));
  // On a narrow page the second ring would be a thicket.
  const isThin = () => data.kind === "around" && width < NARROW;
  const near = data.nodes.map(() => new Set());
  for (const { ends: [one, other] } of data.links) near[one].add(other), near[other].add(one);

  const drawnLinks = data.links.map((link) => {
    const strength = Math.sqrt(link.strength / strongest);
    const line = s("line", { class: link.pairs === 0 ? "tie only" : "tie", "stroke-width": (0.7 + 4.3 * strength).toFixed(2) });
    links.append(line);
    let name = null;
    if (link.bridges?.length) {
      name = s("text", { class: "name" }, short(link.bridges[0], 20));
      names.append(name);
    }
    return { link, line, name };
  });
  const drawn = data.nodes.map((node, at) => {
    const middle = data.kind === "around" && at === 0;
    const rank = middle ? "middle" : node.hop > 1 ? "far" : "first";
    const text = s("text", {}, short(node.label, 24));
    const share = Math.sqrt(node.documents / most);
    const group = s(
      "g",
      {
        class: `node ${data.kind === "map" ? "" : rank}`,
        role: "button",
        tabindex: at === 0 ? 0 : -1,
        "aria-label": described(node),
        onclick: () => pick(node),
        onfocus: () => look(at),
        onblur: () => look(null),
        onpointerenter: () => look(at),
        onpointerleave: () => look(null),
      },
      // The last one is what fingers meet, which are wider than dots.
      ["halo", "dot", "reach"].map((name) => s("circle", { class: name })),
      text,
    );
    return { node, group, text, share, rank, radius: 0 };
  });
  // Later is above: what matters most is drawn last.
  for (const one of [...drawn].reverse()) nodes.append(one.group);

  const place = ({ x, y }) => {
    const wide = width / 2 - Math.min(110, width * 0.16), high = height / 2 - 40, by = zoom * (isThin() ? 1.7 : 1);
    return [width / 2 + shift[0] + x * wide * by, height / 2 + shift[1] + y * high * by];
  };

  function sized() {
    const largest = data.kind === "map" ? Math.min(46, Math.max(18, width * 0.05)) : 11;
    for (const one of drawn) {
      one.radius = one.rank === "middle" ? 10 : Math.max(3, largest * one.share * (one.node.hop > 1 ? 0.7 : 1));
      const [halo, dot, reach] = one.group.children;
      halo.setAttribute("r", (one.radius + 5).toFixed(1));
      dot.setAttribute("r", one.radius.toFixed(1));
      reach.setAttribute("r", Math.max(one.radius, SEEN).toFixed(1));
      one.group.classList.toggle("gone", isThin() && one.node.hop > 1);
    }
    for (const { link, line } of drawnLinks) line.classList.toggle("gone", link.ends.some((end) => drawn[end].group.classList.contains("gone")));
  }

  const isGone = (at) => drawn[at].group.classList.contains("gone");

  function arrange() {
    const places = data.nodes.map(place);
    for (const { link, line, name } of drawnLinks) {
      const [[x1, y1], [x2, y2]] = link.ends.map((end) => places[end]);
      for (const [key, value] of Object.entries({ x1, y1, x2, y2 })) line.setAttribute(key, value.toFixed(1));
      name?.setAttribute("x", ((x1 + x2) / 2).toFixed(1));
      name?.setAttribute("y", ((y1 + y2) / 2).toFixed(1));
    }
    const taken = places.map(([x, y], at) => isGone(at) ? [-9, -9, -9, -9] : [x - drawn[at].radius, y - drawn[at].radius, x + drawn[at].radius, y + drawn[at].radius]);
    drawn.forEach(({ group }, at) => group.setAttribute("transform", `translate(${places[at].map((value) => value.toFixed(1)).join(" ")})`));
    drawn.forEach((one, at) => letter(one, places[at], taken, at));
    for (const { link, name } of drawnLinks) {
      if (!name) continue;
      const [[x1, y1], [x2, y2]] = link.ends.map((end) => places[end]);
      canvas.font = getComputedStyle(name).font;
      const half = canvas.measureText(name.textContent).width / 2 + 2;
      const box = [(x1 + x2) / 2 - half, (y1 + y2) / 2 - 9, (x1 + x2) / 2 + half, (y1 + y2) / 2 + 9];
      const free = !taken.some((other) => overlap(box, other));
      name.style.display = free ? "" : "none";
      if (free) taken.push(box);
    }
  }

  // A word stands where there is room for it, or is left out until somebody looks at its node.
  function letter({ group, text, radius, rank }, [x, y], taken, own) {
    if (isGone(own)) return;
    canvas.font = getComputedStyle(text).font;
    const wide = canvas.measureText(text.textContent).width, half = rank === "middle" ? 11 : 9;
    const right = x >= width / 2 - 1;
    const beside = (away) => (away ? [[radius + 5, 0, "start"], [-radius - 5, 0, "end"]] : [[-radius - 5, 0, "end"], [radius + 5, 0, "start"]]);
    const above = [[0, radius + half + 3, "middle"], [0, -radius - half - 3, "middle"]];
    const tries = rank === "middle" || data.kind === "map" ? [...above, ...beside(right)] : [...beside(right), ...above];
    const boxes = tries.map(([dx, dy, anchor]) => {
      const left = x + dx - (anchor === "start" ? 0 : anchor === "end" ? wide : wide / 2);
      return [left - 1, y + dy - half, left + wide + 1, y + dy + half];
    });
    const inside = (box) => box[0] >= 4 && box[2] <= width - 4 && box[1] >= 2 && box[3] <= height - 2;
    const found = boxes.findIndex((box) => inside(box) && !taken.some((other, at) => at !== own && overlap(box, other)));
    const best = found < 0 ? Math.max(0, boxes.findIndex(inside)) : found;
    const [dx, dy, anchor] = tries[best];
    text.setAttribute("x", dx.toFixed(1));
    text.setAttribute("y", dy.toFixed(1));
    text.setAttribute("text-anchor", anchor);
    group.classList.toggle("hidden", found < 0);
    if (found >= 0) taken.push(boxes[found]);
  }

  function look(at) {
    svg.classList.toggle("looking", at !== null);
    caption.textContent = at === null ? idle() : described(data.nodes[at]);
    drawn.forEach(({ group }, other) => group.classList.toggle("seen", at !== null && (at === other || near[at].has(other))));
    for (const { link, line, name } of drawnLinks) {
      const seen = at !== null && link.ends.includes(at);
      line.classList.toggle("seen", seen);
      name?.classList.toggle("seen", seen);
    }
  }

  const idle = () => data.caption ?? "";

  function zoomed(by, [x, y] = [width / 2, height / 2]) {
    const next = Math.min(8, Math.max(0.5, zoom * by)), share = next / zoom;
    shift = [x - width / 2 - (x - width / 2 - shift[0]) * share, y - height / 2 - (y - height / 2 - shift[1]) * share];
    zoom = next;
    arrange();
  }

  const whole = () => ((zoom = 1), (shift = [0, 0]), arrange());

  function focus(at) {
    drawn[current].group.setAttribute("tabindex", -1);
    current = at;
    drawn[at].group.setAttribute("tabindex", 0);
    drawn[at].group.focus({ preventScroll: true });
  }

  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  svg.addEventListener("keydown", (event) => {
    const way = ways[event.key], at = drawn.findIndex(({ group }) => group === document.activeElement);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (way && at >= 0) {
      const [x, y] = place(data.nodes[at]);
      // The nearest one in that direction; what lies aside counts twice.
      const far = data.nodes.map((node, other) => {
        const [dx, dy] = [place(node)[0] - x, place(node)[1] - y];
        const along = dx * way[0] + dy * way[1], aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
        return other === at || isGone(other) || along <= 0.5 || aside > along * 2.5 ? Infinity : along + 2 * aside;
      });
      const best = far.indexOf(Math.min(...far));
      if (far[best] < Infinity) focus(best);
    } else if ((event.key === "Enter" || event.key === " ") && at >= 0) pick(data.nodes[at]);
    else if (event.key === "Home") focus(0);
    else if (event.key === "+" || event.key === "=") zoomed(1.3);
    else if (event.key === "-") zoomed(1 / 1.3);
    else if (event.key === "0") whole();
    else return;
    event.preventDefault();
  });

  let held = null;
  svg.addEventListener("pointerdown", (event) => {
    held = { from: [event.clientX, event.clientY], begin: [...shift], moved: false };
  });
  svg.addEventListener("pointermove", (event) => {
    if (!held || event.buttons === 0) return;
    const way = [event.clientX - held.from[0], event.clientY - held.from[1]];
    if (!held.moved && Math.hypot(...way) < FAR) return;
    if (!held.moved) svg.setPointerCapture(event.pointerId);
    held.moved = true;
    svg.classList.add("moving");
    shift = [held.begin[0] + way[0], held.begin[1] + way[1]];
    arrange();
  });
  for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, () => svg.classList.remove("moving"));
  // A drag that ends on a node picks nothing.
  svg.addEventListener("click", (event) => {
    if (held?.moved) event.stopPropagation();
    held = null;
  }, { capture: true });
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoomed(Math.exp(-event.deltaY / 300), [event.clientX - box.left, event.clientY - box.top]);
  }, { passive: false });

  const button = (sign, says, does) => h("button", { type: "button", "aria-label": says, title: says, onclick: does }, sign);
  const frame = h("div", { class: "picture" }, svg);
  const tools = h("div", { class: "zoom" }, button("−", "Zoom out", () => zoomed(1 / 1.3)), button("+", "Zoom in", () => zoomed(1.3)), button("All", "Show all", whole));
  new ResizeObserver(([entry]) => {
    width = entry.contentRect.width;
    height = Math.round(Math.min(640, Math.max(340, width * 0.68)));
    if (width === 0) return;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    sized();
    arrange();
  }).observe(frame);
  look(null);
  const made = h("div", {}, hint, frame, h("div", { class: "below" }, caption, tools));
  // A node that was chosen elsewhere stays marked here.
  made.addEventListener("choose", ({ detail }) => {
    drawn.forEach(({ group }, at) => group.classList.toggle("chosen", at === detail));
  });
  return made;
}

function overlap(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

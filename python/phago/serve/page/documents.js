// What the memory holds: read, added, changed, deleted.

import * as api from "./api.js";
import { cancel, confirmed, opened } from "./dialog.js";
import { h, count, short } from "./dom.js";
import { link, problem, say, status } from "./main.js";

const PAGE = 25;

export async function documents(place, _, signal) {
  const list = h("ul", { class: "documents" }), more = h("button", {}, "Show more"), wrong = h("div", {});
  const add = h("button", { class: "first", onclick: () => edit(null, fresh) }, "Add a document");
  let last = null;
  place.append(h("h1", {}, "What it holds"), h("div", { class: "row" }, add), wrong, list, h("div", { class: "row" }, more));
  more.addEventListener("click", () => page().catch((error) => wrong.replaceChildren(problem(error))));
  await page();

  async function page() {
    const found = await api.documents(last, PAGE + 1);
    if (signal.aborted) return;
    const rows = found.items ?? found.documents ?? found;
    const at = list.childElementCount;
    list.append(...rows.slice(0, PAGE).map((row) => h("li", {}, entry(row))));
    last = rows.slice(0, PAGE).at(-1)?.id ?? last;
    more.hidden = rows.length <= PAGE;
    if (!list.childElementCount) wrong.replaceChildren(h("p", { class: "lead" }, "Nothing yet. Add a document here, or let ", h("code", {}, "phago ingest"), " take in a folder."));
    // Who pressed the button goes on with what it brought.
    if (at) list.children[at]?.querySelector("button")?.focus();
  }

  async function fresh() {
    last = null;
    list.replaceChildren();
    wrong.replaceChildren();
    await Promise.all([page(), status()]);
  }

  function entry(row) {
    const title = row.title || short(row.text.trim().split("\n")[0], 80);
    return [
      h("h2", {}, h("button", { class: "link", onclick: () => read(row.id, row) }, title)),
      h("p", { class: "begin" }, h("span", { class: "small" }, row.id), " · ", begin(row)),
      h(
        "div",
        { class: "tools" },
        h("button", { class: "quiet", "aria-label": `Edit ${title}`, onclick: () => edit(row, fresh) }, "Edit"),
        h("button", { class: "quiet danger", "aria-label": `Delete ${title}`, onclick: (event) => gone(row, event.currentTarget) }, "Delete"),
      ),
    ];
  }

  async function gone(row, button) {
    if (!(await confirmed(`Delete ${row.id}?`, "Its text leaves at once, and with the next tick all that it wired.", "Delete"))) return;
    try {
      await api.remove(row.id);
      const item = button.closest("li"), next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      (next?.querySelector("button") ?? add).focus();
      say(`${row.id} is deleted`);
      await status();
    } catch (error) {
      wrong.replaceChildren(problem(error));
    }
  }
}

// Many texts begin with their title.
function begin({ title, text }) {
  const rest = title && text.startsWith(title) ? text.slice(title.length).trim() : text;
  return short(rest || text, 260);
}

// A document as it stands, whole.
export async function read(id, known) {
  try {
    const row = await api.document(id);
    const facts = { id: row.id, thread: row.thread, place: row.place, time: row.time, expires: row.expires, digested: row.digested === null ? "waits" : `tick ${count(row.digested)}`, ...row.metadata };
    const shown = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined);
    opened(row.title || short(row.text.trim().split("\n")[0], 80), [
      h("div", { class: "body", tabindex: 0, role: "group", "aria-label": "Text" }, row.text),
      h("dl", { class: "facts" }, shown.map(([name, value]) => [h("dt", {}, name), h("dd", {}, Array.isArray(value) ? value.join(", ") : String(value))])),
      h("div", { class: "row end" }, h("a", { class: "button", href: link("search", "like", row.id), onclick: (event) => event.currentTarget.closest("dialog").close() }, "More like this"), h("button", { class: "first" }, "Close")),
    ]);
  } catch (error) {
    opened(known?.title || id, [problem(error), h("div", { class: "row end" }, h("button", {}, "Close"))]);
  }
}

// What is not shown here stays as it is: an update replaces the whole document.
function edit(row, done) {
  const id = h("input", { type: "text", autocomplete: "off" });
  const title = h("input", { type: "text", value: row?.title ?? "" });
  const text = h("textarea", { class: "text", rows: 10, required: true, autofocus: row !== null });
  const metadata = h("textarea", { class: "code", rows: 3, spellcheck: "false" });
  text.value = row?.text ?? "";
  text.setSelectionRange(0, 0);
  metadata.value = row && Object.keys(row.metadata ?? {}).length ? JSON.stringify(row.metadata, null, 2) : "";
  const field = (says, input) => h("label", { class: "field" }, h("span", {}, says), input);
  opened(
    row ? `Edit ${row.id}` : "Add a document",
    [
      row ? null : field("Id (made of the content if there is none)", id),
      field("Title", title),
      field("Text", text),
      field("Metadata, as JSON", metadata),
      h("div", { class: "row end" }, cancel(), h("button", { class: "first" }, row ? "Save" : "Add")),
    ],
    async () => {
      const kept = Object.fromEntries(["expires", "thread", "place", "time", "vector"].filter((name) => row?.[name] !== null && row?.[name] !== undefined).map((name) => [name, row[name]]));
      const fields = { ...kept, title: title.value, text: text.value, metadata: parsed(metadata.value) };
      if (row) await api.put(row.id, fields);
      else if (id.value.trim()) await api.add({ ...fields, id: id.value.trim() });
      else await api.add(fields);
      say(row ? `${row.id} is changed` : "The document is added");
      await done();
    },
  );
}

function parsed(text) {
  if (!text.trim()) return {};
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("The metadata is not JSON. An object is accepted, such as {\"year\": 2024}.");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error("The metadata is no object. Accepted is one such as {\"year\": 2024}.");
  return value;
}

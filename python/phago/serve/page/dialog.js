// Dialogs: what they show is given, Escape and the form close them, and focus goes back to where it was.

import { h } from "./dom.js";

let number = 0;

export function opened(title, children, submit) {
  const name = `dialog-${++number}`, wrong = h("p", { class: "note bad", role: "alert", hidden: true });
  const form = h("form", { method: "dialog" }, h("h1", { id: name }, title), children, wrong);
  const dialog = h("dialog", { "aria-labelledby": name }, form);
  form.addEventListener("submit", async (event) => {
    // What a form sends never leaves this page by itself.
    event.preventDefault();
    const buttons = [...form.querySelectorAll("button")];
    buttons.forEach((button) => (button.disabled = true));
    try {
      await submit?.();
      dialog.close("done");
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
    } finally {
      buttons.forEach((button) => (button.disabled = false));
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export const cancel = () => h("button", { type: "button", onclick: (event) => event.currentTarget.closest("dialog").close() }, "Cancel");

// Whether somebody means it.
export function confirmed(title, says, verb) {
  return new Promise((resolve) => {
    const dialog = opened(title, [
      h("p", {}, says),
      h("div", { class: "row end" }, cancel(), h("button", { class: "danger" }, verb)),
    ]);
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "done"));
  });
}

// What is said to the person: in passing, aloud for a screen reader, and as a
// question.

import { h, type Child } from "./dom";
import { t } from "./words";

// announce lets a screen reader say it; urgent interrupts what it reads.
export function announce(text: string, urgent = false): void {
  const region = document.getElementById(urgent ? "urgent" : "polite")!;
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50); // a change is read, the same text again is not
  setTimeout(() => { if (region.textContent === text) region.textContent = ""; }, 10_000);
}

let toastTimer = 0;

// toast says something in passing.
export function toast(text: string, bad = false): void {
  document.querySelector(".toast")?.remove();
  document.body.append(h("div", { class: bad ? "toast bad" : "toast", "aria-hidden": "true" }, text));
  announce(text, bad);
  clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => document.querySelector(".toast")?.remove(), 4500);
}

interface Question {
  title: string;
  text?: Child;
  yes: string;
  danger?: boolean;
  field?: { label: string; value: string; must?: string; maxlength?: number }; // must: what has to be typed
}

// ask puts a question in a dialog and resolves to what was typed, "" without a
// field, or null for no. The browser keeps the focus inside and gives it back.
export function ask(q: Question): Promise<string | null> {
  const input = q.field && h("input", { id: "asked", value: q.field.value, autocomplete: "off", spellcheck: "false", dir: "auto", maxlength: q.field.maxlength ?? 100, required: true });
  const yes = h("button", { type: "submit", class: q.danger ? "danger" : "main" }, q.yes);
  const no = h("button", { type: "button", on: { click: () => dialog.close("no") } }, t("cancel"));
  const dialog = h("dialog", { class: "question", "aria-labelledby": "question-title", "aria-describedby": q.text ? "question-text" : undefined },
    h("form", { on: { submit: (e) => { e.preventDefault(); dialog.close("yes"); } } },
      h("h2", { id: "question-title" }, q.title),
      q.text && h("p", { id: "question-text" }, q.text),
      input && h("p", {}, h("label", { for: "asked" }, q.field!.label), input),
      h("div", { class: "buttons" }, no, yes)));
  if (input && q.field!.must !== undefined) {
    const check = () => { yes.disabled = input.value.trim() !== q.field!.must; };
    input.addEventListener("input", check);
    check();
  }
  document.body.append(dialog);
  dialog.showModal();
  (input ?? (q.danger ? no : yes)).focus();
  if (input && q.field!.value) input.select();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    dialog.remove();
    resolve(dialog.returnValue === "yes" ? (input?.value.trim() ?? "") : null);
  }));
}

// busy keeps a button from being pressed twice while something runs.
export async function busy(button: HTMLButtonElement, work: () => Promise<void>): Promise<void> {
  if (button.disabled) return;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}

// What stands between this person and the server's operators: the terms of
// service, calls that are held back because the account is new, and a ban.

import type { Standing, Terms } from "./engine";
import { h } from "./dom";
import { explain } from "./load";
import { ask, busy, toast } from "./say";
import { state } from "./state";
import { t } from "./words";

const mostSaid = 2000; // characters

// termsField is the part of the first page in which the terms are read and
// accepted. It shows nothing where there are none.
export function termsField(): { element: HTMLElement; missing: () => HTMLInputElement | null } {
  const element = h("div", { hidden: true });
  let box: HTMLInputElement | null = null;
  void state.engine.terms().then((terms) => {
    if (terms.version === "") return;
    box = h("input", { type: "checkbox", id: "terms", "aria-describedby": "wrong", on: { change: () => void state.engine.acceptTerms(box!.checked ? terms.sha256 : "") } });
    element.replaceChildren(
      h("details", {}, h("summary", {}, t("terms_read")), termsText(terms)),
      h("div", { class: "check" }, box, h("label", { for: "terms" }, t("terms_accept", { version: terms.version }))));
    element.hidden = false;
  }).catch(() => {}); // the server says it again when one joins
  return { element, missing: () => (box && !box.checked ? box : null) };
}

function termsText(terms: Terms): HTMLElement {
  return h("span", { class: "terms-text", tabindex: 0, role: "document", "aria-label": t("terms_read"), dir: "auto" }, terms.text);
}

// lookAtStanding tells the person what has changed, and asks. Whatever is answered,
// messages can be read.
export async function lookAtStanding(): Promise<void> {
  let s: Standing;
  try {
    s = await state.engine.standing();
  } catch {
    return; // asked again at the next start
  }
  if (!s.accepted) await askForTerms();
  const told = `held ${s.ban}`;
  if (s.held && !s.appealed && localStorage.getItem(told) === null) {
    localStorage.setItem(told, "told");
    await sayAboutHeld(s);
  }
}

async function askForTerms(): Promise<void> {
  const terms = await state.engine.terms();
  if (await ask({ title: t("terms_new"), text: h("span", {}, t("terms_new_text"), termsText(terms)), yes: t("terms_yes") }) === null) return;
  try {
    await state.engine.acceptTerms(terms.sha256);
    toast(t("saved"));
  } catch (error) {
    toast(explain(error), true);
  }
}

async function sayAboutHeld(s: Standing): Promise<void> {
  const said = await ask({ title: t("held_you"), text: t("held_you_text", { id: s.ban }), yes: t("held_you_send"), field: { label: t("held_you_say"), value: "", maxlength: mostSaid } });
  if (!said) return;
  try {
    await state.engine.object(said);
    toast(t("held_you_said"));
  } catch (error) {
    toast(explain(error), true);
  }
}

// standingCard is the part of the settings that says why calls do not ring; it
// stays away where they do.
export function standingCard(): HTMLElement {
  const card = h("section", { class: "card", "aria-labelledby": "held-title", hidden: true });
  void state.engine.standing().then((s) => {
    if (!s.held) return;
    card.hidden = false;
    card.replaceChildren(h("h2", { id: "held-title" }, t("held_you")), h("p", {}, t("held_you_text", { id: s.ban })),
      s.appealed ? h("p", { class: "hint" }, t("held_you_said")) : h("button", { type: "button", id: "held-say", on: { click: () => void sayAboutHeld(s) } }, t("held_you_say")));
  }).catch(() => {});
  return card;
}

// closedPage is what a banned person sees, with the way to object; null when the
// account is not banned.
export async function closedPage(): Promise<HTMLElement | null> {
  try {
    await state.engine.standing();
    return null;
  } catch (error) {
    const e = error as { code?: string; message?: string };
    if (e.code !== "banned" && e.code !== "banned_appealed") return null;
    return closed(e.message ?? "", e.code === "banned");
  }
}

function closed(message: string, canObject: boolean): HTMLElement {
  const id = /B-\d{4}-[\da-f-]+/.exec(message)?.[0] ?? "", until = /until (\d{4}-\d\d-\d\d)/.exec(message)?.[1];
  const heading = h("h1", { tabindex: -1 }, t("banned"));
  const text = h("textarea", { id: "objection", rows: 5, maxlength: mostSaid, dir: "auto", required: true });
  const send = h("button", { type: "submit", class: "main" }, t("held_you_send"));
  const answer = h("p", { role: "status" }, canObject ? "" : t("held_you_said"));
  const form = h("form", { class: "objection", hidden: !canObject, on: { submit: (e) => { e.preventDefault(); void busy(send, object); } } },
    h("label", { for: "objection" }, t("banned_object")), text, send);
  async function object(): Promise<void> {
    try {
      await state.engine.object(text.value.trim());
      form.hidden = true;
      answer.textContent = t("held_you_said");
    } catch (error) {
      answer.textContent = explain(error);
    }
  }
  setTimeout(() => heading.focus());
  return h("main", { class: "opening stopped" }, h("span", { class: "ring-mark still", "aria-hidden": "true" }), heading,
    h("p", {}, until ? t("banned_text", { id, until }) : t("banned_text_long", { id })), form, answer);
}

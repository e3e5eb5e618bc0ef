// The safety number of one conversation, to be compared by two people, and
// what can be done about the contact.

import { h, kept, picture, pictured, sentence, theirs } from "./dom";
import { explain } from "./load";
import { ask, busy, toast } from "./say";
import { rename } from "./settings";
import { go, home } from "./shell";
import { state } from "./state";
import { raw, t } from "./words";


export function safetyPane(account: string, signal: AbortSignal): HTMLElement {
  const body = h("div", { class: "sheet" });
  let shown = "";
  const draw = () => {
    const c = state.contact(account);
    if (!c) return home();
    const shows = JSON.stringify([c.name, c.username, c.state, c.keysChanged, c.verified]);
    if (shows === shown) return;
    shown = shows;
    void fill(body, account);
  };
  state.on("contacts", signal, draw);
  draw();
  const name = state.contact(account)?.name ?? "";
  return h("section", { class: "side", "aria-label": t("safety") },
    h("header", { class: "bar" }, pictured("back", t("back"), () => go({ at: "chat", account }), { class: "back always", "data-first": true }), h("h2", {}, theirs(name))),
    h("div", { class: "scroll" }, body));
}

let drawn = 0;

async function fill(body: HTMLElement, account: string): Promise<void> {
  const turn = ++drawn;
  const safety = await state.engine.safety(account).catch((error: unknown) => explain(error));
  const c = state.contact(account);
  if (!c || turn !== drawn) return;
  const focused = body.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.key : undefined;
  const same = h("button", { type: "button", class: c.verified ? "" : "main", "data-key": "same" }, c.verified ? t("safety_undo") : t("safety_same"));
  same.addEventListener("click", () => void busy(same, () => confirm(account, !c.verified)));
  const edit = h("button", { type: "button", "data-key": "edit", on: { click: () => void rename(c) } }, picture("edit"), t("rename", { name: c.name }));
  const remove = h("button", { type: "button", class: "quiet-danger", "data-key": "remove", on: { click: () => void removeContact(account) } }, t("remove"));
  body.replaceChildren(...kept([
    c.keysChanged && h("div", { class: "notice bad", role: "alert" }, h("h2", {}, picture("warn"), t("keys_changed_title", { name: c.name })), h("p", {}, t("keys_changed_text"))),
    h("div", { class: "card safety" },
      h("h2", {}, t("safety")),
      h("p", {}, ...sentence(raw("safety_text"), { name: theirs(c.name) })),
      ...(typeof safety === "string" ? [h("p", { class: "wrong" }, safety)] : [
        h("div", { class: "number" },
          h("img", { class: "qr", alt: t("safety_qr"), src: "data:image/svg+xml;utf8," + encodeURIComponent(safety.qr), width: 200, height: 200 }),
          h("p", { class: "digits", dir: "ltr", id: "digits" }, ...safety.digits.split(/\s+/).map((g) => h("span", {}, g + " ")))),
        h("p", { class: c.verified && !c.keysChanged ? "compared-line good" : "compared-line", id: "compared" }, c.verified && !c.keysChanged ? picture("shield") : picture("warn"), t(c.verified && !c.keysChanged ? "safety_done" : "safety_not")),
        h("div", { class: "buttons" }, same),
      ])),
    h("div", { class: "card" },
      h("h2", {}, ...sentence(raw("more"), { name: theirs(c.name) })),
      h("p", { class: "quiet" }, theirs(c.username), " · ", t("settings_names_text")),
      h("div", { class: "buttons" }, edit, remove)),
  ]));
  if (focused) body.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus();
}

async function confirm(account: string, compared: boolean): Promise<void> {
  try {
    await state.engine.confirmKeys(account, compared);
    await state.refreshContacts();
  } catch (error) {
    toast(explain(error), true);
  }
}

async function removeContact(account: string): Promise<void> {
  const c = state.contact(account);
  if (!c || await ask({ title: t("remove_sure", { name: c.name }), text: t("remove_text"), yes: t("remove"), danger: true }) === null) return;
  try {
    await state.engine.remove(account);
    await state.refreshContacts();
    if (state.current === account) home();
  } catch (error) {
    toast(explain(error), true);
  }
}

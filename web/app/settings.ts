// Names of contacts, the language, signing out and deleting the account.

import type { Contact } from "./engine";
import { face, h, kept, pictured, theirs } from "./dom";
import { explain } from "./load";
import { ask, toast } from "./say";
import { securityCard } from "./notice";
import { home } from "./shell";
import { standingCard } from "./standing";
import { state } from "./state";
import { allLanguages, language, setLanguage, t } from "./words";

export function settingsPane(signal: AbortSignal): HTMLElement {
  const names = h("div", {});
  const draw = () => names.replaceChildren(...contactNames());
  state.on("contacts", signal, draw);
  draw();
  return h("section", { class: "side", "aria-labelledby": "settings-title" },
    h("header", { class: "bar" }, pictured("back", t("back"), home, { class: "back always", "data-first": true }), h("h2", { id: "settings-title" }, t("settings"))),
    h("div", { class: "scroll" }, h("div", { class: "sheet" },
      h("section", { class: "card", "aria-labelledby": "you-title" },
        h("h2", { id: "you-title" }, t("settings_you")),
        h("div", { class: "me" }, face(state.me.name), h("p", {}, theirs(state.me.name, "strong"), h("span", { class: "hint" }, t("settings_server"), ": ", h("bdi", { dir: "ltr" }, new URL(state.me.server).host))))),
      standingCard(),
      securityCard(signal),
      h("section", { class: "card", "aria-labelledby": "language-title" }, h("h2", { id: "language-title" }, t("settings_language")), languageSwitch()),
      h("section", { class: "card", "aria-labelledby": "names-title" }, h("h2", { id: "names-title" }, t("settings_names")), h("p", { class: "hint" }, t("settings_names_text")), names),
      h("section", { class: "card", "aria-labelledby": "leave-title" },
        h("h2", { id: "leave-title" }, t("account_part")),
        h("div", { class: "buttons start" },
          h("button", { type: "button", id: "sign-out", on: { click: () => void signOut() } }, t("sign_out")),
          h("button", { type: "button", id: "delete", class: "quiet-danger", on: { click: () => void deleteAccount() } }, t("delete")))))));
}

function contactNames(): HTMLElement[] {
  const contacts = state.contacts.filter((c) => c.state === "accepted" || c.state === "ended");
  if (contacts.length === 0) return [h("p", {}, t("settings_none"))];
  return [h("ul", { class: "names" }, ...contacts.map((c) => h("li", {}, face(c.name, "small"),
    h("span", { class: "row-text" }, ...kept([h("span", { class: "row-name" }, theirs(c.name)), c.name !== c.username && h("span", { class: "hint" }, theirs(c.username))])),
    pictured("edit", t("rename", { name: c.name }), () => void rename(c)))))];
}

// rename asks for the name under which a contact's call rings.
export async function rename(c: Contact): Promise<void> {
  const name = await ask({ title: t("rename", { name: c.name }), text: t("settings_names_text"), yes: t("save"), field: { label: t("rename_name"), value: c.name } });
  if (!name || name === c.name) return;
  try {
    await state.engine.rename(c.account, name);
    toast(t("saved"));
    await state.refreshContacts();
  } catch (error) {
    toast(explain(error), true);
  }
}

// languageSwitch is a group of radio buttons, each in its own language.
export function languageSwitch(): HTMLElement {
  return h("fieldset", { class: "languages" }, h("legend", { class: "sr" }, t("settings_language")),
    ...allLanguages().map(({ tag, name }) => h("label", { lang: tag },
      h("input", { type: "radio", name: "language", value: tag, checked: tag === language(), on: { change: () => setLanguage(tag) } }), h("bdi", {}, name))));
}

async function signOut(): Promise<void> {
  if (await ask({ title: t("sign_out_sure"), text: t("sign_out_text"), yes: t("sign_out") }) === null) return;
  try {
    await state.engine.signOut();
    state.tell("connection", (state.connection = "signed_out"));
  } catch (error) {
    toast(explain(error), true);
  }
}

async function deleteAccount(): Promise<void> {
  const typed = await ask({
    title: t("delete_sure"), text: t("delete_text"), yes: t("delete"), danger: true,
    field: { label: t("delete_type", { name: state.me.name }), value: "", must: state.me.name },
  });
  if (typed === null) return;
  try {
    await state.engine.deleteAccount();
    location.reload();
  } catch (error) {
    toast(explain(error), true);
  }
}

// The first page: an invite, a name, and keys made on this device.

import { h } from "./dom";
import { explain } from "./load";
import { busy } from "./say";
import { state } from "./state";
import { languageSwitch } from "./settings";
import { termsField } from "./standing";
import { t } from "./words";

// takeInvite reads the code out of the link's fragment, which no server saw,
// and takes it out of the address bar and the history.
export function takeInvite(): string {
  const code = new URLSearchParams(location.hash.slice(1)).get("invite") ?? "";
  if (location.hash) history.replaceState(null, "", location.pathname);
  return code;
}

// welcome resolves when the device belongs to an account.
export function welcome(root: HTMLElement, invite: string): Promise<void> {
  return new Promise((resolve) => draw(root, invite, resolve));
}

function draw(root: HTMLElement, invite: string, done: () => void): void {
  const code = h("input", { id: "invite", value: invite, autocomplete: "off", autocapitalize: "none", spellcheck: "false", dir: "ltr", maxlength: 200, "aria-describedby": "invite-hint wrong" });
  const name = h("input", { id: "name", autocomplete: "username", autocapitalize: "none", spellcheck: "false", dir: "ltr", maxlength: 20, "aria-describedby": "name-hint wrong" });
  const again = h("input", { type: "checkbox", id: "again" });
  const wrong = h("p", { id: "wrong", class: "wrong", role: "alert" });
  const join = h("button", { class: "main wide", type: "submit" }, t("welcome_join"));
  const nameField = h("div", { class: "field" }, h("label", { for: "name" }, t("welcome_name")), name, h("p", { class: "hint", id: "name-hint" }, t("welcome_name_hint")));
  const againText = h("p", { class: "hint", hidden: true }, t("welcome_replace_text"));
  const terms = termsField();
  again.addEventListener("change", () => { nameField.hidden = terms.element.hidden = again.checked; againText.hidden = !again.checked; });

  const refuse = (field: HTMLInputElement, text: string) => {
    field.setAttribute("aria-invalid", "true");
    wrong.textContent = text;
    field.focus();
  };
  const submit = (e: Event) => {
    e.preventDefault();
    wrong.textContent = "";
    for (const f of root.querySelectorAll("[aria-invalid]")) f.removeAttribute("aria-invalid");
    const chosen = again.checked ? "" : name.value.trim();
    if (!again.checked && !/^[a-z0-9_]{3,20}$/.test(chosen)) return refuse(name, t("welcome_name_wrong"));
    const unread = again.checked ? null : terms.missing();
    if (unread) return refuse(unread, t("terms_must"));
    void busy(join, async () => {
      join.textContent = t("welcome_joining");
      try {
        state.me = await state.engine.register(code.value.trim(), chosen);
        done();
      } catch (error) {
        wrong.textContent = explain(error);
        join.textContent = t("welcome_join");
      }
    });
  };

  root.replaceChildren(h("main", { class: "welcome" },
    h("div", { class: "welcome-card" },
      h("p", { class: "brand" }, h("span", { class: "ring-mark still", "aria-hidden": "true" }), "Ringfence"),
      h("h1", {}, t("welcome_title")),
      h("p", { class: "lead" }, t("welcome_text")),
      h("form", { novalidate: true, on: { submit } },
        h("div", { class: "field", hidden: invite !== "" }, h("label", { for: "invite" }, t("welcome_invite")), code, h("p", { class: "hint", id: "invite-hint" }, t("welcome_invite_hint"))),
        nameField,
        terms.element,
        wrong,
        join,
        h("div", { class: "check" }, again, h("label", { for: "again" }, t("welcome_replace"))),
        againText),
      h("p", { class: "hint keys" }, t("welcome_keys")),
      languageSwitch())));
  (invite ? name : code).focus();
}

// Where a message is written. What is not sent yet stays with its conversation
// until the page is closed.

import type { Contact, Message } from "./engine";
import { h, pictured } from "./dom";
import { explain } from "./load";
import { toast } from "./say";
import { state } from "./state";
import { number, t } from "./words";

const longest = 32_768; // bytes of UTF-8: docs/protocol.md, Content
const drafts = new Map<string, string>();

export function composer(c: Contact, sent: (m: Message) => void): HTMLElement {
  const text = h("textarea", { rows: 1, id: "write", "data-first": true, enterkeyhint: "send", placeholder: t("message"), "aria-label": t("message_to", { name: c.name }), "aria-describedby": "write-wrong" });
  const wrong = h("p", { class: "wrong", id: "write-wrong", role: "alert" });
  const button = pictured("send", t("send"), () => void submit(), { class: "send" });
  text.value = drafts.get(c.account) ?? "";
  const fit = () => {
    drafts.set(c.account, text.value);
    if (text.value === "") text.removeAttribute("dir"); // empty, it stands as the page does
    else text.dir = "auto";
    button.disabled = text.value.trim() === "";
    text.style.blockSize = "auto";
    text.style.blockSize = `${Math.min(text.scrollHeight + 2, 160)}px`;
    wrong.textContent = "";
  };
  const submit = async () => {
    const written = text.value.trim();
    const over = new TextEncoder().encode(written).length - longest;
    if (written === "") return;
    if (over > 0) {
      wrong.textContent = t("too_long", { n: number(over) });
      return;
    }
    text.value = "";
    fit();
    text.focus();
    try {
      sent(await state.engine.send(c.account, written));
    } catch (error) {
      toast(explain(error), true);
      if (text.value === "") text.value = written;
      fit();
    }
    void state.refreshContacts();
  };
  text.addEventListener("input", fit);
  text.addEventListener("keydown", (e) => {
    // Enter sends, Shift with Enter begins a line; not while an input method composes.
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      void submit();
    }
  });
  // Some keyboards send the line break by itself after the key.
  text.addEventListener("keypress", (e) => { if (e.key === "Enter" && !e.shiftKey) e.preventDefault(); });
  requestAnimationFrame(fit);
  return h("form", { class: "composer", on: { submit: (e) => { e.preventDefault(); void submit(); } } }, h("div", { class: "composer-row" }, text, button), wrong);
}

// Telling those who run the server that a call, or a knock, was strange: others
// may have been called by the same people.

import type { Contact, HeldBack } from "./engine";
import { h, type Child } from "./dom";
import { explain } from "./load";
import { ask, busy, toast } from "./say";
import { state } from "./state";
import { clock, day, t } from "./words";

// strangeCall is the button to report a call, or word that it was reported.
export function strangeCall(n: HeldBack): Child {
  if (!n.call) return null;
  return strange(n.call, n.name, n.reported, t("strange_call_title"), t("strange_call_text", { name: n.name, time: `${day(n.at)}, ${clock(n.at)}` }), async () => {
    await state.engine.report(n.call);
    await state.refreshNotices();
  });
}

// strangeKnock is the same of somebody who knocks.
export function strangeKnock(c: Contact): Child {
  return strange(c.account, c.username, c.reported, t("strange_knock_title"), t("strange_knock_text", { name: c.username }), async () => {
    await state.engine.reportKnock(c.account);
    await state.refreshContacts();
  });
}

function strange(id: string, name: string, reported: boolean, title: string, text: string, send: () => Promise<void>): HTMLElement {
  const key = { "data-key": "strange " + id };
  if (reported) return h("span", { class: "tag strange", tabindex: -1, ...key }, t("strange_said"));
  const button = h("button", { type: "button", class: "strange", "aria-label": `${t("strange")}: ${name}`, ...key }, t("strange"));
  button.addEventListener("click", async () => {
    if (await ask({ title, text, yes: t("strange_yes") }) === null) return;
    await busy(button, async () => {
      try {
        await send();
        toast(t("strange_done"));
        document.querySelector<HTMLElement>(`.tag[data-key="${key["data-key"]}"]`)?.focus(); // stands where the button was
      } catch (error) {
        toast(explain(error), true);
      }
    });
  });
  return button;
}

// Calls to this person, in plain words: missed, held back, answered and declined.

import type { HeldBack } from "./engine";
import { face, h, keepFocus, kept, picture, pictured, theirs } from "./dom";
import { go, home } from "./shell";
import { state } from "./state";
import { strangeCall } from "./strange";
import { clock, day, number, t } from "./words";

export function missedPane(signal: AbortSignal): HTMLElement {
  const list = h("ul", { class: "notices" });
  const empty = h("p", { class: "nobody" }, t("missed_empty"));
  const draw = () => {
    const notices = [...state.notices].sort((a, b) => b.at - a.at);
    keepFocus(list, () => list.replaceChildren(...notices.map(row)));
    empty.hidden = notices.length > 0;
  };
  state.on("notices", signal, draw);
  draw();
  return h("section", { class: "side", "aria-labelledby": "missed-title" },
    h("header", { class: "bar" }, pictured("back", t("back"), home, { class: "back always", "data-first": true }), h("h2", { id: "missed-title" }, t("missed"))),
    h("div", { class: "scroll" }, h("div", { class: "sheet" }, empty, list)));
}

// what says what became of a call.
export function what(n: HeldBack): HTMLElement {
  const words = { held_back: "held", campaign: "held", new_account: "held", missed: "missed", answered: "answered", declined: "declined", expired: "missed" } as const;
  const drawn = { held_back: "shield", campaign: "shield", new_account: "shield", missed: "missed", answered: n.media, declined: "hangup", expired: "missed" } as const;
  return h("p", { class: "what " + words[n.kind] }, picture(drawn[n.kind]), t(`${words[n.kind]}_${n.media}`), n.count > 1 && ` · ${t("times", { n: number(n.count) })}`);
}

function row(n: HeldBack): HTMLElement {
  if (n.kind === "expired") return expired(n);
  const known = state.contact(n.account), why = n.kind === "held_back" ? t("held_text") : n.kind === "campaign" ? t("held_campaign_text") : n.kind === "new_account" && t("held_new_text");
  const actions = kept([
    strangeCall(n),
    known?.state === "accepted" && h("button", { type: "button", on: { click: () => go({ at: "chat", account: n.account }) } }, t("message")),
  ]);
  return h("li", { class: why ? "card call-notice held" : "card call-notice" },
    face(n.name),
    h("div", { class: "row-text" },
      h("p", { class: "row-name" }, theirs(n.name)),
      what(n),
      why && h("p", { class: "hint" }, why),
      h("p", { class: "hint" }, h("time", { datetime: new Date(n.at).toISOString() }, `${day(n.at)}, ${clock(n.at)}`)),
      actions.length > 0 && h("div", { class: "buttons start" }, ...actions)));
}

function expired(n: HeldBack): HTMLElement {
  return h("li", { class: "card call-notice" },
    h("div", { class: "row-text" },
      h("p", { class: "what" }, picture("missed"), t("expired")),
      h("p", { class: "hint" }, t("expired_text", { n: number(n.count) })),
      h("p", { class: "hint" }, h("time", { datetime: new Date(n.at).toISOString() }, `${day(n.at)}, ${clock(n.at)}`))));
}

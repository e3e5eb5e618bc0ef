// Calls that were missed, and those that were held back, in plain words.

import type { HeldBack } from "./engine";
import { face, h, picture, pictured, theirs } from "./dom";
import { go, home } from "./shell";
import { state } from "./state";
import { clock, day, number, t } from "./words";

export function missedPane(signal: AbortSignal): HTMLElement {
  const list = h("ul", { class: "notices" });
  const empty = h("p", { class: "nobody" }, t("missed_empty"));
  const draw = () => {
    const notices = [...state.notices].sort((a, b) => b.at - a.at);
    list.replaceChildren(...notices.map(row));
    empty.hidden = notices.length > 0;
  };
  state.on("notices", signal, draw);
  draw();
  return h("section", { class: "side", "aria-labelledby": "missed-title" },
    h("header", { class: "bar" }, pictured("back", t("back"), home, { class: "back always", "data-first": true }), h("h2", { id: "missed-title" }, t("missed"))),
    h("div", { class: "scroll" }, h("div", { class: "sheet" }, empty, list)));
}

function row(n: HeldBack): HTMLElement {
  if (n.kind === "expired") return expired(n);
  const held = n.kind === "held_back";
  const known = state.contact(n.account);
  return h("li", { class: held ? "card call-notice held" : "card call-notice" },
    face(n.name),
    h("div", { class: "row-text" },
      h("p", { class: "row-name" }, theirs(n.name)),
      h("p", { class: "what" }, picture(held ? "shield" : "missed"), t(`${held ? "held" : "missed"}_${n.media}`), n.count > 1 && ` · ${t("times", { n: number(n.count) })}`),
      held && h("p", { class: "hint" }, t("held_text")),
      h("p", { class: "hint" }, h("time", { datetime: new Date(n.at).toISOString() }, `${day(n.at)}, ${clock(n.at)}`))),
    known?.state === "accepted" && h("button", { type: "button", on: { click: () => go({ at: "chat", account: n.account }) } }, t("message")));
}

function expired(n: HeldBack): HTMLElement {
  return h("li", { class: "card call-notice" },
    h("div", { class: "row-text" },
      h("p", { class: "what" }, picture("missed"), t("expired")),
      h("p", { class: "hint" }, t("expired_text", { n: number(n.count) })),
      h("p", { class: "hint" }, h("time", { datetime: new Date(n.at).toISOString() }, `${day(n.at)}, ${clock(n.at)}`))));
}

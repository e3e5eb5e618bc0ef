// The list of people: who knocks, who there is, and the way to find somebody.

import type { Contact } from "./engine";
import { face, h, keepFocus, kept, picture, pictured, sentence, theirs } from "./dom";
import { explain } from "./load";
import { noticeRows } from "./notice";
import { busy, toast } from "./say";
import { go } from "./shell";
import { state } from "./state";
import { strangeKnock } from "./strange";
import { count, number, raw, short, t } from "./words";

// peoplePane is the inner end of the page on a desktop, the whole on a phone.
export function peoplePane(signal: AbortSignal): HTMLElement {
  const connection = h("p", { class: "connection", role: "status" });
  const list = h("div", { class: "lists" });
  const rows = new Rows();
  const missed = h("button", { type: "button", class: "row missed-row", on: { click: () => go({ at: "missed" }) } });
  const drawMissed = () => {
    const n = state.notices.filter((n) => n.kind !== "answered" && n.kind !== "declined").length;
    missed.replaceChildren(...kept([picture("missed"), h("span", { class: "row-name" }, t("missed")), n > 0 && h("span", { class: "badge quiet-badge" }, number(n))]));
  };
  const drawConnection = () => {
    connection.textContent = state.connection === "offline" ? t("offline") : "";
    connection.hidden = state.connection !== "offline";
  };
  const draw = () => keepFocus(list, () => list.replaceChildren(...lists(rows)));
  state.on("contacts", signal, draw);
  state.on("place", signal, draw);
  state.on("security", signal, draw);
  state.on("notices", signal, drawMissed);
  state.on("connection", signal, drawConnection);
  draw();
  drawMissed();
  drawConnection();
  return h("nav", { class: "people", "aria-label": t("people") },
    h("header", { class: "bar" },
      h("h1", { class: "brand" }, h("span", { class: "ring-mark still", "aria-hidden": "true" }), "Ringfence"),
      h("span", { class: "spacer" }),
      pictured("add", t("find"), openFind, { id: "find" }),
      pictured("settings", t("settings"), () => go({ at: "settings" }), { id: "settings" })),
    h("p", { class: "you" }, ...sentence(raw("you_are"), { name: theirs(state.me.name, "strong") })),
    connection, list, missed);
}

// Rows keeps the rows that show the same as before, so that a finger which is
// on one hits it.
class Rows {
  private kept = new Map<string, { shows: string; row: HTMLElement }>();

  of(c: Contact): HTMLElement {
    const key = c.account || c.username;
    const shows = JSON.stringify([c, state.current === c.account]);
    const old = this.kept.get(key);
    if (old?.shows === shows) return old.row;
    const row = contactRow(c);
    this.kept.set(key, { shows, row });
    return row;
  }
}

function lists(rows: Rows): HTMLElement[] {
  const knocks = state.contacts.filter((c) => c.state === "knocked");
  const others = state.contacts.filter((c) => c.state !== "knocked").sort((a, b) => newest(b) - newest(a) || a.name.localeCompare(b.name));
  return kept([
    state.security.notices.length > 0 && h("ul", { class: "notice-rows", "aria-label": t("security_notices") }, ...noticeRows()),
    knocks.length > 0 && h("section", { class: "knocks", "aria-labelledby": "knocks" },
      h("h2", { id: "knocks" }, t("knocks")), h("ul", {}, ...knocks.map(knockRow))),
    others.length > 0
      ? h("ul", { class: "contacts", "aria-label": t("people") }, ...others.map((c) => h("li", {}, rows.of(c))))
      : knocks.length === 0 && h("div", { class: "nobody" }, h("p", {}, t("people_empty")), h("button", { type: "button", class: "main", on: { click: openFind } }, t("find"))),
  ]) as HTMLElement[];
}

const newest = (c: Contact) => c.last?.at ?? 0;

function contactRow(c: Contact): HTMLElement {
  if (c.state === "waiting") {
    return h("div", { class: "row waiting", "data-key": c.username }, face(c.name), h("span", { class: "row-text" },
      h("span", { class: "row-name" }, theirs(c.name)), h("span", { class: "row-last" }, t("waiting"))));
  }
  const here = state.current === c.account;
  return h("button", { type: "button", class: "row", "data-key": c.account, "aria-current": here ? "true" : undefined, on: { click: () => go({ at: "chat", account: c.account }) } },
    face(c.name),
    h("span", { class: "row-text" },
      h("span", { class: "row-name" }, theirs(c.name), c.verified && !c.keysChanged && h("span", { class: "compared", title: t("verified") }, picture("shield"), h("span", { class: "sr" }, ` ${t("verified")}`))),
      h("span", { class: "row-last" }, c.keysChanged ? h("span", { class: "tag bad" }, t("keys_changed_short")) : lastWords(c))),
    h("span", { class: "row-end" },
      c.last && h("span", { class: "row-time" }, short(c.last.at)),
      c.unread > 0 && h("span", { class: "badge" }, h("span", { "aria-hidden": "true" }, number(c.unread)), h("span", { class: "sr" }, count(c.unread, "unread_one", "unread_many")))));
}

function lastWords(c: Contact): HTMLElement {
  if (c.state === "ended") return h("span", {}, t("ended_contact"));
  if (!c.last) return h("span", {}, t("no_messages"));
  const text = c.last.text.replace(/\s+/g, " ").slice(0, 120);
  return c.last.mine ? h("span", {}, ...sentence(raw("you_said"), { text: theirs(text) })) : theirs(text);
}

function knockRow(c: Contact): HTMLElement {
  const accept = h("button", { type: "button", class: "main", "data-key": "accept " + c.account, "aria-label": `${t("accept")}: ${c.username}` }, t("accept"));
  const refuse = h("button", { type: "button", "data-key": "refuse " + c.account, "aria-label": `${t("refuse")}: ${c.username}` }, t("refuse"));
  const decide = (button: HTMLButtonElement, work: () => Promise<void>, said: string) => busy(button, async () => {
    try {
      await work();
      toast(said);
      await state.refreshContacts();
    } catch (error) {
      toast(explain(error), true);
    }
  });
  accept.addEventListener("click", () => void decide(accept, () => state.engine.accept(c.account), t("accepted", { name: c.name })));
  refuse.addEventListener("click", () => void decide(refuse, () => state.engine.remove(c.account), t("refused", { name: c.name })));
  return h("li", { class: "knock" }, face(c.username), h("p", {}, ...sentence(raw("knock_from"), { name: theirs(c.username, "strong") })), h("div", { class: "buttons" }, refuse, accept), strangeKnock(c));
}

// openFind asks for a name and knocks. What comes back is the same whether the
// name exists or not.
function openFind(): void {
  const name = h("input", { id: "find-name", autocomplete: "off", autocapitalize: "none", spellcheck: "false", dir: "ltr", maxlength: 20, "aria-describedby": "find-hint find-wrong" });
  const wrong = h("p", { id: "find-wrong", class: "wrong", role: "alert" });
  const knock = h("button", { type: "submit", class: "main" }, t("find_knock"));
  const submit = (e: Event) => {
    e.preventDefault();
    const wanted = name.value.trim();
    wrong.textContent = "";
    if (!/^[a-z0-9_]{3,20}$/.test(wanted)) {
      wrong.textContent = t("welcome_name_wrong");
      name.focus();
      return;
    }
    void busy(knock, async () => {
      try {
        await state.engine.knock(wanted);
        dialog.close();
        toast(t("knocked_at", { name: wanted }));
        await state.refreshContacts();
      } catch (error) {
        wrong.textContent = explain(error);
      }
    });
  };
  const dialog = h("dialog", { class: "question", "aria-labelledby": "find-title" },
    h("form", { novalidate: true, on: { submit } },
      h("h2", { id: "find-title" }, t("find")),
      h("div", { class: "field" }, h("label", { for: "find-name" }, t("find_name")), name, h("p", { class: "hint", id: "find-hint" }, t("find_hint"))),
      wrong,
      h("div", { class: "buttons" }, h("button", { type: "button", on: { click: () => dialog.close() } }, t("cancel")), knock)));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  name.focus();
}

// A conversation with one person.

import type { Contact, HeldBack, Message } from "./engine";
import { face, h, keepFocus, kept, picture, pictured, theirs } from "./dom";
import { explain } from "./load";
import { composer } from "./composer";
import { what } from "./missed";
import { startCall } from "./phone";
import { announce, ask, toast } from "./say";
import { go, home } from "./shell";
import { state } from "./state";
import { strangeCall } from "./strange";
import { clock, day, t } from "./words";

const page = 50; // messages fetched at a time

export function chatPane(account: string, signal: AbortSignal): HTMLElement {
  const header = h("header", { class: "bar" });
  const warning = h("div", { class: "warning" });
  const log = new Log(account, signal);
  const below = h("div", { class: "below" });
  let mode = "", drawn = "";
  const draw = () => {
    const c = state.contact(account);
    if (!c) return home();
    // Drawn again only for what it shows: whoever is on a button stays there, and a warning is read out once.
    const shows = JSON.stringify([c.name, c.state, c.keysChanged, c.verified]);
    if (shows !== drawn) {
      drawn = shows;
      header.replaceChildren(...heading(c));
      warning.replaceChildren(...kept([c.keysChanged && keysChanged(c)]));
    }
    const wanted = c.state === "ended" ? "ended" : c.keysChanged ? "changed" : c.canWrite ? "write" : "wait";
    if (wanted === mode) return; // what is being written stays
    mode = wanted;
    if (wanted === "write") below.replaceChildren(composer(c, (m) => log.put(m)));
    else below.replaceChildren(...kept([wanted !== "changed" && h("p", { class: "cannot" }, t(wanted === "ended" ? "ended_text" : "not_ready_yet", { name: c.name }))]));
  };
  state.on("contacts", signal, draw);
  draw();
  void log.load();
  return h("section", { class: "chat", "aria-label": t("conversation_with", { name: state.contact(account)?.name ?? "" }) }, header, warning, log.element, below);
}

function heading(c: Contact): Node[] {
  const callable = c.state === "accepted" && !c.keysChanged;
  return kept([
    pictured("back", t("back"), home, { class: "back" }),
    h("button", { type: "button", class: "who", "aria-label": t("safety") + ": " + c.name, on: { click: () => go({ at: "safety", account: c.account }) } },
      face(c.name, "small"),
      h("span", { class: "who-text" }, h("span", { class: "who-name" }, theirs(c.name)),
        h("span", { class: c.verified ? "who-safe good" : "who-safe" }, c.verified && picture("shield"), c.verified ? t("verified") : t("safety_not")))),
    h("span", { class: "spacer" }),
    callable && pictured("sound", t("call_sound", { name: c.name }), () => void startCall(c, "sound"), { id: "call-sound" }),
    callable && pictured("video", t("call_video", { name: c.name }), () => void startCall(c, "video"), { id: "call-video" }),
  ]) as Node[];
}

function keysChanged(c: Contact): HTMLElement {
  document.querySelector(".toast")?.remove(); // nothing in passing stands over a warning
  const trust = async () => {
    if (await ask({ title: t("keys_trust_sure"), text: t("keys_trust_text"), yes: t("keys_trust"), danger: true }) === null) return;
    try {
      await state.engine.confirmKeys(c.account, false);
      await state.refreshContacts();
    } catch (error) {
      toast(explain(error), true);
    }
  };
  return h("div", { class: "notice bad", role: "alert" },
    h("h2", {}, picture("warn"), t("keys_changed_title", { name: c.name })),
    h("p", {}, t("keys_changed_text")),
    h("div", { class: "buttons" },
      h("button", { type: "button", on: { click: () => void trust() } }, t("keys_trust")),
      h("button", { type: "button", class: "main", on: { click: () => go({ at: "safety", account: c.account }) } }, t("keys_compare"))));
}

// Log is the list of messages and of calls, oldest first. A screen reader reads
// what is added.
class Log {
  readonly list = h("ol", { class: "messages", role: "log", "aria-live": "polite", "aria-relevant": "additions", tabindex: 0 });
  readonly earlier = h("button", { type: "button", class: "earlier", hidden: true }, t("earlier"));
  readonly element = h("div", { class: "scroll" }, h("p", { class: "first-words", hidden: true }, t("first_words")), this.earlier, this.list);
  private shown = new Map<string, Message>();
  private loaded = false;

  constructor(private account: string, signal: AbortSignal) {
    this.list.setAttribute("aria-label", t("conversation_with", { name: state.contact(account)?.name ?? "" }));
    this.earlier.addEventListener("click", () => void this.loadEarlier());
    state.on("message", signal, ({ account: of, message }) => {
      if (of !== this.account || !this.loaded) return;
      const fresh = !this.shown.has(message.id);
      this.put(message);
      if (fresh && !message.mine) void this.markRead();
    });
    state.on("notices", signal, () => {
      if (!this.loaded) return;
      const end = this.atEnd();
      this.draw();
      if (end) this.toEnd();
    });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) void this.markRead(); }, { signal });
    // The pane changes its height with the keyboard and the composer: whoever was at the end stays there.
    let end = true;
    this.element.addEventListener("scroll", () => { end = this.atEnd(); }, { passive: true });
    const watch = new ResizeObserver(() => { if (end) this.toEnd(); });
    watch.observe(this.element);
    signal.addEventListener("abort", () => watch.disconnect());
  }

  async load(): Promise<void> {
    try {
      const messages = await state.engine.messages(this.account, 0, page);
      for (const m of messages) this.shown.set(m.id, m);
      this.loaded = true;
      this.earlier.hidden = messages.length < page;
      this.draw();
      this.toEnd();
      await this.markRead();
    } catch (error) {
      toast(explain(error), true);
    }
  }

  // put adds a message, or changes the state of one that is there.
  put(m: Message): void {
    const old = this.shown.get(m.id);
    const end = this.atEnd() || m.mine;
    this.shown.set(m.id, m);
    if (old && old.order === m.order) {
      const row = [...this.list.children].find((e) => (e as HTMLElement).dataset.id === m.id);
      row?.querySelector(".meta")?.replaceWith(meta(m));
      return;
    }
    this.draw();
    if (end && !old) this.toEnd();
  }

  private async loadEarlier(): Promise<void> {
    const first = this.sorted()[0];
    if (!first) return;
    const height = this.element.scrollHeight;
    const messages = await state.engine.messages(this.account, first.order, page);
    for (const m of messages) this.shown.set(m.id, m);
    this.earlier.hidden = messages.length < page;
    this.draw();
    this.element.scrollTop += this.element.scrollHeight - height;
    announce(t("earlier"));
  }

  private sorted(): Message[] {
    return [...this.shown.values()].sort((a, b) => a.order - b.order);
  }

  // items are the messages, and the calls of their time.
  private items(): (Message | HeldBack)[] {
    const messages = this.sorted(), items: (Message | HeldBack)[] = [];
    const from = this.earlier.hidden ? 0 : (messages[0]?.at ?? 0); // before it stands what is not loaded
    const calls = state.notices.filter((n) => n.account === this.account && n.kind !== "expired" && n.at >= from).sort((a, b) => a.at - b.at);
    for (const m of messages) {
      while (calls[0] && calls[0].at < m.at) items.push(calls.shift()!);
      items.push(m);
    }
    return [...items, ...calls];
  }

  private draw(): void { keepFocus(this.list, () => this.drawRows()); }

  // drawRows writes only the rows that are not there yet, so that they alone are
  // read out.
  private drawRows(): void {
    const rows = new Map([...this.list.children].map((e) => [(e as HTMLElement).dataset.id ?? "", e as HTMLElement]));
    let lastDay = "", before: Message | HeldBack | null = null;
    const wanted: HTMLElement[] = [];
    for (const m of this.items()) {
      const date = day(m.at);
      if (date !== lastDay) wanted.push(rows.get("day " + date) ?? h("li", { class: "day", "data-id": "day " + date }, h("span", {}, date)));
      const row = rows.get(keyOf(m)) ?? ("text" in m ? bubble(m) : callLine(m));
      row.classList.toggle("follows", date === lastDay && before !== null && "text" in before && "text" in m && before.mine === m.mine && m.at - before.at < 300_000);
      wanted.push(row);
      lastDay = date;
      before = m;
    }
    wanted.forEach((row, i) => { if (this.list.children[i] !== row) this.list.insertBefore(row, this.list.children[i] ?? null); });
    while (this.list.children.length > wanted.length) this.list.lastElementChild!.remove();
    (this.element.firstElementChild as HTMLElement).hidden = !this.earlier.hidden;
  }

  private atEnd(): boolean {
    return this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 80;
  }

  private toEnd(): void { this.element.scrollTop = this.element.scrollHeight; }

  private async markRead(): Promise<void> {
    const c = state.contact(this.account);
    if (document.hidden || !this.loaded || !c || c.state !== "accepted") return;
    try {
      await state.engine.read(this.account);
      await state.refreshContacts();
    } catch {
      // Receipts go out again with the next connection; there is nothing for the person to do.
    }
  }
}

// keyOf tells rows apart; a call that shows something else is another row.
const keyOf = (m: Message | HeldBack): string => ("text" in m ? m.id : `call ${m.kind} ${m.call} ${m.at} ${m.count} ${m.reported}`);

function callLine(n: HeldBack): HTMLElement {
  return h("li", { class: "call-row", "data-id": keyOf(n) },
    what(n), h("time", { class: "meta", datetime: new Date(n.at).toISOString() }, clock(n.at)), strangeCall(n));
}

function bubble(m: Message): HTMLElement {
  return h("li", { class: m.mine ? "bubble mine" : "bubble", "data-id": m.id },
    m.mine && h("span", { class: "sr" }, t("by_you") + ": "),
    h("p", { class: "said", dir: "auto" }, m.text), meta(m));
}

function meta(m: Message): HTMLElement {
  return h("span", { class: "meta" + (m.state === "failed" ? " failed" : "") },
    h("time", { datetime: new Date(m.at).toISOString() }, clock(m.at)),
    m.mine && m.state === "failed" && h("span", {}, " · ", t("state_failed")),
    m.mine && m.state !== "failed" && marks(m.state));
}

// marks: one stroke on the server, two on their device, two filled when read.
function marks(s: Message["state"]): HTMLElement {
  const strokes = s === "sending" ? 0 : s === "sent" ? 1 : 2;
  return h("span", { class: "marks", "data-state": s, title: t(`state_${s}`) },
    ...Array.from({ length: Math.max(strokes, 1) }, () => h("span", { class: strokes === 0 ? "mark wait" : "mark", "aria-hidden": "true" })),
    h("span", { class: "sr" }, ", " + t(`state_${s}`)));
}

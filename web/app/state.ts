// What the page knows, and who wants to be told when it changes.

import type { Contact, Engine, EngineEvent, HeldBack, Me, Message, Security, SecurityNotice } from "./engine";

export type Connection = Extract<EngineEvent, { kind: "connection" }>["state"];

export type Place =
  | { at: "people" }
  | { at: "chat" | "safety"; account: string }
  | { at: "notice"; code: string }
  | { at: "missed" | "settings" };

// Topics are what somebody can ask to be told of.
interface Topics {
  contacts: void;
  message: { account: string; message: Message };
  connection: Connection;
  notices: void;
  security: void;
  place: Place;
}

class State {
  engine!: Engine;
  me!: Me;
  contacts: Contact[] = [];
  notices: HeldBack[] = [];
  security: Security = { notices: [], forged: 0, keys: [] };
  connection: Connection = "offline";
  place: Place = { at: "people" };
  private listeners: { [K in keyof Topics]?: Set<(v: Topics[K]) => void> } = {};

  // on tells f of a topic until signal aborts.
  on<K extends keyof Topics>(topic: K, signal: AbortSignal | null, f: (v: Topics[K]) => void): void {
    const set = (this.listeners[topic] ??= new Set() as never) as Set<(v: Topics[K]) => void>;
    set.add(f);
    signal?.addEventListener("abort", () => set.delete(f));
  }

  tell<K extends keyof Topics>(topic: K, value: Topics[K]): void {
    for (const f of [...((this.listeners[topic] as Set<(v: Topics[K]) => void> | undefined) ?? [])]) f(value);
  }

  contact(account: string): Contact | undefined {
    return this.contacts.find((c) => c.account === account && c.state !== "waiting");
  }

  // current is the account whose conversation is open.
  get current(): string | null {
    return "account" in this.place ? this.place.account : null;
  }

  async refreshContacts(): Promise<void> {
    this.contacts = await this.engine.contacts();
    this.tell("contacts", undefined);
  }

  notice(code: string): SecurityNotice | undefined {
    return this.security.notices.find((n) => n.code === code);
  }

  async refreshSecurity(): Promise<void> {
    this.security = await this.engine.security();
    this.tell("security", undefined);
  }

  private asked = 0;

  // The newest question counts: an answer that was overtaken is old.
  async refreshNotices(): Promise<void> {
    const turn = ++this.asked;
    const notices = await this.engine.notices();
    if (turn !== this.asked) return;
    this.notices = notices;
    this.tell("notices", undefined);
  }
}

export const state = new State();

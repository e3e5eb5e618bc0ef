// The messenger: opens the engine, then the door or the house.

import type { EngineEvent } from "./engine";
import { h } from "./dom";
import { explain, load } from "./load";
import { onCallEvent } from "./phone";
import { toast } from "./say";
import { mount, unmount } from "./shell";
import { closedPage, lookAtStanding } from "./standing";
import { state } from "./state";
import { applyLanguage, onLanguage, t } from "./words";
import { takeInvite, welcome } from "./welcome";

const root = document.getElementById("app")!;
let redraw: () => void = () => {};

applyLanguage();
onLanguage(() => redraw());
void start();

async function start(): Promise<void> {
  keepAssets();
  let invite = takeInvite();
  addEventListener("hashchange", () => {
    // A link that was opened in this window: the page is not loaded again for it.
    const again = takeInvite();
    if (again === "" || !state.me || state.me.registered) return;
    invite = again;
    redraw();
  });
  opening();
  try {
    state.engine = await load(() => stopPage("opened_not"));
  } catch (error) {
    console.error(error);
    return stopPage("opened_not", t("needs_wasm"));
  }
  state.engine.listen(onEvent);
  try {
    state.me = await state.engine.open();
    if (!state.me.registered) {
      await welcomed(() => invite);
    }
    await enter();
  } catch (error) {
    if ((error as { code?: string }).code === "other_window") return otherWindow();
    stopPage("opened_not", explain(error));
  }
}

// welcomed resolves when a name is chosen, also when the language was changed
// on the way and the page drawn anew.
function welcomed(invite: () => string): Promise<void> {
  return new Promise((resolve) => {
    redraw = () => void welcome(root, invite()).then(resolve);
    redraw();
  });
}

async function enter(): Promise<void> {
  state.contacts = await state.engine.contacts();
  redraw = () => mount(root);
  mount(root);
  const connected = await state.engine.connect().then(() => true, (error: unknown) => {
    const code = (error as { code?: string }).code ?? "";
    if (["signed_out", "banned", "banned_appealed", "build_too_old"].includes(code)) return; // an event says so, with its own page
    if (code !== "offline") toast(explain(error), true);
  });
  await Promise.allSettled([state.refreshContacts(), state.refreshNotices(), state.refreshSecurity()]);
  if (connected) await lookAtStanding();
}

function onEvent(e: EngineEvent): void {
  switch (e.kind) {
    case "connection": return connection(e.state);
    case "contacts": return void state.refreshContacts();
    case "message": return message(e);
    case "held_back": return heldBack(e);
    case "security": return void security();
    default: onCallEvent(e);
  }
}

let refreshing = 0;

function message(e: Extract<EngineEvent, { kind: "message" }>): void {
  const fresh = !e.message.mine && e.message.state === "received";
  state.tell("message", { account: e.account, message: e.message });
  if (fresh && (state.current !== e.account || document.hidden)) {
    const name = state.contact(e.account)?.name;
    if (name) toast(t("new_message", { name }));
  }
  // A burst of letters draws the list once.
  clearTimeout(refreshing);
  refreshing = window.setTimeout(() => void state.refreshContacts(), 60);
}

function heldBack(e: Extract<EngineEvent, { kind: "held_back" }>): void {
  const changed = state.contact(e.notice.account)?.keysChanged;
  const words = { held_back: changed ? "held_keys_toast" : "held_toast", campaign: "held_campaign_toast", new_account: "held_new_toast", missed: "missed_toast", expired: "expired", answered: null, declined: null } as const; // whoever answered knows
  const said = words[e.notice.kind];
  if (said) toast(t(said, { name: e.notice.name }));
  void state.refreshNotices();
}

// security says that there is a notice, and not what it says: somebody may look on.
async function security(): Promise<void> {
  const before = new Set(state.security.notices.map((n) => n.code));
  await state.refreshSecurity();
  const fresh = state.security.notices.find((n) => n.read === 0 && !before.has(n.code));
  if (fresh) toast(t("notice_from", { issuer: fresh.issuer }));
}

function connection(to: typeof state.connection): void {
  state.connection = to;
  state.tell("connection", to);
  if (to === "online") void state.refreshNotices().catch(() => {});
}

state.on("contacts", null, () => {
  const unread = state.contacts.reduce((n, c) => n + c.unread, 0);
  document.title = unread > 0 ? `(${unread}) Ringfence` : "Ringfence";
});

state.on("connection", null, (to) => {
  if (to === "other_window") otherWindow();
  if (to === "build_too_old") stopPage("build_too_old", t("build_too_old_text"), { label: t("reload"), do: () => location.reload() });
  if (to === "signed_out") void signedOut();
});

async function signedOut(): Promise<void> {
  stopPage("signed_out", t("signed_out_text"), { label: t("sign_in"), do: () => location.reload() });
  const page = await closedPage();
  if (!page) return;
  redraw = () => void signedOut();
  root.replaceChildren(page);
}

function otherWindow(): void {
  stopPage("other_window", t("other_window_text"), { label: t("take_over"), do: () => location.reload() });
}

function opening(): void {
  redraw = opening;
  root.replaceChildren(h("main", { class: "opening" }, h("span", { class: "ring-mark", "aria-hidden": "true" }), h("p", { role: "status" }, t("opening"))));
}

// stopPage is what is shown when there is nothing to go on with here.
function stopPage(title: Parameters<typeof t>[0], text = "", action?: { label: string; do: () => void }): void {
  redraw = () => stopPage(title, text, action);
  unmount();
  const heading = h("h1", { tabindex: -1 }, t(title));
  root.replaceChildren(h("main", { class: "opening stopped" }, h("span", { class: "ring-mark still", "aria-hidden": "true" }), heading,
    h("p", { role: "alert" }, text), action && h("button", { type: "button", class: "main", on: { click: action.do } }, action.label)));
  heading.focus();
}

// keepAssets starts the service worker, which keeps what is named by its hash.
// The policy on what scripts may be loaded has this one exception.
function keepAssets(): void {
  if (!("serviceWorker" in navigator)) return;
  interface Policy { createScriptURL(s: string): string }
  const factory = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }).trustedTypes;
  const rules: Policy = { createScriptURL: (s) => { if (s !== "/worker.js") throw new TypeError("not our worker"); return s; } };
  const url = factory ? factory.createPolicy("ringfence", rules).createScriptURL("/worker.js") : "/worker.js";
  void navigator.serviceWorker.register(url, { scope: "/" }).catch(() => {}); // without it assets are merely cached less well
}

// The frame of the page: people beside what is open on a desktop, one of them
// at a time on a phone. The browser's way back works; addresses say nothing.

import { chatPane } from "./chat";
import { h, picture } from "./dom";
import { missedPane } from "./missed";
import { noticePane } from "./notice";
import { peoplePane } from "./people";
import { safetyPane } from "./safety";
import { settingsPane } from "./settings";
import { state, type Place } from "./state";
import { t } from "./words";

let frame: HTMLElement | null = null;
let open: AbortController | null = null; // ends what the open pane listens to
let all: AbortController | null = null;

// mount draws the frame anew, also when the language has changed.
export function mount(root: HTMLElement): void {
  all?.abort();
  all = new AbortController();
  frame = h("div", { class: "frame" });
  root.replaceChildren(h("a", { class: "skip", href: "#pane", on: { click: (e) => { e.preventDefault(); focusPane(); } } }, t("skip")), frame);
  frame.append(peoplePane(all.signal), h("main", { class: "pane", id: "pane", tabindex: -1 }));
  show(state.place, false);
}

export function unmount(): void {
  all?.abort();
  open?.abort();
  frame = null;
}

// go opens a place and remembers it for the browser's way back.
export function go(place: Place): void {
  if (place.at !== "people" && state.place.at === "people") history.pushState(place, "");
  else history.replaceState(place, "");
  show(place, true);
}

// home goes back to the list of people.
export function home(): void {
  if (history.state && state.place.at !== "people") history.back();
  else show({ at: "people" }, true);
}

history.replaceState(null, ""); // a page that is loaded anew begins at the list, and back leads there

addEventListener("popstate", (e) => {
  if (frame) show((e.state as Place | null) ?? { at: "people" }, true);
});

function show(place: Place, focus: boolean): void {
  if (!frame) return;
  if ("account" in place && !state.contact(place.account)) place = { at: "people" };
  if ("code" in place && !state.notice(place.code)) place = { at: "people" };
  const before = state.place;
  open?.abort();
  open = new AbortController();
  state.place = place;
  frame.dataset.at = place.at;
  const main = frame.querySelector<HTMLElement>(".pane")!;
  main.replaceChildren(pane(place, open.signal));
  state.tell("place", place);
  if (focus) moveFocus(place, before);
}

function pane(place: Place, signal: AbortSignal): HTMLElement {
  switch (place.at) {
    case "chat": return chatPane(place.account, signal);
    case "safety": return safetyPane(place.account, signal);
    case "notice": return noticePane(place.code, signal);
    case "missed": return missedPane(signal);
    case "settings": return settingsPane(signal);
    case "people": return h("div", { class: "nothing-open" }, picture("shield"), h("h2", {}, t("choose")), h("p", {}, t("choose_text")));
  }
}

// moveFocus puts the keyboard where the person would go on: into what has been
// opened, or back on the row that it was opened from.
function moveFocus(place: Place, before: Place): void {
  if (place.at === "people") {
    const key = "account" in before ? before.account : "code" in before ? "notice " + before.code : null;
    const row = key ? [...frame!.querySelectorAll<HTMLElement>("[data-key]")].find((e) => e.dataset.key === key) : null;
    (row ?? document.getElementById(before.at === "settings" ? "settings" : "find"))?.focus();
    return;
  }
  focusPane();
}

function focusPane(): void {
  const main = frame?.querySelector<HTMLElement>(".pane");
  (main?.querySelector<HTMLElement>("[data-first]") ?? main)?.focus();
}

addEventListener("keydown", (e) => {
  if (e.key === "Escape" && frame && state.place.at !== "people" && !document.querySelector("dialog[open]") && !e.isComposing) home();
});

// Security notices: what the service tells somebody who was the aim of an attack.
// Only those reach this page that two persons have signed whose keys the device
// knew. Nothing in them can be clicked, and nothing is fetched for them.

import type { SecurityNotice } from "./engine";
import { h, keepFocus, kept, picture, pictured, sentence, theirs } from "./dom";
import { explain } from "./load";
import { ask, toast } from "./say";
import { go, home } from "./shell";
import { state } from "./state";
import { clock, day, direction, language, languageName, number, raw, short, t } from "./words";

// noticeRows are the rows at the top of the list of people. They say who writes, and
// nothing else: somebody may be looking on.
export function noticeRows(): HTMLElement[] {
  return state.security.notices.map((n) => {
    const here = state.place.at === "notice" && state.place.code === n.code;
    return h("li", {}, h("button", { type: "button", class: "row notice-row", "data-key": "notice " + n.code, "aria-current": here ? "true" : undefined, on: { click: () => go({ at: "notice", code: n.code }) } },
      h("span", { class: "face notice-face", "aria-hidden": "true" }, picture("shield")),
      h("span", { class: "row-text" }, h("span", { class: "row-name" }, noticeTitle(n)), h("span", { class: "row-last" }, t("notice_preview"))),
      h("span", { class: "row-end" }, h("span", { class: "row-time" }, short(n.delivered)),
        n.read === 0 && h("span", { class: "badge" }, h("span", { "aria-hidden": "true" }, number(1)), h("span", { class: "sr" }, t("notice_unread"))))));
  });
}

const noticeTitle = (n: SecurityNotice) => h("span", {}, ...sentence(raw("notice_from"), { issuer: theirs(n.issuer) }));

// shownIn is the language that a notice is read in at first: this app's, or the best
// that the browser asks for.
function shownIn(n: SecurityNotice): string {
  const there = Object.keys(n.wordings);
  const wanted = [language(), ...navigator.languages.map((l) => l.split("-")[0] ?? ""), "en"];
  return wanted.find((l) => there.includes(l)) ?? there[0] ?? "en";
}

// noticePane is where a notice is read.
export function noticePane(code: string, signal: AbortSignal): HTMLElement {
  const n = state.notice(code);
  if (!n) return h("section", { class: "side" });
  const text = h("div", { class: "notice-text" });
  const answers = h("div", { class: "answers" });
  const show = (tag: string) => text.replaceChildren(...wording(n, tag));
  const draw = () => keepFocus(answers, () => answers.replaceChildren(...asked(state.notice(code) ?? n)));
  state.on("security", signal, draw);
  show(shownIn(n));
  draw();
  void state.engine.readNotice(code).then(() => state.refreshSecurity(), () => {}); // said again when it is opened again
  return h("section", { class: "side notice-page", "aria-labelledby": "notice-title" },
    h("header", { class: "bar" }, pictured("back", t("back"), home, { class: "back always", "data-first": true }), h("h2", { id: "notice-title" }, noticeTitle(n))),
    h("div", { class: "scroll", tabindex: 0, "aria-labelledby": "notice-title", role: "group" }, h("div", { class: "sheet" },
      genuine(n),
      languagesOf(n, show),
      h("article", { class: "card" }, text),
      h("section", { class: "card", "aria-labelledby": "asked-title" }, h("h2", { id: "asked-title" }, t("asked")), h("p", { class: "hint" }, t("asked_text")), answers),
      h("p", { class: "hint" }, ...sentence(raw("notice_code"), { code: h("bdi", { dir: "ltr", class: "code" }, n.code) })),
      h("p", { class: "hint" }, t("notice_never")))));
}

function genuine(n: SecurityNotice): HTMLElement {
  return h("p", { class: "genuine" }, picture("shield"), h("span", {}, ...sentence(raw("notice_genuine"), { names: theirs(n.by.join(", ")), date: h("time", { datetime: n.issued }, n.issued) })));
}

function languagesOf(n: SecurityNotice, show: (tag: string) => void): HTMLElement | null {
  const tags = Object.keys(n.wordings).sort();
  if (tags.length < 2) return null;
  const first = shownIn(n);
  return h("fieldset", { class: "languages" }, h("legend", { class: "sr" }, t("notice_language")),
    ...tags.map((tag) => h("label", { lang: tag }, h("input", { type: "radio", name: "notice-language", value: tag, checked: tag === first, on: { change: () => show(tag) } }), h("bdi", {}, languageName(tag)))));
}

// wording sets a text out: paragraphs, and what begins "1. " as a list of steps.
function wording(n: SecurityNotice, tag: string): HTMLElement[] {
  const w = n.wordings[tag];
  if (!w) return [];
  const out: HTMLElement[] = [h("h3", {}, w.title)];
  let steps: HTMLElement | null = null;
  for (const line of w.body.split("\n")) {
    const step = /^\d+\. (.*)$/.exec(line)?.[1];
    if (step !== undefined) {
      if (!steps) out.push((steps = h("ol", { class: "steps" })));
      steps.append(h("li", {}, step));
    } else if (line.trim() !== "") {
      steps = null;
      out.push(h("p", {}, line));
    }
  }
  return [h("div", { lang: tag, dir: direction(tag) }, ...out)];
}

const questions = [
  { what: "examination", title: "ask_examination", means: "ask_examination_means" },
  { what: "counted", title: "ask_counted", means: "ask_counted_means" },
  { what: "opt_out", title: "ask_opt_out", means: "ask_opt_out_means" },
] as const;

// asked are the questions, each answered no until somebody says yes.
function asked(n: SecurityNotice): HTMLElement[] {
  return questions.map((q) => {
    const id = "asked-" + q.what;
    const box = h("input", { type: "checkbox", role: "switch", id, "data-key": id, checked: n.answers[q.what] === true, "aria-describedby": id + "-means" });
    box.addEventListener("change", () => void answer(n, q.what, box));
    return h("div", { class: "asked" }, box, h("div", {}, h("label", { for: id }, t(q.title)), h("p", { class: "hint", id: id + "-means" }, t(q.means))));
  });
}

async function answer(n: SecurityNotice, what: (typeof questions)[number]["what"], box: HTMLInputElement): Promise<void> {
  const yes = box.checked;
  if (what === "opt_out" && yes && (await ask({ title: t("ask_opt_out"), text: t("ask_opt_out_sure"), yes: t("ask_opt_out_yes") })) === null) {
    box.checked = false;
    return;
  }
  box.disabled = true;
  try {
    await state.engine.answerNotice(n.code, what, yes);
    toast(t("saved"));
  } catch (error) {
    box.checked = !yes;
    toast(explain(error), true);
  } finally {
    box.disabled = false;
    box.focus();
  }
  await state.refreshSecurity();
}

// securityCard is the part of the settings where notices are found again, and where
// somebody who was given a code by another way sees whether it is genuine.
export function securityCard(signal: AbortSignal): HTMLElement {
  const list = h("div", {});
  const draw = () => list.replaceChildren(...known());
  state.on("security", signal, draw);
  draw();
  return h("section", { class: "card", "aria-labelledby": "security-title", id: "security" },
    h("h2", { id: "security-title" }, t("security")), h("h3", {}, t("security_notices")), h("p", { class: "hint" }, t("security_text")), list, codeField(),
    h("p", { class: "hint" }, ...sentence(raw("security_page"), { page: h("bdi", { dir: "ltr", class: "code" }, new URL(state.me.server).host + "/notices") })));
}

function known(): HTMLElement[] {
  const s = state.security;
  const keys = s.keys.filter((k) => !k.gone);
  return kept([
    s.notices.length > 0
      ? h("ul", { class: "names" }, ...s.notices.map((n) => h("li", {}, h("span", { class: "row-text" }, h("span", { class: "row-name" }, h("bdi", { dir: "ltr", class: "code" }, n.code)), h("span", { class: "hint" }, noticeTitle(n), ", ", day(n.delivered))),
        h("button", { type: "button", "aria-label": `${t("security_open")}: ${n.code}`, on: { click: () => go({ at: "notice", code: n.code }) } }, t("security_open")))))
      : h("p", {}, t("security_none")),
    s.forged > 0 && h("p", { class: "wrong", role: "status" }, t(s.forged === 1 ? "security_forged_one" : "security_forged", { n: number(s.forged) })),
    keys.length > 0 && h("details", { class: "keys" }, h("summary", {}, t("security_keys", { n: number(keys.length) })), h("p", { class: "hint" }, t("security_keys_text")),
      h("ul", {}, ...keys.map((k) => h("li", {}, theirs(k.name), " ", h("bdi", { dir: "ltr", class: "code" }, k.hash), k.from > Date.now() && h("span", { class: "tag bad" }, t("security_key_new", { date: `${day(k.from)}, ${clock(k.from)}` })))))),
  ]) as HTMLElement[];
}

function codeField(): HTMLElement {
  const field = h("input", { id: "code", inputmode: "numeric", autocomplete: "off", dir: "ltr", maxlength: 20, "aria-describedby": "code-answer" });
  const said = h("p", { id: "code-answer", role: "status" });
  const check = async (e: Event) => {
    e.preventDefault();
    const genuine = await state.engine.knowsCode(field.value);
    said.className = genuine ? "right" : "wrong";
    said.textContent = t(genuine ? "code_genuine" : "code_unknown");
  };
  return h("form", { class: "code-form", on: { submit: (e) => void check(e) } },
    h("label", { for: "code" }, t("code_given")), h("div", { class: "code-row" }, field, h("button", { type: "submit" }, t("code_check"))), said);
}

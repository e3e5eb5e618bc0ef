// The languages of the interface: which one is chosen, and what it says.

import { en, type Word } from "./words_en";
import { ar } from "./words_ar";

const languages: Record<string, Record<Word, string>> = { en, ar };
const rightToLeft = new Set(["ar"]);
const keptAs = "language";

let current = pick();
let changed: () => void = () => {};

function pick(): string {
  const kept = localStorage.getItem(keptAs);
  if (kept && kept in languages) return kept;
  return navigator.languages.map((l) => l.split("-")[0] ?? "").find((l) => l in languages) ?? "en";
}

export const language = () => current;
export const allLanguages = () => Object.entries(languages).map(([tag, words]) => ({ tag, name: words.language }));

// setLanguage keeps the choice on this device and turns the page round.
export function setLanguage(tag: string): void {
  current = tag in languages ? tag : "en";
  localStorage.setItem(keptAs, current);
  applyLanguage();
  changed();
}

export function onLanguage(f: () => void): void { changed = f; }

export function applyLanguage(): void {
  document.documentElement.lang = current;
  document.documentElement.dir = rightToLeft.has(current) ? "rtl" : "ltr";
}

// t says a word or a sentence. What is put into it is isolated, so that a name
// of the other direction does not turn the sentence.
export function t(word: Word, values: Record<string, string | number> = {}): string {
  return languages[current]![word].replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? `\u2068${values[name]}\u2069` : whole));
}

// raw is a sentence with its {gaps} left open, for dom.sentence.
export const raw = (word: Word): string => languages[current]![word];

export const isWord = (w: string): w is Word => w in en;

export function count(n: number, one: Word, many: Word): string {
  return t(n === 1 ? one : many, { n: number(n) });
}

// languageName is how a language calls itself.
export function languageName(tag: string): string {
  return new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
}

export const direction = (tag: string): "rtl" | "ltr" => (/^(ar|fa|he|ur|ps|ckb|ug|yi|dv|sd)(-|$)/.test(tag) ? "rtl" : "ltr");

export const number = (n: number): string => new Intl.NumberFormat(current).format(n);

export function clock(at: number): string {
  return new Intl.DateTimeFormat(current, { hour: "2-digit", minute: "2-digit" }).format(at);
}

// day names a day as people do: today, yesterday, then the date.
export function day(at: number, now = Date.now()): string {
  const start = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);
  const days = Math.round((start(now) - start(at)) / 86_400_000);
  if (days === 0) return t("today");
  if (days === 1) return t("yesterday");
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(current, { day: "numeric", month: "long", year: sameYear ? undefined : "numeric" }).format(at);
}

// short is the time for a list: the clock today, the day before that.
export function short(at: number, now = Date.now()): string {
  return new Date(at).toDateString() === new Date(now).toDateString() ? clock(at) : day(at, now);
}

// lasting spells a duration as a clock: 1:05, 1:00:00.
export function lasting(ms: number): string {
  const s = Math.floor(ms / 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(s / 60) % 60;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

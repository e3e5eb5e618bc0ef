// Starts the Go engine. It sets globalThis.ringfence and says so with an event.

import type { Engine, EngineError } from "./engine";
import { isWord, t } from "./words";

declare class Go {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

// load resolves when the engine can be called. stopped is told when it ends,
// which it does not do by itself.
export async function load(stopped: () => void): Promise<Engine> {
  const url = (document.getElementById("engine") as HTMLLinkElement).href;
  const go = new Go();
  const ready = new Promise<void>((resolve) => addEventListener("ringfence-ready", () => resolve(), { once: true }));
  const { instance } = await WebAssembly.instantiateStreaming(fetch(url), go.importObject);
  void go.run(instance).finally(stopped);
  await ready;
  return globalThis.ringfence;
}

// explain says in the person's language why something did not work. What the
// engine says itself, in English, is the last resort.
export function explain(error: unknown): string {
  const e = error as Partial<EngineError> | null;
  const word = `error_${e?.code ?? ""}`;
  if (isWord(word)) return t(word);
  const said = [e?.message, e?.hint].filter(Boolean).join(". ");
  return said ? `${t("gone_wrong")}: ${said}` : t("gone_wrong");
}

// ended says why a call is over.
export function ended(reason: string): string {
  const word = `end_${reason.replace(/\W+/g, "_")}`;
  const other: Record<string, string> = { end_elsewhere: "end_answered_elsewhere" };
  const w = other[word] ?? word;
  return isWord(w) ? t(w) : t("end_failed");
}

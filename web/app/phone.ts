// What a call is to the person: it rings, is answered or not, and ends. One
// call at a time.

import type { Contact, EngineEvent } from "./engine";
import { Call, blackness, openCamera, openDevices, stop, type Media } from "./call";
import { CallScreen } from "./callscreen";
import { ended, explain } from "./load";
import { announce, toast } from "./say";
import * as sound from "./sound";
import { state } from "./state";
import { t } from "./words";

type Ring = Extract<EngineEvent, { kind: "ring" }>;

type Phase = "calling" | "ringing" | "rung" | "answering" | "talking" | "over";

interface Now {
  phase: Phase;
  account: string;
  name: string;
  media: Media;
  id: string; // "" until the server has said it
  call: Call | null;
  devices: Promise<MediaStream> | null;
  screen: CallScreen;
  began: number; // of talking, performance.now
  expiry: number; // timer of a ring
  dark?: boolean; // the camera is off
  lost: Set<"media" | "mine" | "theirs">; // connections that are waited for
}

let now: Now | null = null;
const on = (n: Now) => now === n; // is this still the call, after something was waited for
let later: Ring | null = null; // rang while a call of ours was on its way

// startCall rings a contact; the camera opens now, for the person has tapped.
export async function startCall(c: Contact, media: Media): Promise<void> {
  if (now) return now.screen.show();
  const n = begin("calling", c.account, c.name, media, "");
  n.devices = openDevices(media);
  try {
    const stream = await n.devices;
    if (!on(n)) return stop(stream);
    n.screen.self(stream);
    n.id = await state.engine.call(c.account, media);
    if (!on(n)) return void state.engine.cancel(n.id).catch(() => {});
    if (n.phase === "calling") becomeRinging(n);
  } catch (error) {
    if (on(n)) finish(n, isDeviceError(error) ? t("no_camera") : refusal(error));
  }
}

// A caller that was refused is told as a call that ended is.
function refusal(error: unknown): string {
  const code = (error as { code?: string }).code ?? "";
  return ["declined", "busy", "refused", "glare", "too_many", "missed", "failed"].includes(code) ? ended(code) : explain(error);
}

const isDeviceError = (e: unknown) => e instanceof DOMException && /NotAllowed|NotFound|NotReadable|Overconstrained|Abort|Security/.test(e.name);

function begin(phase: Phase, account: string, name: string, media: Media, id: string): Now {
  const n: Now = {
    phase, account, name, media, id, call: null, devices: null, began: 0, expiry: 0, lost: new Set(),
    screen: new CallScreen(name, media, { answer: (m) => void answer(m), decline, hangUp, mute: (kind, off) => void mute(kind, off) }),
  };
  now = n;
  n.screen.phase(phase);
  n.screen.show();
  return n;
}

function becomeRinging(n: Now): void {
  n.phase = "ringing";
  n.screen.phase("ringing");
  sound.waiting();
}

// onCallEvent takes the engine's events about calls.
export function onCallEvent(e: EngineEvent): void {
  if (e.kind === "ring") return rung(e);
  if (!now || !("call" in e)) return;
  const n = now;
  if (n.id === "" && e.kind === "ringing") n.id = e.call;
  if (e.call !== n.id) return;
  switch (e.kind) {
    case "ringing":
      if (n.phase === "calling") becomeRinging(n);
      break;
    case "answered":
      void talk(n, (call) => call.answered(e.relay, e.offer, n.devices!));
      break;
    case "joined":
      n.call?.joined(e.answer).catch((error: unknown) => fail(n, error));
      break;
    case "restart_asked":
      void n.call?.restart();
      break;
    case "restart":
      // What came to nothing is begun anew.
      n.call?.restart(e).catch(() => {});
      break;
    case "reconnecting":
      wait(n, e.account === n.account ? "theirs" : "mine", true);
      if (e.account === n.account) wait(n, "mine", false);
      break;
    case "reconnected":
      wait(n, "mine", false);
      wait(n, "theirs", false);
      break;
    case "ended":
      finish(n, e.reason === "failed" && n.phase === "talking" ? t("end_lost") : ended(e.reason));
  }
}

// wait shows which connections a call waits for.
function wait(n: Now, what: "media" | "mine" | "theirs", lost: boolean): void {
  if (lost) n.lost.add(what);
  else n.lost.delete(what);
  showWaiting(n);
}

function showWaiting(n: Now): void {
  if (n.phase !== "talking") return;
  const ours = n.lost.has("media") || n.lost.has("mine");
  n.screen.waiting(ours ? t("reconnecting") : n.lost.size > 0 ? t("reconnecting_theirs", { name: n.name }) : "");
}

// rung shows a ring. While a call of ours is on its way it waits for that one
// to end: when both call at once, the server lets one ring stand (glare).
function rung(r: Ring): void {
  if (now && now.phase !== "over") {
    later = r;
    window.setTimeout(() => { if (later === r) later = null; }, r.ttl);
    return;
  }
  if (now) close(now); // what it says of the last call gives way
  const n = begin("rung", r.account, r.name, r.media, r.call);
  sound.ring();
  announce(`${t(`ring_${r.media}`)}: ${r.name}`, true);
  // The ring's own time; the device's clock is not asked.
  n.expiry = window.setTimeout(() => { if (now === n && n.phase === "rung") finish(n, t("missed_" + r.media as "missed_sound")); }, r.ttl + 2000);
}

async function answer(as: Media): Promise<void> {
  const n = now;
  if (!n || n.phase !== "rung") return;
  clearTimeout(n.expiry);
  n.devices = openDevices(as);
  n.screen.without("video", n.media === "video" && as === "sound");
  await talk(n, (call) => call.answer(n.devices!));
}

// talk sets the media up and shows it as it comes.
async function talk(n: Now, connect: (call: Call) => Promise<void>): Promise<void> {
  sound.quiet();
  n.phase = "answering";
  n.screen.phase("answering");
  const call = new Call(state.engine, n.id, n.media);
  n.call = call;
  call.onLocal = () => { if (call.local) n.screen.self(call.local); };
  call.onFirst = () => {
    if (now !== n) return;
    n.phase = "talking";
    n.began = performance.now();
    n.screen.talking(call.times);
    showWaiting(n);
  };
  call.onBroken = (broken) => wait(n, "media", broken);
  call.onFailed = (error) => fail(n, error);
  n.screen.other(call.remote);
  call.watch(n.screen.video);
  try {
    await connect(call);
  } catch (error) {
    fail(n, error);
  }
}

function fail(n: Now, error: unknown): void {
  if (now !== n || n.phase === "over") return;
  console.error("call", error);
  void state.engine.hangUp(n.id).catch(() => state.engine.decline(n.id)).catch(() => {});
  finish(n, isDeviceError(error) ? t("no_camera") : (error as { code?: string }).code ? explain(error) : t(n.phase === "talking" ? "end_lost" : "end_failed"));
}

function decline(): void {
  if (!now) return;
  void state.engine.decline(now.id).catch(() => {});
  finish(now, "");
}

function hangUp(): void {
  const n = now;
  if (!n) return;
  if (n.phase === "over") return close(n);
  if (n.id !== "") {
    const leave = n.phase === "calling" || n.phase === "ringing" ? state.engine.cancel(n.id) : state.engine.hangUp(n.id);
    void leave.catch(() => {});
  }
  finish(n, n.phase === "talking" || n.phase === "answering" ? t("end_hung_up") : "");
}

// mute works from the first moment on, also while it rings and while the
// devices are still being opened. A camera that is off is let go of, so that its
// light goes out. Who answered without a camera opens it now.
async function mute(kind: "audio" | "video", off: boolean): Promise<void> {
  const n = now;
  if (!n?.devices) return;
  if (kind === "video") n.dark = off;
  try {
    const stream = await n.devices;
    if (kind === "video") await show(n, stream, off);
    else for (const track of stream.getAudioTracks()) track.enabled = !off;
  } catch (error) {
    if (on(n)) toast(isDeviceError(error) ? t("no_camera") : explain(error), true);
  }
}

// show sends the camera's picture, or black where it is off.
async function show(n: Now, stream: MediaStream, off: boolean): Promise<void> {
  const source = off ? blackness() : await openCamera();
  if (!on(n) || n.phase === "over" || n.dark !== off) return stop(source);
  for (const old of stream.getVideoTracks()) {
    stream.removeTrack(old);
    old.stop();
  }
  for (const track of source.getVideoTracks()) {
    stream.addTrack(track);
    await n.call?.send(track);
  }
  n.screen.self(stream);
}

// finish lets go of camera, microphone and relay at once, and says why for a
// moment before the screen goes.
function finish(n: Now, why: string): void {
  if (now !== n || n.phase === "over") return;
  const talked = n.phase === "talking" ? performance.now() - n.began : 0;
  clearTimeout(n.expiry);
  n.phase = "over";
  n.call?.close();
  void n.devices?.then(stop, () => {});
  if (why === "") sound.quiet();
  else sound.over();
  n.screen.over(why, talked);
  if (why === "") close(n);
  else {
    announce(why);
    window.setTimeout(() => close(n), later ? 0 : 2500);
  }
  void state.refreshNotices().catch((error: unknown) => toast(explain(error), true));
}

function close(n: Now): void {
  n.screen.remove();
  if (now !== n) return;
  now = null;
  const r = later;
  later = null;
  if (r) rung(r);
}

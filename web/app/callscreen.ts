// The screen of a call, a dialog over everything else: who, what goes on, and
// the few things one can do.

import type { Media, Times } from "./call";
import { face, h, kept, picture, theirs, type Picture } from "./dom";
import { lasting, number, t } from "./words";

interface Actions {
  answer(as: Media): void;
  decline(): void;
  hangUp(): void;
  mute(kind: "audio" | "video", off: boolean): void;
}

export class CallScreen {
  readonly video: HTMLVideoElement;
  private ownVideo: HTMLVideoElement;
  private sound = h("audio", { autoplay: true });
  private line = h("p", { class: "call-line", role: "status" });
  private clock = h("p", { class: "call-clock", role: "timer", hidden: true });
  private timing = h("p", { class: "call-timing" });
  private controls = h("div", { class: "call-controls", role: "group" });
  private dialog: HTMLDialogElement;
  private ticking = 0;
  private off = { audio: false, video: false };

  constructor(name: string, private media: Media, private actions: Actions) {
    this.video = h("video", { class: "their-picture", autoplay: true, playsinline: true, "aria-label": t("their_view", { name }), hidden: true });
    this.ownVideo = h("video", { class: "own-picture", autoplay: true, playsinline: true, "aria-label": t("self_view"), hidden: true });
    this.ownVideo.muted = true;
    this.dialog = h("dialog", { class: "call", "data-media": media, "aria-label": t("call_with", { name }) },
      this.video, this.sound,
      h("div", { class: "call-who" }, face(name, "large"), h("h2", {}, theirs(name)), this.line, this.clock, this.timing),
      this.ownVideo, this.controls);
    // Escape must not throw a call away by accident.
    this.dialog.addEventListener("cancel", (e) => e.preventDefault());
    this.dialog.addEventListener("keydown", (e) => { if (e.key === "Escape") e.preventDefault(); });
  }

  show(): void {
    if (!this.dialog.isConnected) document.body.append(this.dialog);
    if (!this.dialog.open) this.dialog.showModal();
    this.focusFirst();
  }

  phase(p: "calling" | "ringing" | "rung" | "answering" | "talking" | "over"): void {
    this.dialog.dataset.phase = p;
    const words = { calling: t("calling"), ringing: t("rings_there"), rung: t(`ring_${this.media}`), answering: t("connecting"), talking: "", over: "" };
    this.line.textContent = words[p];
    this.timing.textContent = p === "rung" ? t("ring_safe") : "";
    if (p === "rung") this.controls.replaceChildren(...this.ringButtons());
    else if (p !== "over") this.controls.replaceChildren(...this.callButtons());
    if (p === "rung" || p === "calling" || p === "answering") this.focusFirst();
  }

  // self shows the person's own picture, mirrored as people know themselves.
  self(stream: MediaStream): void {
    this.ownVideo.srcObject = stream;
    this.ownVideo.hidden = stream.getVideoTracks().length === 0;
  }

  other(stream: MediaStream): void {
    // Sound plays in an element of its own: a picture that is not shown must not silence it.
    const sounds = new MediaStream(), pictures = new MediaStream();
    const put = (track: MediaStreamTrack) => (track.kind === "audio" ? sounds : pictures).addTrack(track);
    const watched = stream.addTrack.bind(stream);
    stream.addTrack = (track) => { watched(track); put(track); };
    this.sound.srcObject = sounds;
    if (this.media === "video") this.video.srcObject = pictures;
    this.video.hidden = this.media !== "video";
  }

  talking(times: Times): void {
    this.phase("talking");
    const began = performance.now();
    const tick = () => { this.clock.textContent = lasting(performance.now() - began); };
    tick();
    this.clock.hidden = false;
    this.ticking = window.setInterval(tick, 500);
    this.dialog.dataset.first = String(Math.round(times.first ?? 0));
    const camera = times.camera === null || this.media === "sound" ? "" : ` · ${t("camera_opened", { ms: number(Math.round(times.camera)) })}`;
    this.timing.textContent = t(this.media === "video" ? "first_frame" : "first_sound", { ms: number(Math.round(times.first ?? 0)) }) + camera;
    window.setTimeout(() => { if (this.dialog.dataset.phase === "talking") this.timing.textContent = ""; }, 8000);
  }

  // waiting says which connection a call waits for that was there already.
  waiting(words: string): void {
    this.line.textContent = words;
    this.dialog.toggleAttribute("data-waiting", words !== "");
  }

  // without marks a device as off from the start.
  without(kind: "audio" | "video", off: boolean): void { this.off[kind] = off; }

  over(why: string, talked: number): void {
    clearInterval(this.ticking);
    this.phase("over");
    this.video.srcObject = this.ownVideo.srcObject = this.sound.srcObject = null;
    this.video.hidden = this.ownVideo.hidden = true;
    this.line.textContent = why;
    this.clock.hidden = talked === 0;
    this.clock.textContent = talked ? t("lasted", { time: lasting(talked) }) : "";
    this.controls.replaceChildren(h("button", { type: "button", class: "round", on: { click: () => this.actions.hangUp() } }, h("span", { class: "round-label" }, t("close"))));
    this.focusFirst();
  }

  remove(): void {
    clearInterval(this.ticking);
    this.dialog.close();
    this.dialog.remove();
  }

  private ringButtons(): HTMLElement[] {
    return kept([
      round("hangup", t("decline"), "bad", () => this.actions.decline(), "decline"),
      this.media === "video" && round("sound", t("answer_sound"), "", () => this.actions.answer("sound"), "answer-sound"),
      round(this.media, t("answer"), "good", () => this.actions.answer(this.media), "answer"),
    ]) as HTMLElement[];
  }

  private callButtons(): HTMLElement[] {
    return kept([
      this.toggle("mic", "audio", t("mute"), t("unmute")),
      this.media === "video" && this.toggle("video", "video", t("camera_off"), t("camera_on")),
      round("hangup", t("hang_up"), "bad", () => this.actions.hangUp(), "hang-up"),
    ]) as HTMLElement[];
  }

  private toggle(p: Picture, kind: "audio" | "video", offLabel: string, onLabel: string): HTMLElement {
    const b = round(p, offLabel, "", () => {
      this.off[kind] = !this.off[kind];
      this.actions.mute(kind, this.off[kind]);
      draw();
    }, kind === "audio" ? "mute" : "camera");
    const draw = () => {
      const off = this.off[kind];
      b.classList.toggle("off", off);
      b.querySelector(".round-face")!.replaceChildren(picture(p, off));
      b.querySelector(".round-label")!.textContent = off ? onLabel : offLabel;
      if (kind === "video") this.ownVideo.classList.toggle("dark", off);
    };
    draw();
    return b;
  }

  private focusFirst(): void {
    if (!this.dialog.open) return;
    const wanted = this.dialog.dataset.phase === "rung" ? "[data-key=answer]" : "[data-key=hang-up], button";
    this.controls.querySelector<HTMLElement>(wanted)?.focus();
  }
}

function round(p: Picture, label: string, kind: "good" | "bad" | "", click: () => void, key: string): HTMLButtonElement {
  return h("button", { type: "button", class: `round ${kind}`, "data-key": key, on: { click } },
    h("span", { class: "round-face" }, picture(p)), h("span", { class: "round-label" }, label));
}

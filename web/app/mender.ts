// When the way of the media breaks - a phone changes its network - ICE is
// restarted: both ends get new credentials and a new way through the relay, under
// the same encryption. The callee begins, as at the answer; a caller asks it to.

import type { Engine } from "./engine";

const soon = 1000; // after the way broke: many come back by themselves
const again = 6000; // when a restart came to nothing; one sooner would cross its answer
const longest = 30000; // without a way, in milliseconds

export class Mender {
  private connected = false; // it was, once
  private broken = false;
  private begun = -again;
  private timer = 0;
  private deadline = 0;

  constructor(private pc: RTCPeerConnection, private engine: Engine, private id: string, private part: "caller" | "callee",
    private onBroken: (broken: boolean) => void, private onFailed: (error: unknown) => void) {
    pc.addEventListener("connectionstatechange", () => this.look());
  }

  private look(): void {
    const to = this.pc.connectionState;
    if (to === "connected") {
      this.connected = true;
      this.stop();
      if (!this.broken) return;
      this.broken = false;
      this.onBroken(false);
    } else if (to === "failed" && !this.connected) {
      this.onFailed(new Error("the media could not be connected"));
    } else if ((to === "failed" || to === "disconnected") && this.connected && !this.broken) {
      this.broken = true;
      this.onBroken(true);
      this.deadline = window.setTimeout(() => this.onFailed(new Error("the media connection was lost")), longest);
      this.plan(soon);
    }
  }

  private plan(wait: number): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => { if (this.broken) void this.begin(); }, wait);
  }

  // begin restarts ICE, or asks the callee to.
  async begin(): Promise<void> {
    const wait = this.begun + again - performance.now();
    if (wait > 0) return this.plan(wait);
    this.begun = performance.now();
    this.plan(again);
    try {
      if (this.part === "caller") return await this.engine.askRestart(this.id);
      const offer = await this.pc.createOffer({ iceRestart: true });
      await this.pc.setLocalDescription(offer);
      await this.engine.restart(this.id, offer.sdp ?? "");
    } catch {
      // What cannot be sent now, without a connection to the server, is tried again.
      this.begun = -again;
      this.plan(soon);
    }
  }

  // take is handed the description that Go wrote from the other end's new
  // credentials, and answers it where it is the callee's.
  async take(type: "offer" | "answer", sdp: string): Promise<void> {
    await this.pc.setRemoteDescription({ type, sdp });
    if (type === "answer") return;
    const answer = await this.pc.createAnswer();
    await this.pc.setLocalDescription(answer);
    await this.engine.restart(this.id, answer.sdp ?? "");
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.deadline);
  }
}

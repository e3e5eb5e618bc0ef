// The media of one call. The callee offers, after the person tapped "answer";
// all that is ever given to the browser of the other side is a description that
// the Go engine wrote. Media goes through the relay only.

import type { Engine, IceServers } from "./engine";
import { Mender } from "./mender";

export type Media = "sound" | "video";

// Times of a call in milliseconds, counted from the tap on "answer", and on the
// caller's side from when the answer came.
export interface Times { camera: number | null; first: number | null }

// Extensions of the transceiver that not every browser has.
interface HeaderExtensions {
  getHeaderExtensionsToNegotiate?(): { uri: string; direction: RTCRtpTransceiverDirection | "stopped" }[];
  setHeaderExtensionsToNegotiate?(extensions: { uri: string; direction: string }[]): void;
}

// openDevices opens microphone and camera; only ever after a tap.
export function openDevices(media: Media): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    video: media === "video" ? picture : false,
  });
}

// openCamera opens the camera alone, for who answered without.
export function openCamera(): Promise<MediaStream> { return navigator.mediaDevices.getUserMedia({ video: picture }); }

// blackness is what the other side sees of a camera that is off: without a frame
// now and then the last picture would stand still there.
export function blackness(): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 180;
  const pen = canvas.getContext("2d");
  const stream = canvas.captureStream(2);
  const drawing = window.setInterval(() => {
    if (stream.getVideoTracks().every((t) => t.readyState === "ended")) clearInterval(drawing);
    pen?.fillRect(0, 0, canvas.width, canvas.height);
  }, 500);
  pen?.fillRect(0, 0, canvas.width, canvas.height);
  return stream;
}

const picture: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user" };

export class Call {
  readonly remote = new MediaStream();
  readonly times: Times = { camera: null, first: null };
  local: MediaStream | null = null;
  private pc: RTCPeerConnection | null = null;
  private mender: Mender | null = null;
  private began = performance.now();
  private over = false;
  onLocal: () => void = () => {};
  onFirst: () => void = () => {};
  onBroken: (broken: boolean) => void = () => {};
  onFailed: (error: unknown) => void = () => {};

  constructor(private engine: Engine, readonly id: string, readonly media: Media) {}

  // answer is the callee's part up to its accept. The devices open while the
  // call is being signalled; who they show comes in as soon as they are open.
  async answer(devices: Promise<MediaStream>): Promise<void> {
    this.began = performance.now();
    const { codecs } = await this.engine.accepting(this.id);
    const pc = this.connection([], "callee");
    const kinds: ("audio" | "video")[] = this.media === "video" ? ["audio", "video"] : ["audio"];
    for (const kind of kinds) {
      const t = pc.addTransceiver(kind, { direction: "sendrecv" });
      oneCodec(t, kind, codecs);
      noExtensions(t);
    }
    const opened = this.use(devices);
    opened.catch(() => {}); // waited for below, once the rest is done
    const offer = await pc.createOffer();
    const relay = await this.engine.answer(this.id, offer.sdp ?? "");
    if (this.over) return;
    pc.setConfiguration(configuration([relay]));
    await pc.setLocalDescription(offer);
    await opened;
  }

  // joined is handed the answer that Go wrote from the caller's parameters.
  async joined(answer: string): Promise<void> {
    await this.pc?.setRemoteDescription({ type: "answer", sdp: answer });
  }

  // answered is the caller's part, with the offer that Go wrote from the
  // callee's parameters.
  async answered(relay: IceServers, offer: string, devices: Promise<MediaStream>): Promise<void> {
    this.began = performance.now();
    const { codecs } = await this.engine.accepting(this.id);
    const pc = this.connection([relay], "caller");
    await pc.setRemoteDescription({ type: "offer", sdp: offer });
    for (const t of pc.getTransceivers()) {
      t.direction = "sendrecv";
      oneCodec(t, t.receiver.track.kind as "audio" | "video", codecs);
    }
    const opened = this.use(devices);
    opened.catch(() => {}); // waited for below, once the rest is done
    const answer = await pc.createAnswer();
    if (this.over) return;
    await Promise.all([this.engine.join(this.id, answer.sdp ?? ""), pc.setLocalDescription(answer)]);
    await opened;
  }

  // restart takes the other end's part of an ICE restart, or the caller's wish
  // for one.
  async restart(part?: { type: "offer" | "answer"; sdp: string }): Promise<void> {
    await (part ? this.mender?.take(part.type, part.sdp) : this.mender?.begin());
  }

  private connection(relays: IceServers[], part: "caller" | "callee"): RTCPeerConnection {
    const pc = new RTCPeerConnection(configuration(relays));
    this.pc = pc;
    pc.addEventListener("track", (e) => {
      this.remote.addTrack(e.track);
      // A sound call has no picture to wait for: its first packet takes the mute off.
      if (this.media === "sound") e.track.addEventListener("unmute", () => this.firstCame(), { once: true });
    });
    this.mender = new Mender(pc, this.engine, this.id, part, (broken) => this.onBroken(broken), (error) => this.onFailed(error));
    return pc;
  }

  // use puts the tracks on the transceivers once the devices are open.
  private async use(devices: Promise<MediaStream>): Promise<void> {
    const asked = performance.now();
    const stream = await devices;
    if (this.over || !this.pc) return stop(stream);
    const opened = performance.now() - asked;
    if (opened > 2) this.times.camera = opened; // a caller's are open already
    this.local = stream;
    for (const track of stream.getTracks()) await this.send(track);
    this.onLocal();
  }

  // send puts a track on its transceiver; nothing is negotiated for it.
  async send(track: MediaStreamTrack): Promise<void> {
    await this.pc?.getTransceivers().find((t) => t.receiver.track.kind === track.kind)?.sender.replaceTrack(track);
  }

  // watch reports when the first frame of the other side is on the screen.
  watch(video: HTMLVideoElement): void {
    if (this.media === "video") video.requestVideoFrameCallback(() => this.firstCame());
  }

  private firstCame(): void {
    if (this.times.first !== null || this.over) return;
    this.times.first = performance.now() - this.began;
    void this.engine.connected(this.id).catch(() => {});
    this.onFirst();
  }

  close(): void {
    this.over = true;
    this.mender?.stop();
    this.pc?.close();
    this.pc = null;
    if (this.local) stop(this.local);
    this.local = null;
  }
}

function configuration(relays: IceServers[]): RTCConfiguration {
  return {
    iceServers: relays.map((r) => ({ urls: r.urls, username: r.username, credential: r.credential })),
    iceTransportPolicy: "relay", bundlePolicy: "max-bundle", rtcpMuxPolicy: "require", iceCandidatePoolSize: 0,
  };
}

export function stop(stream: MediaStream): void {
  for (const t of stream.getTracks()) t.stop();
}

function oneCodec(t: RTCRtpTransceiver, kind: "audio" | "video", codecs: string[]): void {
  const wanted = codecs.map((c) => c.toLowerCase());
  const known = (RTCRtpReceiver.getCapabilities(kind)?.codecs ?? []).filter((c) => wanted.includes(c.mimeType.toLowerCase()));
  t.setCodecPreferences(known);
}

// noExtensions offers no header extension but mid, which cannot be stopped in a
// bundle; the answer that Go writes has none, so that none is used. Who answers
// needs nothing of the kind: an answer has only what was offered.
function noExtensions(t: RTCRtpTransceiver): void {
  const e = t as unknown as HeaderExtensions;
  if (!e.getHeaderExtensionsToNegotiate || !e.setHeaderExtensionsToNegotiate) return;
  e.setHeaderExtensionsToNegotiate(e.getHeaderExtensionsToNegotiate().map((x) => (x.uri.endsWith(":sdes:mid") ? x : { ...x, direction: "stopped" })));
}

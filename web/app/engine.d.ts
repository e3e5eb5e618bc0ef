// What the Go client, loaded as WebAssembly, offers to the page. It is set as
// globalThis.ringfence before the event "ringfence-ready" is sent to window.
// Ids are 32 hexadecimal digits, times Unix milliseconds. Every promise rejects
// with an EngineError. Nothing that another person sent reaches the page as
// anything but text in `text` and `name`, and typed values.

export interface EngineError { code: string; message: string; hint: string }

export interface Me { account: string; name: string; server: string; registered: boolean }

export interface Contact {
  account: string;
  name: string;            // the name that this person gave; what a ring shows
  username: string;        // the account's own name on the server
  state: "accepted" | "knocked" | "waiting" | "ended"; // knocked: at us; waiting: for them, without an account id yet; ended: by them
  keysChanged: boolean;    // warn; sending waits until confirmKeys
  verified: boolean;       // the safety number was compared
  canWrite: boolean;       // their delivery token is here
  reported: boolean;       // this person found the knock strange, and said so
  unread: number;
  last: Message | null;
}

export interface Message {
  id: string;
  mine: boolean;
  text: string;
  at: number;
  state: "sending" | "sent" | "delivered" | "read" | "failed" | "received";
  order: number;           // in which they came and went on this device
}

export interface Safety { digits: string; qr: string } // 60 digits in groups of five; qr is an SVG document

// A call to this person. held_back: of a stranger; campaign, new_account: of a contact, and held back. expired: count letters waited 30 days for this device and were deleted; account, name and media say nothing then.
export interface HeldBack {
  kind: "missed" | "held_back" | "campaign" | "new_account" | "answered" | "declined" | "expired";
  account: string;
  name: string;
  media: "sound" | "video";
  at: number;
  count: number;
  call: string;            // the latest of them; "" when it is not known
  reported: boolean;       // this person reported that call
}

// A security notice that is genuine: two persons, by, signed it whose keys this device knew. A line of a body that begins "1. " is a step.
export interface SecurityNotice {
  code: string;            // by which this person sees that it is genuine
  issuer: string;
  issued: string;          // 2006-01-02
  delivered: number;
  read: number;            // 0: not yet
  by: string[];
  answers: Partial<Record<"examination" | "counted" | "opt_out", boolean>>;
  wordings: Record<string, { title: string; body: string }>; // by language
}

export interface SecurityKey { name: string; hash: string; since: number; from: number; gone: boolean } // counts from a time on

export interface Security { notices: SecurityNotice[]; forged: number; keys: SecurityKey[] } // forged: claimed to be one, and are not shown

export interface Terms { version: string; text: string; sha256: string } // "" all: there are none

// held: this account's calls ring only with people who know it, because of this ban of another one; accepted: the terms of service.
export interface Standing { held: boolean; ban: string; appealed: boolean; accepted: boolean }

export interface IceServers { urls: string[]; username: string; credential: string }

// Events, one object each, handed to the callback of listen().
export type EngineEvent =
  | { kind: "connection"; state: "online" | "offline" | "signed_out" | "other_window" | "build_too_old" }
  | { kind: "contacts" }                                   // the list has changed
  | { kind: "message"; account: string; message: Message }  // new, or its state changed
  | { kind: "held_back"; notice: HeldBack }
  | { kind: "security" }                                   // security() has changed
  | { kind: "ring"; call: string; account: string; name: string; media: "sound" | "video"; ttl: number } // ttl in milliseconds
  | { kind: "ringing"; call: string }
  | { kind: "answered"; call: string; relay: IceServers; offer: string }   // to the caller: the remote description (SDP, type offer) that Go wrote
  | { kind: "joined"; call: string; answer: string }       // to the callee: the remote description (SDP, type answer) that Go wrote
  | { kind: "reconnecting"; call: string; account: string } // a connected call waits for the connection of this account, ours or theirs
  | { kind: "reconnected"; call: string }
  | { kind: "restart_asked"; call: string }                // to the callee: the caller needs an ICE restart
  | { kind: "restart"; call: string; type: "offer" | "answer"; sdp: string } // the remote description that Go wrote from the new credentials
  | { kind: "ended"; call: string; reason: string };

export interface Engine {
  open(): Promise<Me>;                                     // loads the device's state; takes the Web Lock
  listen(callback: (event: EngineEvent) => void): void;
  register(invite: string, name: string): Promise<Me>;
  terms(): Promise<Terms>;
  acceptTerms(sha256: string): Promise<void>;              // of terms that the person has seen: before register they go with it; "" takes it back
  standing(): Promise<Standing>;
  object(text: string): Promise<void>;                     // to a ban, or to calls that are held back: once
  connect(): Promise<void>;                                // signs in and keeps the device socket
  signOut(): Promise<void>;
  deleteAccount(): Promise<void>;

  contacts(): Promise<Contact[]>;
  knock(name: string): Promise<void>;
  accept(account: string): Promise<void>;
  remove(account: string): Promise<void>;                  // ends a relationship, or refuses a knock
  rename(account: string, name: string): Promise<void>;
  safety(account: string): Promise<Safety>;
  confirmKeys(account: string, compared: boolean): Promise<void>;

  messages(account: string, before: number, limit: number): Promise<Message[]>; // oldest first: those before that order, the last ones for 0
  send(account: string, text: string): Promise<Message>;   // resolves when the server has it on disk
  read(account: string): Promise<void>;                    // all shown: sends read receipts
  notices(): Promise<HeldBack[]>;
  security(): Promise<Security>;
  knowsCode(code: string): Promise<boolean>;               // of a genuine notice of this account
  readNotice(code: string): Promise<void>;
  answerNotice(code: string, what: "examination" | "counted" | "opt_out", yes: boolean): Promise<void>;
  report(call: string): Promise<void>;                      // found strange: the id goes to the server, and nothing else
  reportKnock(account: string): Promise<void>;

  // Calls. The callee offers: it makes its RTCPeerConnection after the person tapped "answer".
  call(account: string, media: "sound" | "video"): Promise<string>;         // the call id, when it rings
  accepting(call: string): Promise<{ codecs: string[] }>;                    // which codecs to keep, e.g. ["video/VP8", "audio/opus"]
  answer(call: string, localOffer: string): Promise<IceServers>;            // accept, with the local description's ufrag, pwd and fingerprint
  join(call: string, localAnswer: string): Promise<void>;                    // the caller's parameters
  connected(call: string): Promise<void>;                                    // the first frame of the other side is shown
  decline(call: string): Promise<void>;
  cancel(call: string): Promise<void>;
  hangUp(call: string): Promise<void>;

  // An ICE restart within a connected call: the callee offers, the caller answers, or asks for one.
  restart(call: string, local: string): Promise<void>;                       // the local description's new ufrag and pwd, with the same fingerprint
  askRestart(call: string): Promise<void>;
}

declare global { var ringfence: Engine }

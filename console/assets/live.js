// Keeps a list of verdicts live. Every field of a verdict is written as text
// (textContent) into a copy of an empty row; nothing is parsed as HTML, and the
// page's policy would not allow it.

const staleAfter = 40_000; // ms without a sign of life; the server sends one every 15 s
const quiet = 3_000;       // ms between announcements to a screen reader
const mostRows = 500;      // in the page; older ones are one click away

const id = /^[0-9a-f]{32}$/;
const words = {
  live: "Live",
  paused: "Paused",
  waiting: "Reconnecting…",
  "signed out": "Signed out. Sign in again to go on.",
  "too many": "Not live: too many live windows are open. Close one and reload.",
};

class LiveList {
  constructor(box) {
    const part = (name) => box.querySelector(`[data-live-${name}]`);
    this.box = box;
    this.state = part("state");
    this.pauseButton = part("pause");
    this.showButton = part("show");
    this.said = part("said");
    this.blank = part("row").content.querySelector("tr");
    this.rows = document.querySelector("[data-live-rows]");
    this.empty = document.querySelector("[data-live-empty]");
    this.address = new URL(box.dataset.live, location.origin);
    this.last = Number(this.address.searchParams.get("after"));
    this.limit = Number(box.dataset.limit) || mostRows;
    this.title = document.title;
    this.held = [];      // came while paused
    this.unsaid = [];    // came since the last announcement
    this.unseen = 0;     // came while the window was in the background
    this.paused = false;
    this.wait = 1000;
    this.pauseButton.hidden = false;
    this.pauseButton.addEventListener("click", () => this.pause(!this.paused));
    this.showButton.addEventListener("click", () => this.showHeld());
    document.addEventListener("visibilitychange", () => this.retitle(0));
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", (e) => e.persisted && this.open());
    setInterval(() => this.source && Date.now() - this.heard > staleAfter && this.again(), 5000);
    this.open();
  }

  open() {
    this.close();
    this.tell("waiting");
    this.address.searchParams.set("after", this.last);
    this.heard = Date.now();
    const s = (this.source = new EventSource(this.address));
    const on = (kind, then) => s.addEventListener(kind, (e) => { this.heard = Date.now(); then(e.data && JSON.parse(e.data)); });
    on("open", () => { this.wait = 1000; this.tell(this.paused ? "paused" : "live"); });
    on("alive", () => {});
    on("verdict", (v) => this.take(v));
    on("count", (c) => this.recount(c));
    on("over", (o) => { this.close(); this.tell("over", words[o.why] ?? "Not live."); });
    s.addEventListener("error", () => (s.readyState === EventSource.CLOSED ? this.again() : this.tell("waiting")));
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  // again opens a new connection after a while: the browser does so by itself
  // only where the server had answered well.
  again() {
    this.close();
    this.tell("waiting");
    this.timer = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(this.wait * 2, 30_000);
  }

  tell(state, text = words[state]) {
    if (this.state.textContent !== text) this.state.textContent = text;
    this.box.dataset.state = state;
  }

  pause(on) {
    this.paused = on;
    this.pauseButton.textContent = on ? "Go on" : "Pause";
    if (this.source?.readyState === EventSource.OPEN) this.tell(on ? "paused" : "live");
    if (!on) this.showHeld();
  }

  take(v) {
    if (!Number.isSafeInteger(v.number) || v.number <= this.last) return; // seen
    this.last = v.number;
    if (document.hidden) this.retitle(this.unseen + 1);
    if (!this.paused) {
      this.add(v);
    } else {
      this.held.push(v);
      if (this.held.length > mostRows) this.held.shift(); // the list would not hold it either
      this.showButton.hidden = false;
      this.showButton.textContent = this.held.length === 1 ? "Show 1 new" : `Show ${this.held.length} new`;
    }
    this.say(v);
  }

  showHeld() {
    this.showButton.hidden = true;
    for (const v of this.held.splice(0)) this.add(v);
  }

  add(v) {
    const row = document.importNode(this.blank, true);
    const cell = (name) => row.querySelector(`[data-f="${name}"]`);
    const write = (name, text) => (cell(name).textContent = String(text));
    row.dataset.number = v.number;
    cell("link").setAttribute("href", `/verdicts/${v.number}`);
    cell("time").setAttribute("datetime", v.time);
    write("time", v.shown);
    write("severity", v.severity);
    cell("severity").dataset.severity = v.severity;
    for (const name of ["rules", "kind", "what", "action", "count"]) write(name, v[name]);
    for (const side of ["from", "to"]) {
      cell(side).firstElementChild.textContent = v[side].name;
      if (id.test(v[side].id)) cell(side).setAttribute("href", `/accounts/${v[side].id}`);
    }
    cell("range").hidden = !v.range;
    row.classList.add("new");
    this.rows.prepend(row);
    while (this.rows.rows.length > this.limit) this.rows.rows[this.rows.rows.length - 1].remove();
    this.empty.hidden = true;
  }

  recount({ number, count }) {
    if (!Number.isSafeInteger(number) || !Number.isSafeInteger(count)) return;
    const held = this.held.find((v) => v.number === number);
    if (held) held.count = count;
    const cell = this.rows.querySelector(`tr[data-number="${number}"] [data-f="count"]`);
    if (cell) cell.textContent = count;
  }

  // say tells a screen reader what is new, now and then.
  say(v) {
    this.unsaid.push(v);
    if (this.unsaid.length > 1) return;
    setTimeout(() => {
      const all = this.unsaid.splice(0);
      this.said.textContent = all.length === 1
        ? `New verdict, ${all[0].severity}: ${all[0].kind} ${all[0].action}, rule ${all[0].rules}`
        : `${all.length} new verdicts`;
    }, quiet);
  }

  retitle(unseen) {
    this.unseen = document.hidden ? unseen : 0;
    document.title = this.unseen ? `(${this.unseen}) ${this.title}` : this.title;
  }
}


for (const box of document.querySelectorAll("[data-live]")) new LiveList(box);

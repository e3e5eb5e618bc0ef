// Keeps the campaigns live. Every field is written as text (textContent) into a
// copy of an empty row; nothing is parsed as HTML.

const staleAfter = 40_000; // ms without a sign of life; the server sends one every 15 s
const words = { "signed out": "Signed out. Sign in again to go on.", "too many": "Not live: too many live windows are open. Close one and reload." };
const held = (on) => (on ? "held back" : "let through");

class LiveCampaigns {
  constructor(box) {
    this.box = box;
    this.said = box.querySelector("[data-said]");
    addEventListener("pagehide", () => this.source?.close());
    addEventListener("pageshow", (e) => e.persisted && this.open());
    setInterval(() => this.source && Date.now() - this.heard > staleAfter && this.open(), 5000);
    this.open();
  }

  open() {
    clearTimeout(this.timer);
    this.source?.close();
    this.heard = Date.now();
    this.tell("waiting", "Reconnecting…");
    const s = (this.source = new EventSource(this.box.dataset.campaigns));
    const on = (kind, then) => s.addEventListener(kind, (e) => { this.heard = Date.now(); then(e.data && JSON.parse(e.data)); });
    on("open", () => this.tell("live", "Live"));
    on("alive", () => {});
    on("campaigns", ({ rows, newest }) => (newest || !document.querySelector("[data-rows]") ? this.one(rows[0], newest ?? []) : this.list(rows)));
    on("over", (o) => { s.close(); this.source = null; this.tell("over", words[o.why] ?? "Not live."); });
    s.addEventListener("error", () => {
      this.tell("waiting", "Reconnecting…");
      if (s.readyState === EventSource.CLOSED) this.timer = setTimeout(() => this.open(), 3000);
    });
  }

  tell(state, text) {
    this.box.dataset.state = state;
    if (this.said.textContent !== text) this.said.textContent = text;
  }

  list(rows) {
    fill("[data-rows]", "[data-row]", rows, (row, c) => {
      row.querySelector("a").setAttribute("href", `/campaigns/${encodeURIComponent(c.id)}`);
      row.querySelector("[data-f=strength]").className = `hunt-strength ${c.strength}`;
      row.querySelector("[data-f=holding]").textContent = held(c.holding);
    });
    document.querySelector("[data-empty]").hidden = rows.length > 0;
  }

  one(c, newest) {
    for (const cell of document.querySelectorAll("[data-c]")) {
      const text = cell.dataset.c === "holding" ? held(c.holding) : String(c[cell.dataset.c]);
      if (cell.textContent === text) continue;
      cell.textContent = text;
      if (cell.dataset.c === "strength") cell.className = `hunt-strength ${c.strength}`;
      document.querySelector("[data-again]").hidden = false;
    }
    fill("[data-targets]", "[data-target]", newest, () => {});
  }
}

// fill replaces the rows of a table.
function fill(table, template, rows, more) {
  const blank = document.querySelector(template).content.querySelector("tr");
  document.querySelector(table).replaceChildren(...rows.map((r) => {
    const row = document.importNode(blank, true);
    for (const cell of row.querySelectorAll("[data-f]")) cell.textContent = String(r[cell.dataset.f] ?? "");
    more(row, r);
    return row;
  }));
}

for (const box of document.querySelectorAll("[data-campaigns]")) new LiveCampaigns(box);

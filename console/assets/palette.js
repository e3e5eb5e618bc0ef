// The command palette: Ctrl+K (or ⌘K) opens it, / goes to the search. Everything
// that it leads to has a link on some page too.
const dialog = document.querySelector("[data-palette]");
const input = dialog.querySelector("input");
const list = dialog.querySelector("ul");
let places = [];
let at = 0;

function matching() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  return places.filter(p => words.every(w => p.name.toLowerCase().includes(w))).slice(0, 12);
}

function show() {
  const found = matching();
  at = Math.max(0, Math.min(at, found.length - 1));
  list.replaceChildren(...found.map((p, i) => {
    const item = document.createElement("li");
    item.id = "palette-" + i;
    item.role = "option";
    item.ariaSelected = String(i === at);
    item.textContent = p.name;
    item.addEventListener("click", () => location.assign(p.path));
    return item;
  }));
  input.setAttribute("aria-activedescendant", found.length ? "palette-" + at : "");
  dialog.querySelector("[data-none]").hidden = found.length > 0;
}

async function open() {
  input.value = "";
  at = 0;
  dialog.showModal();
  input.focus();
  show();
  if (places.length === 0) {
    const response = await fetch("/palette").catch(() => null);
    if (response?.ok) places = (await response.json()).places;
    show();
  }
}

input.addEventListener("input", () => { at = 0; show(); });
input.addEventListener("keydown", event => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    at += step;
    show();
  } else if (event.key === "Enter") {
    event.preventDefault();
    const there = matching()[at];
    if (there) location.assign(there.path);
  }
});
addEventListener("keydown", event => {
  const writing = event.target instanceof Element && event.target.matches("input, textarea, select");
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (!dialog.open) open();
  } else if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    document.querySelector(".find input")?.focus();
  }
});
document.querySelector("[data-open-palette]")?.addEventListener("click", open);
dialog.dataset.ready = "yes";

// A small helper to make elements. Text always goes in as text: there is no way
// here to hand markup to the browser, and the page's policy forbids it too.

export type Child = Node | string | null | undefined | false;

type Listeners = { [K in keyof HTMLElementEventMap]?: (e: HTMLElementEventMap[K]) => void };

export interface Props {
  class?: string;
  id?: string;
  on?: Listeners;
  [attribute: string]: string | number | boolean | Listeners | undefined;
}

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, f] of Object.entries(value as Listeners)) e.addEventListener(event, f as EventListener);
    } else if (value === true) {
      e.setAttribute(name, "");
    } else if (value !== false && value !== undefined) {
      e.setAttribute(name, String(value));
    }
  }
  e.append(...kept(children));
  return e;
}

// kept drops what is not there, so that children can be written as conditions.
export function kept(children: Child[]): (Node | string)[] {
  return children.filter((c): c is Node | string => c !== null && c !== undefined && c !== false);
}

// theirs is text that another person chose. Its direction is its own and does
// not leak into the sentence around it.
export function theirs(text: string, className?: string): HTMLElement {
  return h("bdi", { class: className, dir: "auto" }, text);
}

// sentence puts elements into a translated sentence, where it says {name}.
export function sentence(text: string, parts: Record<string, Child>): (Node | string)[] {
  return kept(text.split(/(\{\w+\})/).map((piece) => {
    const name = /^\{(\w+)\}$/.exec(piece)?.[1];
    return name !== undefined && name in parts ? parts[name] : piece;
  }));
}

const svgSpace = "http://www.w3.org/2000/svg";

// Pictures on buttons, in a square of 24, drawn with lines. Those that point
// somewhere turn round in a right-to-left page.
const pictures = {
  back: "M15 5l-7 7 7 7",
  sound: "M6.5 3.5h3l1.5 4.5-2 1.5a12 12 0 0 0 5.5 5.5l1.5-2 4.5 1.5v3a2 2 0 0 1-2.2 2A16.5 16.5 0 0 1 4.5 5.7a2 2 0 0 1 2-2.2z",
  video: "M4.5 6.5h9a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM15.5 10.5l6-3.5v10l-6-3.5",
  hangup: "M3 13.5c5-5 13-5 18 0l-2.2 2.8-3.8-1.6v-2.4c-2-.7-4-.7-6 0v2.4l-3.8 1.6z",
  mic: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21",
  send: "M4 12L20 4.5 15.5 20l-3.5-6zM12 14l8-9.5",
  settings: "M4 7h9M17.5 7H20M4 17h2.5M11 17h9M15.2 4.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4zM8.8 14.8a2.2 2.2 0 1 1 0 4.4 2.2 2.2 0 0 1 0-4.4z",
  missed: "M4 6l7 7 8-8M19 10V5h-5M3.5 19c5-3.5 12-3.5 17 0",
  shield: "M12 3l7.5 2.8v5.7c0 4.5-3 7.6-7.5 9.5-4.5-1.9-7.5-5-7.5-9.5V5.8zM8.5 12l2.5 2.5 4.5-5",
  warn: "M12 4l9 16H3zM12 10v4.5M12 17.2v.3",
  add: "M9.5 11.5a3.7 3.7 0 1 0 0-7.4 3.7 3.7 0 0 0 0 7.4zM3 19.5c.6-3.6 3.2-5.5 6.5-5.5 2 0 3.7.7 4.9 2M18 13v7M14.5 16.5h7",
  edit: "M5 19l1-4L16.5 4.5l3 3L9 18zM14 7l3 3",
} as const;

export type Picture = keyof typeof pictures;

export function picture(name: Picture, struck = false): SVGElement {
  const svg = document.createElementNS(svgSpace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("picture");
  if (name === "back" || name === "send") svg.classList.add("turns");
  for (const d of struck ? [pictures[name], "M4 3.5l16 17"] : [pictures[name]]) {
    const path = document.createElementNS(svgSpace, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

// button with a picture alone; what it does is its accessible name and tip.
export function pictured(name: Picture, label: string, click: () => void, props: Props = {}): HTMLButtonElement {
  return h("button", { type: "button", "aria-label": label, title: label, ...props, class: "pictured " + (props.class ?? ""), on: { click } }, picture(name));
}

// face stands for a person: the first letter of the name on one of six quiet
// grounds, the same each time.
export function face(name: string, className = ""): HTMLElement {
  let sum = 0;
  for (const c of name) sum = (sum * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  const first = [...name][0] ?? "?";
  return h("span", { class: `face ground${sum % 6} ${className}`, "aria-hidden": "true" }, h("bdi", {}, first.toLocaleUpperCase()));
}

// keepFocus redraws without taking the focus from whom it was on.
export function keepFocus(root: HTMLElement, draw: () => void): void {
  const key = (document.activeElement as HTMLElement | null)?.closest<HTMLElement>("[data-key]")?.dataset.key;
  const inside = root.contains(document.activeElement);
  draw();
  if (inside && key) [...root.querySelectorAll<HTMLElement>("[data-key]")].find((e) => e.dataset.key === key)?.focus();
}

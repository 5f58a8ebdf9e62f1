/**
 * Elements made in one expression. Text is always set as text: what nodes wrote
 * is never taken for HTML.
 *
 * @module
 */
/// <reference lib="dom" />

/** Makes an element, with properties and children. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Milliseconds as people read them: in seconds, so exact that steps show. */
export function seconds(ms: number, stepMs = 1): string {
  const digits = Math.ceil(3 - Math.log10(stepMs) - 1e-9);
  const text = (ms / 1000).toFixed(Math.max(0, Math.min(digits, 6)));
  return `${text.replace(/^-(?=[0.]+$)/, "")} s`;
}

/** A shorter time is a rounding error. */
const leastMs = 0.0005;

/** A moment of the run. What comes before it is the set-up, with no time. */
export function timeOf(ms: number, stepMs = 1): string {
  return ms < -leastMs ? "set-up" : seconds(ms, stepMs);
}

/** A count of things: `1 message`, `12,345 messages`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** A button; `label` is its name for readers who can't see it. */
export function button(
  label: string,
  text: string,
  act: () => void,
): HTMLButtonElement {
  return element("button", {
    type: "button",
    ariaLabel: label,
    onclick: act,
  }, text);
}

/** Lets keys act on an element that has the focus. */
export function onKeys(
  target: HTMLElement,
  keys: { readonly [key: string]: () => void },
): void {
  target.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    event.preventDefault();
    act();
  });
}

/** Sets a text only if it's another: it may be read aloud when it changes. */
export function say(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Buttons that copy a text.
 *
 * @module
 */
/// <reference lib="dom" />
import { element } from "./dom.ts";

/** The time for which a button says that it has copied. */
const saidMs = 2000;

/** Makes a button; `text` gives what is copied. */
export function copyButton(
  label: string,
  text: () => string,
): HTMLButtonElement {
  const button = element(
    "button",
    { type: "button", className: "copy" },
    label,
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  button.addEventListener("click", async () => {
    const copied = await copy(text());
    button.textContent = copied ? "Copied" : "Select it, and copy it yourself";
    clearTimeout(timer);
    timer = setTimeout(() => button.textContent = label, saidMs);
  });
  return button;
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not everywhere may a page that was opened from disk, or is kept in a
    // sandbox, use the clipboard; but everywhere it may copy what is marked.
    return copyMarked(text);
  }
}

function copyMarked(text: string): boolean {
  const focused = document.activeElement;
  const area = element("textarea", { value: text, readOnly: true });
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return copied;
}

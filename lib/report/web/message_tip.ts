/**
 * The tip about a message that one points at.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../page/data.ts";
import { losses } from "../page/faults.ts";
import { element, timeOf } from "./dom.ts";
import type { MessageIndex } from "./message_index.ts";

/** A box of text beside a message. */
export interface MessageTip {
  element: HTMLElement;
  /** Shows a message's beside a point; gives back what it says. */
  show(
    row: number,
    x: number,
    y: number,
    within: { width: number; height: number },
  ): string;
  hide(): void;
}

/** The reasons why a message was never received. */
export const lossWords = {
  partition: "never received: a partition swallowed it",
  kill: "never received: its receiver was killed",
  chance: "never received: it was lost by chance",
  none: "not received before the run ended",
};

/** Makes the box. */
export function messageTip(
  { messages }: PageData,
  index: MessageIndex,
): MessageTip {
  const { types, type, body } = messages;
  const title = element("strong");
  const times = element("div");
  const text = element("div", { className: "mono" });
  const box = element(
    "div",
    { className: "tooltip", hidden: true },
    title,
    times,
    text,
  );
  return {
    element: box,
    show(row, x, y, { width, height }) {
      const sentMs = index.sentMs(row);
      const latencyMs = index.endMs(row) - sentMs;
      title.textContent = `${index.src(row)} → ${index.dest(row)}  ${
        types[type[row]!]
      }`;
      times.textContent = `sent ${
        sentMs < 0 ? "in the set-up" : `at ${timeOf(sentMs)}`
      }, ${
        index.isLost(row)
          ? lossWords[losses[messages.lost[row]!] ?? "none"]
          : `received after ${latencyMs.toFixed(latencyMs < 10 ? 2 : 0)} ms`
      }`;
      text.textContent = body[row] ?? "";
      box.hidden = false;
      const gap = 14;
      const { offsetWidth, offsetHeight } = box;
      const left = x + gap + offsetWidth < width
        ? x + gap
        : Math.max(8, x - gap - offsetWidth);
      const top = Math.min(
        Math.max(8, y + gap),
        Math.max(8, height - offsetHeight - 8),
      );
      box.style.transform = `translate(${left}px, ${top}px)`;
      return `${title.textContent}, ${times.textContent}`;
    },
    hide() {
      box.hidden = true;
    },
  };
}

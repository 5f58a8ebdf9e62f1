/**
 * What is going on right now, at the foot of a terminal: lines that are
 * overwritten, and gone when it's over. Where stderr isn't a terminal there are
 * none.
 *
 * @module
 */
import process from "node:process";
import { styleText } from "node:util";

const redrawIntervalMs = 100;

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** Lines that can be shown, and cleared before anything else is printed. */
export interface Live {
  /** Shows lines instead of those before; not more often than one can see. */
  show(lines: () => readonly string[]): void;
  clear(): void;
}

/** Makes live lines. */
export async function liveLines(): Promise<Live> {
  if (!Deno.stderr.isTerminal()) return { show() {}, clear() {} };
  // Only now: it reads the environment, which not every command may.
  const { createLogUpdate } = await import("log-update");
  const update = createLogUpdate(process.stderr);
  // What is over at once is never shown.
  let nextMs = performance.now() + redrawIntervalMs;
  return {
    show(lines) {
      const now = performance.now();
      if (now < nextMs) return;
      nextMs = now + redrawIntervalMs;
      const frame =
        spinner[Math.floor(now / redrawIntervalMs) % spinner.length];
      const [first, ...others] = lines();
      const { rows } = Deno.consoleSize();
      const room = Math.max(0, rows - 3);
      const hidden = others.length - room;
      update([
        `${dim("cyan", frame)}  ${first}`,
        ...others.slice(0, room).map((line) => dim("dim", `   ${line}`)),
        ...(hidden > 0 ? [dim("dim", `   and ${hidden} more`)] : []),
      ].join("\n"));
    },
    clear: () => update.clear(),
  };
}

function dim(style: "cyan" | "dim", text: string): string {
  return Deno.noColor
    ? text
    : styleText(style, text, { validateStream: false });
}

/** A bar that shows a fraction. */
export function bar(fraction: number, width: number): string {
  const filled = Math.round(width * Math.min(1, Math.max(0, fraction)));
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/**
 * The runs in progress, at the foot of a terminal: lines that are overwritten,
 * and gone when it's over. Where stderr isn't a terminal there are none.
 *
 * @module
 */
import process from "node:process";
import { styleText } from "node:util";
import { visible } from "../report/visible.ts";
import { isDumb } from "./output.ts";

const redrawIntervalMs = 100;

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** Lines that can be shown, and cleared before anything else is printed. */
export interface Live {
  /** Shows lines instead of those before; not more often than one can see. */
  show(lines: () => readonly string[]): void;
  clear(): void;
}

/** Makes live lines. */
export function liveLines(): Live {
  if (!canOverwrite()) return { show() {}, clear() {} };
  let update: Update | undefined;
  // What it shows is worth no wait. Without it (a first start that can't reach
  // npm) there are just no such lines.
  loadLogUpdate().then(
    ({ createLogUpdate }) => update = createLogUpdate(process.stderr),
    () => {},
  );
  // What is over at once is never shown.
  let nextMs = performance.now() + redrawIntervalMs;
  return {
    show(lines) {
      const now = performance.now();
      if (update === undefined || now < nextMs) return;
      nextMs = now + redrawIntervalMs;
      const frame =
        spinner[Math.floor(now / redrawIntervalMs) % spinner.length]!;
      const [first = "", ...others] = lines();
      const { rows } = Deno.consoleSize();
      const room = Math.max(0, rows - 3);
      const hidden = others.length - room;
      update([
        `${dim("cyan", frame)}  ${visible(first)}`,
        ...others.slice(0, room).map((line) =>
          dim("dim", `   ${visible(line)}`)
        ),
        ...(hidden > 0 ? [dim("dim", `   and ${hidden} more`)] : []),
      ].join("\n"));
    },
    clear: () => update?.clear(),
  };
}

type LogUpdate = typeof import("log-update");
type Update = ReturnType<LogUpdate["createLogUpdate"]>;

/**
 * Only for a terminal: it reads the environment, which not every command may.
 * And no literal: Deno would download it before it runs anything.
 */
async function loadLogUpdate(): Promise<LogUpdate> {
  const name: string = "log-update";
  return await import(name);
}

/**
 * Tells whether there is a terminal with room for lines that are overwritten.
 */
function canOverwrite(): boolean {
  return Deno.stderr.isTerminal() && !isDumb() &&
    Deno.consoleSize().columns >= minColumns;
}

/** In less, each line would become many. Those that don't know tell 0. */
const minColumns = 20;

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

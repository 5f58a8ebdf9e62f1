/**
 * Did every echo come back as it was sent? After Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/echo.clj):
 * an echo that didn't come back at all is wrong as well.
 *
 * @module
 */
import { type History, pairs } from "../history.ts";
import type { Findings } from "./validity.ts";

/** What {@linkcode echo} finds. */
export interface EchoFindings extends Findings {
  "valid?": boolean;
  /** One for each that went wrong: what was expected, and what came. */
  errors: [string, unknown, string, unknown][];
}

/** Checks a history of `echo` operations. */
export function echo(history: History): EchoFindings {
  const counterpart = pairs(history);
  const errors: EchoFindings["errors"] = [];
  for (const invocation of history) {
    if (invocation.type !== "invoke" || invocation.f !== "echo") continue;
    const reply = counterpart[invocation.index]?.value ?? null;
    const echoed = (reply as { echo?: unknown } | null)?.echo;
    if (JSON.stringify(echoed) !== JSON.stringify(invocation.value)) {
      errors.push([
        "Expected a message with :echo",
        invocation.value,
        "But received",
        reply,
      ]);
    }
  }
  return { "valid?": errors.length === 0, errors };
}

/**
 * Did every echo come back as it was sent? After Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/echo.clj):
 * an echo that ended in an error is wrong as well, but one without a known end
 * doesn't count against the node.
 *
 * @module
 */
import { type History, pairs } from "../load/history.ts";
import type { Findings } from "./validity.ts";

/** The findings of {@linkcode echo}. */
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
    const completion = counterpart[invocation.index];
    if (completion === undefined || completion.type === "info") continue;
    const reply = completion.value;
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

/**
 * How far something has come, in a line that is overwritten.
 *
 * @module
 */

const progressIntervalMs = 100;

/** A line on stderr that shows how far it has come; at a terminal only. */
export function progressLine() {
  const shown = Deno.stderr.isTerminal();
  const encoder = new TextEncoder();
  const write = (text: string) =>
    Deno.stderr.writeSync(encoder.encode(`\r\x1b[K${text}`));
  let nextMs = performance.now() + progressIntervalMs;
  let dirty = false;
  return {
    show(text: () => string) {
      const now = performance.now();
      if (!shown || now < nextMs) return;
      nextMs = now + progressIntervalMs;
      dirty = true;
      write(`  ${text()}`);
    },
    clear() {
      if (dirty) write("");
      dirty = false;
    },
  };
}

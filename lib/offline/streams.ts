/**
 * Stand-in for what this project uses of `@std/streams`, for machines that
 * can't reach JSR: `TextLineStream`.
 *
 * @module
 */

/** Options for {@linkcode TextLineStream}. */
export interface TextLineStreamOptions {
  /** True if a lone `\r` ends a line too. Default: `false`. */
  allowCR?: boolean;
}

/**
 * Turns text in chunks of any size into one chunk per line, without the `\n`
 * or `\r\n` that ended it. A last line without an end is a line too.
 */
export class TextLineStream extends TransformStream<string, string> {
  /** Makes a stream that reads text on one side and gives lines on the other. */
  constructor({ allowCR = false }: TextLineStreamOptions = {}) {
    const otherEnds = allowCR ? /\r\n?/g : /\r\n/g;
    // The line begun in earlier chunks. It is only ever appended to, never
    // searched, so that a line in many chunks costs time linear in its length.
    let begun = "";
    // A "\r" at a chunk's end waits here: a "\n" may follow it.
    let heldCR = "";

    super({
      transform(chunk, controller) {
        if (chunk === "") return;
        let text = heldCR + chunk;
        heldCR = text.endsWith("\r") ? "\r" : "";
        if (heldCR) text = text.slice(0, -1);
        if (text.includes("\r")) text = text.replace(otherEnds, "\n");

        let start = 0;
        let end: number;
        while ((end = text.indexOf("\n", start)) !== -1) {
          controller.enqueue(begun + text.slice(start, end));
          begun = "";
          start = end + 1;
        }
        begun += text.slice(start);
      },
      flush(controller) {
        if (begun + heldCR === "") return;
        controller.enqueue(allowCR ? begun : begun + heldCR);
      },
    });
  }
}

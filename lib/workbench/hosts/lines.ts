/**
 * Lines of what comes in pieces.
 *
 * @module
 */

/** Splits a stream of text into lines, which a carriage return ends, too. */
export class LineSplitter {
  /** The part that has come of a line that hasn't ended. */
  open = "";
  #endedInReturn = false;

  /** Takes the next piece, and gives the lines that it ends. */
  push(piece: string): string[] {
    // Mostly, it's one whole line.
    if (
      piece.indexOf("\n") === piece.length - 1 && piece !== "" &&
      !this.#endedInReturn && !piece.includes("\r")
    ) {
      const line = this.open + piece.slice(0, -1);
      this.open = "";
      return [line];
    }
    // As Java does, which hears what ends in a carriage return at once.
    const text = this.#endedInReturn && piece.startsWith("\n")
      ? piece.slice(1)
      : piece;
    if (piece !== "") this.#endedInReturn = piece.endsWith("\r");
    const lines = text.includes("\r")
      ? text.split(/\r\n?|\n/)
      : text.split("\n");
    lines[0] = this.open + lines[0];
    this.open = lines.pop()!;
    return lines;
  }
}

/** Describes a line that hasn't ended. */
export function unended(id: string, openChars: number): string | undefined {
  return openChars === 0
    ? undefined
    : `${id} has printed ${openChars} characters without a newline at their end: each message is one line.`;
}

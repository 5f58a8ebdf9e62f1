/**
 * The lines that a WASI module writes: in whatever pieces, they are the same.
 */
import fc from "fast-check";
import { assertEquals } from "@std/assert";
import { LineSplitter } from "../../../lib/workbench/hosts/lines.ts";
import { Output } from "../../../lib/workbench/hosts/wasi_streams.ts";

/** The lines of what is written in pieces, and what is open at the end. */
function written(pieces: readonly Uint8Array[]) {
  const lines: string[] = [];
  const output = new Output((line) => lines.push(line));
  for (const piece of pieces) assertEquals(output.write(piece), true);
  return { lines, open: output.open };
}

/** The same by a decoder of streams, a byte at a time. */
function expected(bytes: Uint8Array) {
  const decoder = new TextDecoder();
  const splitter = new LineSplitter();
  const lines = Array.from(bytes).flatMap((byte) =>
    splitter.push(decoder.decode(Uint8Array.of(byte), { stream: true }))
  );
  return { lines, open: splitter.open };
}

const text = new TextEncoder();

Deno.test("a line may come in pieces, and several in one", () => {
  const pieces = ['{"a":', '"é"}', "\n", "b\nc\r\nd\re"].map((piece) =>
    text.encode(piece)
  );
  assertEquals(written(pieces), {
    lines: ['{"a":"é"}', "b", "c", "d"],
    open: "e",
  });
});

Deno.test("whatever the pieces, the lines are those of the stream", () => {
  // Bytes that end lines, and parts of characters; some are no UTF-8.
  const byte = fc.constantFrom(
    ...text.encode("ab\n\r\n\ré€😀\uFEFF"),
    0xff,
  );
  fc.assert(
    fc.property(
      fc.array(fc.array(byte, { maxLength: 12 })),
      (pieces) => {
        const all = pieces.map((piece) => Uint8Array.from(piece));
        assertEquals(written(all), expected(Uint8Array.from(pieces.flat())));
      },
    ),
    { seed: 1, numRuns: 1000 },
  );
});

/**
 * The promises of the stand-in for `@std/streams`.
 *
 * @module
 */

import { assertEquals } from "../../lib/offline/assert.ts";
import { TextLineStream } from "../../lib/offline/streams.ts";
import { some } from "../some.ts";

/** The lines that come out if these chunks go in. */
function lines(chunks: Iterable<string>, options?: { allowCR?: boolean }) {
  return Array.fromAsync(
    ReadableStream.from(chunks).pipeThrough(new TextLineStream(options)),
  );
}

Deno.test("TextLineStream ends lines at \\n and \\r\\n", async () => {
  assertEquals(await lines(["a\nb\r\nc\n"]), ["a", "b", "c"]);
});

Deno.test("TextLineStream keeps empty lines, also the first", async () => {
  assertEquals(await lines(["\n\r\na\n\n"]), ["", "", "a", ""]);
});

Deno.test("TextLineStream gives a last line that has no end", async () => {
  assertEquals(await lines(["a\nb"]), ["a", "b"]);
  assertEquals(await lines(["a\r"]), ["a\r"]);
  assertEquals(await lines([]), []);
  assertEquals(await lines([""]), []);
});

Deno.test("TextLineStream gives the same lines wherever chunks end", async () => {
  const text = "\na\r\nbc\r\r\n\rd\n\n\r\né\r";
  const expected = ["", "a", "bc\r", "\rd", "", "", "é\r"];
  const expectedCR = ["", "a", "bc", "", "", "d", "", "", "é"];
  for (let i = 0; i <= text.length; i++) {
    for (let j = i; j <= text.length; j++) {
      const chunks = [text.slice(0, i), text.slice(i, j), text.slice(j)];
      assertEquals(await lines(chunks), expected);
      assertEquals(await lines(chunks, { allowCR: true }), expectedCR);
    }
  }
  assertEquals(await lines([...text]), expected); // one character a chunk
});

Deno.test("TextLineStream leaves a lone \\r alone unless allowCR", async () => {
  assertEquals(await lines(["a\rb\n"]), ["a\rb"]);
  assertEquals(await lines(["a\rb\n"], { allowCR: false }), ["a\rb"]);
  assertEquals(await lines(["a\rb\n"], { allowCR: true }), ["a", "b"]);
  assertEquals(await lines(["a\n\r"], { allowCR: true }), ["a", ""]);
});

Deno.test("TextLineStream gives a line once its end has come", async () => {
  const { readable, writable } = new TextLineStream();
  const writer = writable.getWriter();
  const reader = readable.getReader();
  writer.write("a\nb");
  assertEquals((await reader.read()).value, "a");
  writer.write("c\n");
  assertEquals((await reader.read()).value, "bc");
  writer.close();
  assertEquals((await reader.read()).done, true);
});

// In quadratic time, one pass over it a chunk, this would take minutes.
Deno.test("TextLineStream takes a line of 128 MB in 2048 chunks", async () => {
  const chunk = "x".repeat(64 * 1024);
  const [line] = some(await lines([...Array(2048).fill(chunk), "\n"]));
  assertEquals(line.length, 2048 * chunk.length);
});

Deno.test("TextLineStream splits half a million lines", async () => {
  const text = `${"x".repeat(89)}\n`.repeat(500_000);
  const bytes = new TextEncoder().encode(text);
  let count = 0;
  for await (
    const line of new Response(bytes).body!
      .pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
  ) {
    if (line.length === 89) count++;
  }
  assertEquals(count, 500_000);
});

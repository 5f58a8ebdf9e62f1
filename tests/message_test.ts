/**
 * Tests of lib/message.ts: what counts as a message, and what doesn't.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { isMessage } from "../lib/message.ts";

const good = { src: "c1", dest: "n1", body: { type: "echo" } };

Deno.test("a message has a source, a destination, and a body with a type", () => {
  assert(isMessage(good));
});

Deno.test("a message may hold more than it must", () => {
  assert(isMessage({ ...good, id: 7 }));
  assert(isMessage({ ...good, body: { type: "echo", msg_id: 1, echo: [] } }));
});

Deno.test("a message whose strings are empty is still a message", () => {
  assert(isMessage({ src: "", dest: "", body: { type: "" } }));
});

Deno.test("what isn't an object is no message", () => {
  for (const value of [undefined, null, true, 0, NaN, "", "{}", [], () => {}]) {
    assertFalse(isMessage(value), String(value));
  }
});

Deno.test("an object that lacks a part, or has a wrong one, is no message", () => {
  const { src, dest, body } = good;
  for (
    const value of [
      {},
      { src: 1 },
      { dest, body },
      { src, body },
      { src, dest },
      { ...good, src: 1 },
      { ...good, dest: null },
      { ...good, body: null },
      { ...good, body: "echo" },
      { ...good, body: [] },
      { ...good, body: ["echo"] },
      { ...good, body: {} },
      { ...good, body: { type: 1 } },
      { ...good, body: { type: ["echo"] } },
      { ...good, body: { msg_id: 1 } },
    ]
  ) {
    assertFalse(isMessage(value), JSON.stringify(value));
  }
});

Deno.test("a message is told from any other JSON by three types alone", () => {
  const part = fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 1 }));
  const nearlyMessage = fc.record(
    {
      src: part,
      dest: part,
      body: fc.oneof(part, fc.record({ type: part }, { requiredKeys: [] })),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(nearlyMessage, ({ src, dest, body }) => {
      const type = Object(body).type;
      const types = [src, dest, type].map((each) => typeof each);
      const isObject = typeof body === "object";
      assertEquals(
        isMessage({ src, dest, body }),
        isObject && types.every((each) => each === "string"),
      );
    }),
    { seed: 1, numRuns: 500 },
  );
});

/**
 * Echoes: which are held against the nodes.
 *
 * @module
 */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { echo } from "../../../lib/workbench/checkers/echo.ts";
import { type Entry, historyOf, op } from "../helpers.ts";

const check = (...entries: Entry[]) => echo(historyOf(...entries));

const sent = op(0, 0, "invoke", "echo", "Please echo 5");

/** Returns what is found when an echo of "Please echo 5" came to this. */
const outcomeOf = (type: "ok" | "fail" | "info", value: unknown) =>
  check(sent, op(1, 0, type, "echo", value));

const wrong = (value: unknown) => ({
  "valid?": false,
  errors: [
    ["Expected a message with :echo", "Please echo 5", "But received", value],
  ],
});

Deno.test("echo: nothing was asked, nothing is wrong", () => {
  assertEquals(check() as unknown, { "valid?": true, errors: [] });
});

Deno.test("echo: what came back as it was sent is right", () => {
  const body = { type: "echo_ok", echo: "Please echo 5", in_reply_to: 1 };
  assertEquals(outcomeOf("ok", body) as unknown, {
    "valid?": true,
    errors: [],
  });
});

Deno.test("echo: something else that came back is wrong", () => {
  for (const value of ["Please echo 6", "please echo 5", null, 5, {}]) {
    const body = { type: "echo_ok", echo: value };
    assertEquals(outcomeOf("ok", body) as unknown, wrong(body));
  }
});

Deno.test("echo: an answer without an echo is wrong", () => {
  assertEquals(
    outcomeOf("ok", { type: "echo_ok" }) as unknown,
    wrong({ type: "echo_ok" }),
  );
  assertStrictEquals(outcomeOf("ok", null)["valid?"], false);
});

Deno.test("echo: an error that says for certain that nothing happened is wrong", () => {
  // The completion has the value of the invocation: a text, with no echo in it.
  assertEquals(
    outcomeOf("fail", "Please echo 5") as unknown,
    wrong("Please echo 5"),
  );
});

Deno.test("echo: one that timed out isn't held against the node", () => {
  // Maelstrom pairs invocations with knossos's pair-index, which has no pair
  // for what ended in info.
  assertStrictEquals(outcomeOf("info", "Please echo 5")["valid?"], true);
});

Deno.test("echo: one that never ended isn't held against the node", () => {
  assertStrictEquals(check(sent)["valid?"], true);
});

Deno.test("echo: answers are held against what their own process asked", () => {
  const findings = check(
    op(0, 0, "invoke", "echo", "a"),
    op(0, 1, "invoke", "echo", "b"),
    op(1, 1, "ok", "echo", { echo: "b" }),
    op(1, 0, "ok", "echo", { echo: "a" }),
  );
  assertStrictEquals(findings["valid?"], true);
  const mixedUp = check(
    op(0, 0, "invoke", "echo", "a"),
    op(0, 1, "invoke", "echo", "b"),
    op(1, 1, "ok", "echo", { echo: "a" }),
    op(1, 0, "ok", "echo", { echo: "b" }),
  );
  assertEquals(mixedUp.errors.map(([, expected]) => expected), ["a", "b"]);
});

Deno.test("echo: all that went wrong is listed, in the order it was asked", () => {
  const findings = check(
    ...[0, 1, 2, 3, 4].flatMap((i) => [
      op(i, 0, "invoke", "echo", `${i}`),
      op(i, 0, "ok", "echo", { echo: i % 2 === 0 ? `${i}` : "no" }),
    ]),
  );
  assertEquals(findings.errors.map(([, expected]) => expected), ["1", "3"]);
});

Deno.test("echo: values are compared by content", () => {
  const findings = check(
    op(0, 0, "invoke", "echo", { a: [1, "2"] }),
    op(1, 0, "ok", "echo", { echo: { a: [1, "2"] } }),
  );
  assertStrictEquals(findings["valid?"], true);
});

Deno.test("echo: what the nemesis does is no echo", () => {
  const findings = check(
    op(0, "nemesis", "info", "start-partition", "one"),
    op(1, "nemesis", "info", "start-partition", ["isolated", {}]),
  );
  assertStrictEquals(findings["valid?"], true);
});

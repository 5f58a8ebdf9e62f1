/**
 * Shapes: what is said of a body that doesn't fit.
 *
 * @module
 */
import { assert, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Kind,
  type Shape,
  shapeProblem,
  shapeText,
} from "../../../lib/workbench/load/shape.ts";
import { parseExact } from "../../../lib/workbench/sim/exact_json.ts";
import { cases } from "../helpers.ts";

const readOk: Shape = {
  type: { is: "read_ok" },
  messages: "array",
  in_reply_to: "integer",
  "msg_id?": "integer",
};

const body = { type: "read_ok", messages: [1], in_reply_to: 1 };

Deno.test("a body that fits has no problem", () => {
  assertStrictEquals(shapeProblem(body, readOk), undefined);
  assertStrictEquals(shapeProblem({ ...body, msg_id: 7 }, readOk), undefined);
});

Deno.test("a key that is missing", () => {
  const { messages: _, ...rest } = body;
  assertStrictEquals(shapeProblem(rest, readOk), 'has no "messages"');
});

Deno.test("a value of the wrong kind", () => {
  assertStrictEquals(
    shapeProblem({ ...body, messages: { "0": 1 } }, readOk),
    `has {"0":1} for "messages", which isn't an array`,
  );
  assertStrictEquals(
    shapeProblem({ ...body, in_reply_to: "1" }, readOk),
    `has "1" for "in_reply_to", which isn't an integer`,
  );
});

Deno.test("a key that may be missing, with a value of the wrong kind", () => {
  assertStrictEquals(
    shapeProblem({ ...body, msg_id: null }, readOk),
    `has null for "msg_id", which isn't an integer`,
  );
});

Deno.test("a text that isn't the one it must be", () => {
  assertStrictEquals(
    shapeProblem({ ...body, type: "read" }, readOk),
    `has "read" for "type", which isn't "read_ok"`,
  );
});

Deno.test("a key too many", () => {
  assertStrictEquals(
    shapeProblem({ ...body, value: 1 }, readOk),
    'has a key too many: "value"',
  );
});

Deno.test("the first problem in the order of the shape is told, keys too many last", () => {
  assertStrictEquals(
    shapeProblem({ value: 1, in_reply_to: "1", messages: 1 }, readOk),
    'has no "type"',
  );
});

Deno.test("long values are cut", () => {
  const problem = shapeProblem({ a: "x".repeat(1000) }, { a: "integer" })!;
  assertStrictEquals(
    problem,
    `has "${"x".repeat(79)}… for "a", which isn't an integer`,
  );
});

Deno.test("which values are of which kind", () => {
  const values: [unknown, Kind[]][] = [
    [1, ["integer"]],
    [-1, ["integer"]],
    [1.5, []],
    [1e300, ["integer"]],
    [Infinity, []],
    ["1", ["string"]],
    ["", ["string"]],
    [[], ["array"]],
    [[1, "a"], ["array"]],
    [{}, ["object"]],
    [{ a: 1 }, ["object"]],
    [null, ["array"]],
    [true, []],
    [parseExact("3.0"), []],
    [parseExact("1208925819614629174706176"), ["integer"]],
  ];
  const kinds: Kind[] = ["any", "integer", "string", "array", "object"];
  for (const [value, fitting] of values) {
    for (const kind of kinds) {
      assertStrictEquals(
        shapeProblem({ value }, { value: kind }) === undefined,
        kind === "any" || fitting.includes(kind),
        `${JSON.stringify(value)} as ${kind}`,
      );
    }
  }
});

Deno.test("kinds are named with their article", () => {
  const problems = (["integer", "string", "array", "object"] as const)
    .map((kind) => shapeProblem({ a: true }, { a: kind })!.split("isn't ")[1]);
  assertStrictEquals(
    problems.join(", "),
    "an integer, a string, an array, an object",
  );
});

Deno.test("null is there, for any", () => {
  assertStrictEquals(shapeProblem({ id: null }, { id: "any" }), undefined);
  assertStrictEquals(shapeProblem({}, { id: "any" }), 'has no "id"');
});

Deno.test("inherited properties aren't keys of the body", () => {
  assertStrictEquals(
    shapeProblem({}, { ["toString" as string]: "any" }),
    'has no "toString"',
  );
});

Deno.test("an empty shape lets no key pass", () => {
  assertStrictEquals(shapeProblem({}, {}), undefined);
  assertStrictEquals(shapeProblem({ a: 1 }, {}), 'has a key too many: "a"');
});

Deno.test("any key that the shape doesn't name is one too many", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z_]{1,8}$/), (key) => {
      fc.pre(!(key in {}) && !Object.hasOwn(body, key) && key !== "msg_id");
      assertStrictEquals(
        shapeProblem({ ...body, [key]: 1 }, readOk),
        `has a key too many: "${key}"`,
      );
    }),
    cases(100),
  );
});

Deno.test({
  name: "a key that Object's prototype has is one too many",
  // Keys are looked for with `in`, which finds inherited ones: a reply with a
  // key "constructor" passes, where Maelstrom would call it malformed.
  fn() {
    for (const key of ["constructor", "toString", "valueOf"]) {
      assert(shapeProblem({ ...body, [key]: 1 }, readOk) !== undefined, key);
    }
  },
});

Deno.test({
  name: "a key with a question mark is one too many",
  // "msg_id?" is how the shape writes that msg_id may be missing. A body with
  // that very key passes.
  fn() {
    assert(shapeProblem({ ...body, "msg_id?": 1 }, readOk) !== undefined);
  },
});

Deno.test("a shape is written as people write bodies", () => {
  assertStrictEquals(
    shapeText(readOk),
    '{"type": "read_ok", "messages": <array>, "in_reply_to": <integer>, "msg_id?": <integer>}',
  );
  assertStrictEquals(shapeText({}), "{}");
});

Deno.test("a kind of a workload's own is looked at, and named, by the workload", () => {
  const shape: Shape = {
    offset: { a: "whole number", fits: (value) => Number.isSafeInteger(value) },
  };
  assertStrictEquals(shapeProblem({ offset: 3 }, shape), undefined);
  assertStrictEquals(
    shapeProblem({ offset: "3" }, shape),
    'has "3" for "offset", which isn\'t a whole number',
  );
  assertStrictEquals(shapeText(shape), '{"offset": <whole number>}');
});

/**
 * Leaving operations out of a register's history: it must not make a right
 * history wrong.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { linearizable } from "../../lib/workbench/checkers/linearizable.ts";
import type { Op } from "../../lib/workbench/load/history.ts";
import { Random } from "../../lib/workbench/sim/random.ts";
import {
  canBeLeftOut,
  isImpossible,
  partsFrom,
  partsUntil,
  smallestPart,
} from "../../lib/report/page/anomalies/shrink.ts";
import { cases, type Entry, historyOf, op } from "../workbench/helpers.ts";

const valueCount = 4;
const values = [undefined, ...Array.from({ length: valueCount }, (_, i) => i)];

/**
 * Makes the history of a register for some processes, each operation in its
 * moment.
 */
function register(random: Random, steps: number): Op[] {
  const entries: Entry[] = [];
  const open = new Map<
    number,
    { f: string; argument: unknown; done: boolean; result?: unknown }
  >();
  const lanes = [0, 1, 2];
  let held: number | null = null;
  for (let ms = 0; ms < steps; ms++) {
    const lane = random.integer(lanes.length);
    const process = lanes[lane]!;
    const current = open.get(process);
    if (current === undefined) {
      const f = random.choice(["read", "write", "cas"]);
      const draw = () => random.integer(valueCount);
      const argument = f === "read"
        ? null
        : f === "write"
        ? draw()
        : [draw(), draw()];
      open.set(process, { f, argument, done: false });
      entries.push(op(ms, process, "invoke", f, [0, argument]));
      continue;
    }
    const { f, argument, done } = current;
    if (random.integer(10) === 0) {
      // Nobody knows how it ended: it may have been done, or not.
      entries.push(op(ms, process, "info", f, [0, argument]));
      open.delete(process);
      lanes[lane]! += 10;
    } else if (!done) {
      current.done = true;
      current.result = argument;
      if (f === "read") current.result = held;
      else if (f === "write") held = argument as number;
      else if ((argument as number[])[0] === held) {
        held = (argument as number[])[1]!;
      } else current.result = undefined;
    } else {
      const failed = current.result === undefined;
      entries.push(
        op(ms, process, failed ? "fail" : "ok", f, [
          0,
          failed ? argument : current.result,
        ]),
      );
      open.delete(process);
    }
  }
  return [...historyOf(...entries)];
}

Deno.test("what is left of a right history is right", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
      const random = new Random(`${seed}`);
      const history = register(random, 60);
      assertEquals(linearizable(history)["valid?"], true);
      const last = random.integer(history.length);
      let parts = partsUntil(history, last);
      const cut = random.integer(2) === 0;
      if (cut) parts = partsFrom(parts, random.integer(last + 1));
      for (const part of random.shuffle(parts)) {
        const others = parts.filter((other) => other !== part);
        if (canBeLeftOut(part, others)) parts = others;
        const before = cut ? values : [undefined];
        assert(before.some((value) => !isImpossible(parts, value)));
      }
    }),
    cases(500),
  );
});

Deno.test("what is left of a wrong history is wrong, and as small as can be", () => {
  let wrong = 0;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
      const random = new Random(`${seed}`);
      const history = register(random, 80);
      const reads = history.filter((op) => op.f === "read" && op.type === "ok");
      if (reads.length === 0) return;
      random.choice(reads).value = [0, random.integer(valueCount)];
      const { results } = linearizable(history);
      const culprit = results[0]!.linearizable.op?.index;
      if (culprit === undefined) return;
      wrong++;
      const { parts, anyBefore } = smallestPart(history, culprit);
      const before = anyBefore ? values : [undefined];
      const isWrong = (some: typeof parts) =>
        before.every((value) => isImpossible(some, value));
      assert(isWrong(parts));
      assert(parts.some(({ end }) => end?.index === culprit));
      for (const part of parts) {
        const others = parts.filter((other) => other !== part);
        assert(!canBeLeftOut(part, others) || !isWrong(others));
      }
    }),
    cases(300),
  );
  assert(wrong > 100, `only ${wrong} histories were wrong`);
});

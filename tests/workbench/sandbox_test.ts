/**
 * The sandbox, with a thread that only answers: who gets which answer, and what
 * ends it.
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  type Guest,
  type Order,
  Sandbox,
} from "../../lib/workbench/sandbox.ts";
import { resolve } from "../../lib/workbench/test.ts";
import type { Listeners } from "../../lib/workbench/thread.ts";

const guest: Guest = { wasm: new Uint8Array() };
const testOf = (seed: number) => resolve({ workload: "echo", seed });

/** Threads that say something, and then which seed they were given. */
function sandboxOf(answers = true) {
  let ended = 0;
  const start = (_: URL, on: Listeners) => ({
    post(order: unknown) {
      const { test: { options: { seed } } } = order as Order;
      queueMicrotask(() => on.message({ type: "log", node: "n0", text: "hi" }));
      const happened = { hint: String(seed) };
      const news = { type: "happened", happened, history: "[]", isWorn: false };
      if (answers) queueMicrotask(() => on.message(news));
    },
    end: () => void ended++,
  });
  return { sandbox: new Sandbox(start), endedThreads: () => ended };
}

Deno.test("runs that are asked for at once each get their own answer", async () => {
  const { sandbox } = sandboxOf();
  const seeds = [1, 2, 3];
  const all = await Promise.all(
    seeds.map((seed) => sandbox.run(guest, testOf(seed), {})),
  );
  assertEquals(all.map(({ hint }) => hint), seeds.map(String));
});

Deno.test("an observer that throws ends its run, and no other", async () => {
  const { sandbox, endedThreads } = sandboxOf();
  const onLog = () => {
    throw new Error("no more");
  };
  await assertRejects(
    () => sandbox.run(guest, testOf(1), { onLog }),
    Error,
    "no more",
  );
  assertEquals(endedThreads(), 1); // what it goes on to say is nobody's
  assertEquals((await sandbox.run(guest, testOf(2), {})).hint, "2");
});

Deno.test("whose sandbox is disposed of waits no longer", async () => {
  const { sandbox } = sandboxOf(false);
  const running = sandbox.run(guest, testOf(1), {});
  const waiting = sandbox.run(guest, testOf(2), {});
  await new Promise((resolve) => setTimeout(resolve));
  sandbox[Symbol.dispose]();
  const words = await Promise.all(
    [running, waiting].map((run) => run.catch(({ message }) => message)),
  );
  assertMatch(words[0], /its sandbox was disposed of before it was done/);
  assertMatch(words[1], /The sandbox was disposed of/);
});

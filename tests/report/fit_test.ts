/**
 * Pages of runs of any size: they stay small, say what isn't on them, and what
 * is on them is right.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
} from "@std/assert";
import type { App } from "../../lib/mod.ts";
import { judge, type Options } from "../../lib/workbench/mod.ts";
import { decode } from "../../lib/report/web/decode.ts";
import { type PageData, pageData } from "../../lib/report/page/data.ts";
import { encode } from "../../lib/report/page/encode.ts";
import { fit } from "../../lib/report/page/fit.ts";
import { page } from "../../lib/report/page/page.ts";
import { shortened } from "../../lib/report/page/values.ts";
import { toRecord } from "../../lib/report/record.ts";

/** Tells each value to all others, again and again, with some noise. */
const flood = (
  times: number,
  noise: number,
): App<{ tell: { value: number; text: string } }> =>
(node) => {
  const values = new Set<number>();
  node.on("topology", () => ({ type: "topology_ok" }));
  node.on("read", () => ({ type: "read_ok", messages: [...values] }));
  node.on("tell", ({ body }) => {
    values.add(body.value);
  });
  node.on("broadcast", ({ body }) => {
    values.add(body.message);
    for (let i = 0; i < times; i++) {
      for (const peer of node.peers) {
        // What can't be packed well.
        const text = Array.from(
          { length: noise },
          () => node.random().toString(36).slice(2),
        ).join("");
        node.send(peer, { type: "tell", value: body.message, text });
      }
    }
    return { type: "broadcast_ok" };
  });
};

async function dataOf<M>(
  app: App<M>,
  options: Partial<Options>,
): Promise<PageData> {
  const judgement = await judge(app, { workload: "broadcast", ...options });
  const record = toRecord(judgement, { id: "broadcast", args: [], wallMs: 1 });
  return pageData(record, judgement, { replay: "again", when: new Date(0) });
}

const options = { "node-count": 3, "time-limit": 5, rate: 10 };

Deno.test("a page that fits has everything", async () => {
  const data = await dataOf(flood(1, 0), options);
  assertEquals(data.leftOut, undefined);
  assertEquals(await fit(data), { data, packed: await encode(data) });
});

Deno.test("what doesn't fit is left out from the end, and counted", async () => {
  const data = await dataOf(flood(20, 20), options);
  const room = 100_000;
  const { data: fitted, packed } = await fit(data, room);
  assertLess(packed.length, room);
  assertGreater(packed.length, room / 2);
  const shown = fitted.messages.body.length;
  assertGreater(shown, 50);
  assertEquals(fitted.messages.body, data.messages.body.slice(0, shown));
  assertEquals(fitted.leftOut, {
    messages: {
      count: data.messages.body.length - shown,
      afterMs: data.messages.sentMs[shown - 1]!,
    },
  });
  assertEquals(fitted.history, data.history);
  for (const rows of fitted.knowledge!.carriers) {
    assert(rows.every((row) => row < shown));
  }
  const decoded = await decode(packed);
  assertEquals(decoded.leftOut, fitted.leftOut);
  assertEquals(decoded.messages.body, fitted.messages.body);
  assertEquals(decoded.knowledge, fitted.knowledge);
});

Deno.test("where there's hardly any room, operations are left out, too", async () => {
  const data = await dataOf(flood(1, 0), { ...options, rate: 200 });
  const room = 10_000;
  const { data: fitted, packed } = await fit(data, room);
  assertLess(packed.length, room);
  const { operations, knowledge } = fitted.leftOut!;
  assertEquals(knowledge, true);
  assertEquals(fitted.knowledge, undefined);
  assertEquals(
    operations!.count + fitted.history.length,
    data.history.length,
  );
  assertGreater(fitted.history.length, 0);
  assertEquals(operations!.afterMs, fitted.history.at(-1)!.time / 1e6);
});

Deno.test("the page of a flood is smaller than 5 MB, and says what isn't on it", async () => {
  const data = await dataOf(flood(200, 30), { ...options, rate: 30 });
  assertGreater((await encode(data)).length, 5e6);
  const code = { script: "//".padEnd(400_000), style: "" };
  const html = await page(data, code);
  assertLess(new TextEncoder().encode(html).length, 5e6);
  assertMatch(
    html,
    /Not on this page, which is kept below 5 MB: [\d,]+ of [\d,]+ messages, those after \d\.\d s\. The history is complete in history\.jsonl\./,
  );
});

Deno.test("a value on the page begins as it is, and has its shape", () => {
  const op = (value: unknown) => ({
    index: 1,
    time: 2,
    process: 3,
    type: "ok" as const,
    f: "read",
    value,
  });
  const numbers = Array.from({ length: 100_000 }, (_, i) => i);
  for (
    const value of [
      numbers,
      { n1: numbers, n2: numbers },
      [["r", 1, numbers], ["append", 2, 3], ["r", 4, numbers]],
      "x".repeat(10_000),
      [["x".repeat(10_000)]],
    ]
  ) {
    const short = JSON.stringify(shortened(op(value)).value);
    assertEquals(short.slice(0, 300), JSON.stringify(value).slice(0, 300));
    assertLess(short.length, 5000);
  }
  for (const value of [3, "three", null, undefined, [1, [2, 3]], { a: 1 }]) {
    assertEquals(shortened(op(value)), op(value));
  }
  const transaction = [["r", 1, numbers], ["append", 2, 3]];
  const [, second] = shortened(op(transaction)).value as unknown[];
  assertEquals(second, ["append", 2, 3]);
});

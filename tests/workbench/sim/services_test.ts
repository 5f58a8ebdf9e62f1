import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { OpenBody } from "../../../lib/message.ts";
import { msInNs, VirtualClock } from "../../../lib/workbench/sim/clock.ts";
import { parseExact } from "../../../lib/workbench/sim/exact_json.ts";
import { Network } from "../../../lib/workbench/sim/network.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { startServices } from "../../../lib/workbench/sim/services.ts";
import { cases } from "../helpers.ts";

/** A network with the services, and nodes that ask them. */
class World {
  readonly clock = new VirtualClock();
  readonly network: Network;
  readonly #answered = new Map<string, (body: OpenBody) => void>();
  #msgId = 0;

  constructor(seed = "1", latencyMs = 0) {
    this.network = new Network(this.clock, new Random("network"), {
      latencyMs,
      latencyDist: "constant",
      handoverMs: [0, 0],
    });
    startServices(this.network, (id) => new Random(`${seed}/service/${id}`));
  }

  /** Sends a request as it's written, and waits for the answer. */
  async askText(src: string, dest: string, text: string): Promise<OpenBody> {
    if (!this.network.presence(src)) {
      this.network.add(src, ({ line }) => {
        const { body } = parseExact(line) as { body: OpenBody };
        this.#answered.get(src)?.(body);
      });
    }
    const answer = new Promise<OpenBody>((resolve) =>
      this.#answered.set(src, resolve)
    );
    this.network.send(
      src,
      dest,
      `{"src":"${src}","dest":"${dest}","body":${text}}`,
    );
    return await this.clock.drive(answer);
  }

  /** Returns what comes back, without what makes it a reply to this request. */
  async ask(
    src: string,
    dest: string,
    body: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    const msgId = ++this.#msgId;
    const { in_reply_to, ...reply } = await this.askText(
      src,
      dest,
      JSON.stringify({ ...body, msg_id: msgId }),
    );
    assertEquals(in_reply_to, msgId);
    return reply;
  }

  read = (src: string, dest: string, key: unknown) =>
    this.ask(src, dest, { type: "read", key });
  write = (src: string, dest: string, key: unknown, value: unknown) =>
    this.ask(src, dest, { type: "write", key, value });
}

const noKey = { type: "error", code: 20, text: "key does not exist" };
const stores = ["lin-kv", "seq-kv", "lww-kv"];

for (const store of stores) {
  Deno.test(`${store}: a key that nobody wrote doesn't exist`, async () => {
    const world = new World();
    assertEquals(await world.read("n0", store, "x"), noKey);
    assertEquals(
      await world.ask("n0", store, { type: "cas", key: "x", from: 1, to: 2 }),
      noKey,
    );
  });

  Deno.test(`${store}: a type that it doesn't know gets error 10`, async () => {
    const world = new World();
    const { type, code, text } = await world.ask("n0", store, { type: "rm" });
    assertEquals([type, code], ["error", 10]);
    assertEquals(text, 'there is no "rm" here, only read, write and cas');
  });

  Deno.test(`${store}: a field that's missing is null`, async () => {
    const world = new World();
    const both = async (body: Record<string, unknown>) => {
      // Often enough for both replicas of lww-kv.
      let reply = await world.ask("n0", store, body);
      for (let i = 0; i < 30; i++) reply = await world.ask("n0", store, body);
      return reply;
    };
    assertEquals(await world.ask("n0", store, { type: "read" }), noKey);
    assertEquals(await both({ type: "write", value: 1 }), { type: "write_ok" });
    assertEquals(await both({ type: "read" }), { type: "read_ok", value: 1 });
    assertEquals((await both({ type: "read", key: null })).value, 1);
    assertEquals(await both({ type: "write", key: "x" }), { type: "write_ok" });
    const stored = { type: "read_ok", value: null };
    assertEquals(await both({ type: "read", key: "x" }), stored);
    // It expects null, finds it, and stores null.
    assertEquals(await both({ type: "cas", key: "x" }), { type: "cas_ok" });
    assertEquals(await both({ type: "read", key: "x" }), stored);
  });

  Deno.test(`${store}: a request may have an in_reply_to`, async () => {
    const world = new World();
    for (const in_reply_to of ["null", "0", "7"]) {
      const { type } = await world.askText(
        "n0",
        store,
        `{"type":"write","key":1,"value":2,"msg_id":1,"in_reply_to":${in_reply_to}}`,
      );
      assertEquals(type, "write_ok");
    }
  });

  Deno.test(`${store}: values come back as they were written`, async () => {
    const world = new World();
    const values = ['{"a":[1,null,"ä"]}', "null", "9007199254740993", "3.0"];
    for (const [i, value] of values.entries()) {
      const write = `{"type":"write","key":${i},"value":${value},"msg_id":1}`;
      await world.askText("n0", store, write);
      // Of lww-kv's two replicas only one has it.
      let reply: OpenBody;
      do {
        const read = `{"type":"read","key":${i},"msg_id":1}`;
        reply = await world.askText("n0", store, read);
      } while (reply.type === "error");
      assertEquals(
        JSON.stringify(reply),
        `{"type":"read_ok","value":${value},"in_reply_to":1}`,
      );
    }
  });
}

Deno.test("lin-kv: every request sees what was last written", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({
        src: fc.constantFrom("n0", "n1"),
        type: fc.constantFrom("read", "write", "cas"),
        key: fc.nat(1),
        from: fc.nat(2),
        to: fc.nat(2),
        create_if_not_exists: fc.boolean(),
      })),
      async (requests) => {
        const world = new World();
        const model = new Map<number, number>();
        for (const { src, ...request } of requests) {
          const { type, key, from, to } = request;
          const current = model.get(key);
          const reply = await world.ask(src, "lin-kv", {
            ...request,
            value: to,
          });
          if (type === "write") {
            model.set(key, to);
            assertEquals(reply, { type: "write_ok" });
          } else if (type === "read") {
            assertEquals(
              reply,
              current === undefined
                ? noKey
                : { type: "read_ok", value: current },
            );
          } else if (current === undefined && !request.create_if_not_exists) {
            assertEquals(reply, noKey);
          } else if (current === undefined || current === from) {
            model.set(key, to);
            assertEquals(reply, { type: "cas_ok" });
          } else {
            assertEquals(reply, {
              type: "error",
              code: 22,
              text: `current value ${current} is not ${from}`,
            });
          }
        }
      },
    ),
    cases(50),
  );
});

Deno.test("keys and values are compared by content", async () => {
  const world = new World();
  await world.write("n0", "lin-kv", { a: 1, b: [2] }, { x: 1, y: 2 });
  assertEquals(await world.read("n0", "lin-kv", { b: [2], a: 1 }), {
    type: "read_ok",
    value: { x: 1, y: 2 },
  });
  assertEquals(
    await world.ask("n0", "lin-kv", {
      type: "cas",
      key: { a: 1, b: [2] },
      from: { y: 2, x: 1 },
      to: null,
    }),
    { type: "cas_ok" },
  );
  assertEquals(await world.read("n0", "lin-kv", '{"a":1,"b":[2]}'), noKey);
  assertEquals(await world.read("n0", "lin-kv", "__proto__"), noKey);
});

Deno.test("a cas that names no value to expect expects null, as in Maelstrom", async () => {
  const world = new World();
  await world.write("n0", "lin-kv", "x", null);
  assertEquals(
    await world.ask("n0", "lin-kv", { type: "cas", key: "x", to: 1 }),
    { type: "cas_ok" },
  );
});

Deno.test("a cas creates a key for what the JVM takes for true", async () => {
  const world = new World();
  const cas = { type: "cas", from: 1, to: 2 };
  for (const create_if_not_exists of [true, 0, "", []]) {
    const key = create_if_not_exists;
    const reply = await world.ask("n0", "lin-kv", {
      ...cas,
      key,
      create_if_not_exists,
    });
    assertEquals(reply, { type: "cas_ok" }, JSON.stringify(key));
  }
  for (const create_if_not_exists of [false, null]) {
    const request = { ...cas, key: "new", create_if_not_exists };
    assertEquals(await world.ask("n0", "lin-kv", request), noKey);
  }
});

Deno.test("seq-kv: nobody who comes often enough sees an older state than before", async () => {
  const world = new World();
  const lastSeen = new Map<string, number>();
  let stale = 0;
  await world.write("n0", "seq-kv", "x", 0);
  for (let i = 1; i <= 300; i++) {
    await world.write("n0", "seq-kv", "x", i);
    const { value } = await world.read("n1", "seq-kv", "x");
    if (value === undefined) continue; // a state before the first write
    assert(Number(value) >= (lastSeen.get("n1") ?? 0));
    lastSeen.set("n1", Number(value));
    if (value !== i) stale++;
  }
  assert(stale > 50, `${stale} reads were from the past`);
});

Deno.test("seq-kv: of a hundred changes the last 31 can be unseen, and seen ones can go again", async () => {
  const ages: number[] = [];
  let back = 0;
  const world = new World();
  for (let i = 0; i < 200; i++) {
    const writer = `w${i}`;
    const reader = `r${i}`;
    for (let j = 0; j < 100; j++) await world.write(writer, "seq-kv", i, j);
    const read = async () =>
      Number((await world.read(reader, "seq-kv", i)).value);
    const [first, second] = [await read(), await read()];
    ages.push(99 - first);
    if (second < first) back++;
  }
  // Maelstrom draws a state from all since the reader's last, and a state that
  // has gone is another in the ring: any of the 32, and no promise for later.
  assertEquals(new Set(ages).size, 32);
  assertEquals([Math.min(...ages), Math.max(...ages)], [0, 31]);
  assertAlmostEquals(back / 200, 0.48, 0.08);
});

Deno.test("seq-kv: who was refused a cas has seen the state that refused it", async () => {
  let stale = 0;
  for (let seed = 0; seed < 100; seed++) {
    const world = new World(`${seed}`);
    for (let j = 0; j < 20; j++) await world.write("n0", "seq-kv", "x", j);
    const cas = { type: "cas", key: "x", from: "no", to: 1 };
    const { text } = await world.ask("n1", "seq-kv", cas);
    const refused = Number(/^current value (\d+) is/.exec(text as string)?.[1]);
    if (isNaN(refused)) continue; // there was no such key yet
    const { value } = await world.read("n1", "seq-kv", "x");
    assert(Number(value) >= refused, `${value} after ${refused}`);
    if (refused < 19) stale++;
  }
  assert(stale > 20, `${stale} were refused by the past`);
});

Deno.test("seq-kv: who writes sees the newest state from then on", async () => {
  const world = new World();
  for (let i = 0; i < 100; i++) {
    await world.write("n0", "seq-kv", "x", i);
    await world.write("n1", "seq-kv", "y", i);
    assertEquals((await world.read("n1", "seq-kv", "x")).value, i);
  }
});

Deno.test("seq-kv: a change is made to the newest state, whatever the past was", async () => {
  const world = new World();
  await world.write("n0", "seq-kv", "x", 0);
  // Each from its own point of view: were one made to the past, it would fail.
  let failed = 0;
  for (let i = 0; i < 200; i++) {
    const cas = { type: "cas", key: "x", from: i, to: i + 1 };
    const writer = `n${i % 3}`;
    while ((await world.ask(writer, "seq-kv", cas)).type !== "cas_ok") {
      failed++;
    }
  }
  assert(failed > 0, "some were answered from the past");
  assertEquals((await world.read("n1", "seq-kv", "x")).value, 200);
});

Deno.test("lww-kv: a value is found by every second read, however long ago it was written", async () => {
  // Maelstrom's replicas never hear of each other: of 3000 reads each of the
  // real one, 50, 51, 49 and 50 % found what had been written before.
  for (const readsBetween of [0, 1, 2, 8]) {
    const world = new World();
    let found = 0;
    const count = 2000;
    for (let i = 0; i < count; i++) {
      await world.write("n0", "lww-kv", i, 1);
      for (let j = 0; j < readsBetween; j++) {
        await world.read("n1", "lww-kv", "y");
      }
      const { type } = await world.read("n0", "lww-kv", i);
      if (type === "read_ok") found++;
    }
    assertAlmostEquals(found / count, 0.5, 0.03);
  }
});

Deno.test("lww-kv: of two writes to the same key both stay, if they went to different replicas", async () => {
  const outcomes: string[] = [];
  for (let seed = 0; seed < 60; seed++) {
    const world = new World(`${seed}`);
    await world.write("n0", "lww-kv", "x", 1);
    await world.write("n0", "lww-kv", "x", 2);
    const seen = new Set<unknown>();
    for (let i = 0; i < 50; i++) {
      const reply = await world.read("n1", "lww-kv", "x");
      seen.add(reply.value ?? reply.code);
    }
    outcomes.push([...seen].sort().join(" and "));
  }
  assertEquals(new Set(outcomes), new Set(["1 and 2", "2 and 20"]));
});

Deno.test("lww-kv: a cas creates nothing", async () => {
  const world = new World();
  const cas = { type: "cas", from: null, to: 1, create_if_not_exists: true };
  assertEquals(await world.ask("n0", "lww-kv", { ...cas, key: "x" }), noKey);
});

Deno.test("lin-tso: timestamps count up from 0, whoever asks", async () => {
  const world = new World();
  for (let ts = 0; ts < 10; ts++) {
    assertEquals(await world.ask(`n${ts % 2}`, "lin-tso", { type: "ts" }), {
      type: "ts_ok",
      ts,
    });
  }
  const { code } = await world.ask("n0", "lin-tso", { type: "read", key: 1 });
  assertEquals(code, 10);
});

Deno.test("requests and replies take the time of messages between nodes", async () => {
  const world = new World("1", 30);
  await world.write("n0", "lin-kv", "x", 1);
  assertEquals(world.clock.nowNs, 60 * msInNs);
});

Deno.test("replies and errors get no reply, also from services that don't know their type", async () => {
  const { network, clock } = new World();
  const received: string[] = [];
  network.add("n0", ({ line }) => received.push(line));
  const bodies = [
    '"type":"write_ok","in_reply_to":7',
    '"type":"echo_ok","in_reply_to":null',
    '"type":"error","code":10,"text":""',
  ];
  for (const dest of [...stores, "lin-tso"]) {
    for (const body of bodies) {
      network.send(
        "n0",
        dest,
        `{"src":"n0","dest":"${dest}","body":{${body}}}`,
      );
    }
  }
  await clock.drive(clock.sleepUntil(1000 * msInNs));
  assertEquals(received, []);
  assertEquals(network.journal.length, 4 * bodies.length);
});

Deno.test("one seed, one behaviour", async () => {
  const answers = async (seed: string) => {
    const world = new World(seed);
    const all: unknown[] = [];
    for (let i = 0; i < 50; i++) {
      for (const store of ["seq-kv", "lww-kv"]) {
        await world.write("n0", store, "x", i);
        all.push((await world.read("n1", store, "x")).value);
      }
    }
    return JSON.stringify(all);
  };
  assertEquals(await answers("1"), await answers("1"));
  assert(await answers("1") !== await answers("2"));
});

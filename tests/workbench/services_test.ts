import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { OpenBody } from "../../lib/message.ts";
import { msInNs, VirtualClock } from "../../lib/workbench/clock.ts";
import { parseExact } from "../../lib/workbench/exact_json.ts";
import { Network } from "../../lib/workbench/network.ts";
import { Random } from "../../lib/workbench/random.ts";
import { startServices } from "../../lib/workbench/services.ts";
import { cases, tally } from "./helpers.ts";

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

  /** What comes back, without what makes it a reply to this request. */
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

  Deno.test(`${store}: a field that's missing gets error 12`, async () => {
    const world = new World();
    const requests = [
      { type: "read" },
      { type: "write", value: 1 },
      { type: "write", key: "x" },
      { type: "cas", key: "x", from: 1 },
    ];
    for (const request of requests) {
      const { code } = await world.ask("n0", store, request);
      assertEquals(code, 12, JSON.stringify(request));
    }
  });

  Deno.test(`${store}: values come back as they were written`, async () => {
    const world = new World();
    const values = ['{"a":[1,null,"ä"]}', "null", "9007199254740993", "3.0"];
    for (const [i, value] of values.entries()) {
      const write = `{"type":"write","key":${i},"value":${value},"msg_id":1}`;
      await world.askText("n0", store, write);
      // Both replicas of lww-kv have met once both have answered often enough.
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

Deno.test("seq-kv: nobody sees an older state than before, or one long gone", async () => {
  const world = new World();
  const lastSeen = new Map<string, number>();
  let stale = 0;
  await world.write("n0", "seq-kv", "x", 0);
  for (let i = 1; i <= 300; i++) {
    await world.write("n0", "seq-kv", "x", i);
    for (const reader of ["n1", ...(i % 50 === 0 ? ["n2"] : [])]) {
      const { value } = await world.read(reader, "seq-kv", "x");
      if (value === undefined) continue; // a state before the first write
      assert(Number(value) >= (lastSeen.get(reader) ?? 0));
      assert(Number(value) > i - 32, `${value} is too old at ${i}`);
      lastSeen.set(reader, Number(value));
      if (value !== i) stale++;
    }
  }
  assert(stale > 50, `${stale} reads were from the past`);
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

Deno.test("lww-kv: replicas differ for a while, and agree in the end", async () => {
  const world = new World();
  const seen: unknown[] = [];
  for (let i = 0; i < 100; i++) {
    await world.write("n0", "lww-kv", "x", i);
    seen.push((await world.read("n0", "lww-kv", "x")).value === i);
  }
  assertEquals(tally(seen).size, 2, "some see the write, and some don't");
  for (let i = 0; i < 50; i++) await world.read("n0", "lww-kv", "x");
  const last = (await world.read("n0", "lww-kv", "x")).value;
  for (let i = 0; i < 20; i++) {
    assertEquals((await world.read("n1", "lww-kv", "x")).value, last);
  }
});

Deno.test("lww-kv: a cas creates nothing", async () => {
  const world = new World();
  assertEquals(
    await world.ask("n0", "lww-kv", {
      type: "cas",
      key: "x",
      from: null,
      to: 1,
      create_if_not_exists: true,
    }),
    noKey,
  );
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

Deno.test("replies and errors get no reply", async () => {
  const world = new World();
  const { network, clock } = world;
  const body = '"type":"write_ok","in_reply_to":7';
  network.send("n0", "lin-kv", `{"src":"n0","dest":"lin-kv","body":{${body}}}`);
  const error = '"type":"error","code":10,"text":""';
  network.send(
    "n0",
    "lin-kv",
    `{"src":"n0","dest":"lin-kv","body":{${error}}}`,
  );
  await clock.drive(clock.sleepUntil(1000 * msInNs));
  assertEquals(network.journal.length, 2);
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

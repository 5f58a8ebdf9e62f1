/**
 * Tests of lib/kv.ts, against the services as Maelstrom has them, in memory:
 * what goes over the wire, what comes of it, and who wins a race.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import { ErrorCode, RPCError } from "../lib/error.ts";
import { type Key, KV, type KVService, TSO } from "../lib/kv.ts";
import type { Message, OpenBody } from "../lib/message.ts";
import type { Node, RPCOptions } from "../lib/node.ts";
import { clientTimeoutMs } from "../lib/workbench/load/client.ts";
import { type FakeRuntime, settled, startedNode } from "./fake_runtime.ts";
import { some } from "./some.ts";

const services = ["lin-kv", "seq-kv", "lww-kv"] as const;

/** Values that JSON tells apart, and careless code doesn't. */
const trickyValues = [0, "", false, null, [], {}, "0", { a: [1, null] }];

// What goes over the wire

for (const service of services) {
  Deno.test(`${service} is asked in Maelstrom's words`, async () => {
    const { fake, kv } = await setUp(service);
    await kv.write("k", [1]);
    await kv.read("k");
    await kv.cas("k", [1], 2);
    await kv.cas("k", 2, 3, { createIfMissing: true });
    assertEquals(fake.requests.map(({ dest }) => dest), Array(4).fill(service));
    assertEquals(fake.bodies(), [
      { type: "write", key: "k", value: [1] },
      { type: "read", key: "k" },
      { type: "cas", key: "k", from: [1], to: 2 },
      { type: "cas", key: "k", from: 2, to: 3, create_if_not_exists: true },
    ]);
  });

  Deno.test(`${service} gives back what was written, whatever it is`, async () => {
    const { kv } = await setUp(service);
    for (const value of trickyValues) {
      await kv.write("k", value);
      assertEquals(await kv.read("k"), value);
      assertEquals(await kv.readOr("k", "default"), value);
    }
  });

  Deno.test(`${service} changes by cas a value that is the expected one, whatever it is`, async () => {
    const { fake, kv } = await setUp(service);
    for (const value of trickyValues) {
      fake.set(service, "k", value);
      await kv.cas("k", value, "next");
      assertEquals(fake.get(service, "k"), "next");
    }
  });

  Deno.test(`${service} rejects with 22, and keeps its value, when a cas expects another`, async () => {
    const { fake, kv } = await setUp(service);
    fake.set(service, "k", 3);
    for (const createIfMissing of [false, true]) {
      const error = await rpcError(kv.cas("k", 4, 5, { createIfMissing }));
      assertEquals([error.code, error.definite], [22, true]);
    }
    assertEquals(fake.get(service, "k"), 3);
  });

  Deno.test(`${service} rejects with 20 a read and a cas of a key that doesn't exist`, async () => {
    const { fake, kv } = await setUp(service);
    assertEquals((await rpcError(kv.read("k"))).code, 20);
    assertEquals((await rpcError(kv.cas("k", 1, 2))).code, 20);
    assertEquals((await rpcError(kv.cas("k", undefined, 2))).code, 20);
    assertFalse(fake.has(service, "k"));
  });

  Deno.test(`${service} keeps a number and its text apart as keys`, async () => {
    const { kv } = await setUp(service);
    await kv.write(1, "number");
    await kv.write("1", "text");
    assertEquals([await kv.read(1), await kv.read("1")], ["number", "text"]);
  });
}

Deno.test("the stores don't see each other's keys", async () => {
  const { fake, node } = await setUp("lin-kv");
  for (const service of services) {
    await new KV(node, service).write("k", service);
  }
  for (const service of services) {
    assertEquals(fake.get(service, "k"), service);
  }
});

Deno.test("a cas from nothing says null on the wire, not nothing at all", async () => {
  const { fake, kv } = await setUp("lin-kv");
  await kv.cas("k", undefined, 1, { createIfMissing: true });
  assertEquals(fake.bodies(), [
    { type: "cas", key: "k", from: null, to: 1, create_if_not_exists: true },
  ]);
});

// readOr, cas with createIfMissing

Deno.test("readOr gives the default for a key that doesn't exist", async () => {
  const { kv } = await setUp("lin-kv");
  for (const value of [0, undefined, "none"]) {
    assertEquals(await kv.readOr("k", value), value);
  }
});

Deno.test("readOr gives the default for no other error", async () => {
  const { fake, kv } = await setUp("lin-kv");
  for (const code of [11, 13, 22, 1000]) {
    fake.intercept = () => errorBody(code);
    assertEquals((await rpcError(kv.readOr("k", 0))).code, code);
  }
});

Deno.test("cas with createIfMissing creates the key in lin-kv and seq-kv", async () => {
  for (const service of ["lin-kv", "seq-kv"] as const) {
    const { fake, kv } = await setUp(service);
    await kv.cas("k", 1, 2, { createIfMissing: true });
    assertEquals(fake.get(service, "k"), 2);
  }
});

Deno.test("cas with createIfMissing is error 20 in lww-kv, which never creates", async () => {
  const { fake, kv } = await setUp("lww-kv");
  const error = await rpcError(kv.cas("k", 1, 2, { createIfMissing: true }));
  assertEquals(error.code, 20);
  assertFalse(fake.has("lww-kv", "k"));
});

// update

for (const service of services) {
  Deno.test(`update creates a key in ${service}, changes it, and returns what it wrote`, async () => {
    const { fake, kv } = await setUp(service);
    const seen: unknown[] = [];
    const add = (by: number) =>
      kv.update("k", (value) => {
        seen.push(value);
        return Number(value ?? 0) + by;
      });
    assertEquals([await add(2), await add(3)], [2, 5]);
    assertEquals(seen, [undefined, 2]);
    assertEquals(fake.get(service, "k"), 5);
  });

  Deno.test(`update takes an empty value in ${service} for a value`, async () => {
    for (const value of trickyValues) {
      const { fake, kv } = await setUp(service);
      fake.set(service, "k", value);
      await kv.update("k", (seen) => {
        assertEquals(seen, value);
        return "next";
      });
      assertEquals(fake.get(service, "k"), "next");
      assertEquals(fake.bodies().at(-1), {
        type: "cas",
        key: "k",
        from: value,
        to: "next",
      });
    }
  });
}

Deno.test("update that lost the race tries again with the value that won", async () => {
  const { fake, kv } = await setUp("lin-kv");
  fake.set("lin-kv", "k", 1);
  let rivals = 3;
  fake.intercept = ({ type }) => {
    if (type !== "cas" || rivals === 0) return;
    rivals--;
    fake.set("lin-kv", "k", Number(fake.get("lin-kv", "k")) + 10);
  };
  const seen: unknown[] = [];
  const result = await kv.update("k", (value) => {
    seen.push(value);
    return Number(value) + 1;
  });
  assertEquals(seen, [1, 11, 21, 31]);
  assertEquals([result, fake.get("lin-kv", "k")], [32, 32]);
});

Deno.test("update that somebody forestalled in creating the key tries again", async () => {
  const { fake, kv } = await setUp("lin-kv");
  let rivals = 1;
  fake.intercept = ({ type }) => {
    if (type === "cas" && rivals-- > 0) fake.set("lin-kv", "k", 10);
  };
  assertEquals(await kv.update("k", (value) => Number(value ?? 0) + 1), 11);
  assertEquals(fake.get("lin-kv", "k"), 11);
});

Deno.test("update copes with seq-kv, which may answer from the past", async () => {
  const { fake, kv } = await setUp("seq-kv");
  fake.set("seq-kv", "k", 7);
  const past = [
    errorBody(ErrorCode.keyDoesNotExist),
    { type: "read_ok", value: 3 },
    { type: "read_ok", value: 5 },
  ];
  fake.intercept = ({ type }) => type === "read" ? past.shift() : undefined;
  assertEquals(await kv.update("k", (value) => Number(value) + 1), 8);
  assertEquals(past, []);
  assertEquals(fake.get("seq-kv", "k"), 8);
});

Deno.test("update copes with a replica of lww-kv that hasn't heard of the key yet", async () => {
  const { fake, kv } = await setUp("lww-kv");
  fake.set("lww-kv", "k", 7);
  let stale = 2;
  fake.intercept = ({ type }) => {
    if (type !== "cas" || stale === 0) return;
    stale--;
    return errorBody(ErrorCode.keyDoesNotExist);
  };
  assertEquals(await kv.update("k", (value) => Number(value) + 1), 8);
  assertEquals(fake.get("lww-kv", "k"), 8);
});

Deno.test("update writes, rather than compares, a key that lww-kv doesn't have", async () => {
  const { fake, kv } = await setUp("lww-kv");
  await kv.update("k", () => 1);
  assertEquals(fake.bodies(), [
    { type: "read", key: "k" },
    { type: "write", key: "k", value: 1 },
  ]);
});

Deno.test("update gives up with 22 after as many attempts as it may make", async () => {
  for (
    const [options, attempts] of [
      [undefined, 100],
      [{ maxAttempts: 3 }, 3],
      [{ maxAttempts: 1 }, 1],
    ] as const
  ) {
    const { fake, kv } = await setUp("lin-kv");
    fake.set("lin-kv", "k", 0);
    let turns = 0;
    fake.intercept = ({ type }) => {
      if (type === "cas") fake.set("lin-kv", "k", ++turns);
    };
    const error = await rpcError(kv.update("k", () => "mine", options));
    assertEquals([error.code, turns], [22, attempts]);
    assertEquals(fake.get("lin-kv", "k"), attempts);
  }
});

Deno.test("update doesn't try again after a cas that timed out, whether it happened or not", async () => {
  for (const lost of ["request", "reply"] as const) {
    const { fake, kv, runtime } = await setUp("lin-kv");
    fake.set("lin-kv", "k", 1);
    fake.intercept = ({ type }) => type === "cas" ? lost : undefined;
    const failed = rpcError(
      kv.update("k", (value) => Number(value) + 1, { timeoutMs: 300 }),
    );
    await runtime.advance(100_000);
    const error = await failed;
    assertEquals([error.code, error.definite], [0, false]);
    assertEquals(fake.bodies().map(({ type }) => type), ["read", "cas"]);
    assertEquals(fake.get("lin-kv", "k"), lost === "request" ? 1 : 2);
    assertEquals(runtime.timerCount, 0);
  }
});

Deno.test("update that may be repeated tries again after a cas that timed out, and knows its own work", async () => {
  for (const lost of ["request", "reply"] as const) {
    const { fake, kv, runtime } = await setUp("lin-kv");
    let count = 0;
    fake.intercept = ({ type }) =>
      type === "cas" && ++count <= 2 ? lost : undefined;
    const seen: unknown[] = [];
    const update = kv.update("k", (log) => {
      seen.push(log);
      const before = log as string[] | undefined ?? [];
      return before.includes("mine") ? before : [...before, "mine"];
    }, { resendMs: 300 });
    const begin = runtime.now();
    let endMs: number | undefined;
    update.finally(() => endMs = runtime.now());
    await runtime.advance(10_000);
    assertEquals(await update, ["mine"]);
    assertEquals(fake.get("lin-kv", "k"), ["mine"]);
    const missing = lost === "request" ? undefined : ["mine"];
    assertEquals(seen, [undefined, missing, missing]);
    assertEquals(endMs! - begin, 2 * 300);
  }
});

Deno.test("update that may be repeated bears a store that takes longer to answer", async () => {
  for (let delayMs = 0; delayMs <= 700; delayMs += 100) {
    const { fake, kv, runtime } = await setUp("lin-kv");
    fake.delay = () => delayMs;
    const update = kv.update("k", (value) => Math.max(Number(value ?? 0), 7), {
      resendMs: 200,
    });
    await runtime.advance(10_000);
    assertEquals(await update, 7);
    assertEquals(fake.bodies().filter(({ type }) => type === "cas").length, 1);
  }
});

Deno.test("update that may have happened is left open, whatever comes later", async () => {
  const { fake, kv, runtime } = await setUp("lin-kv");
  let count = 0;
  fake.intercept = ({ type }) => {
    if (type !== "cas") return undefined;
    if (++count === 1) return "reply";
    fake.set("lin-kv", "k", count); // somebody is faster
  };
  const failed = rpcError(
    kv.update("k", () => "mine", { resendMs: 100, maxAttempts: 3 }),
  );
  await runtime.advance(10_000);
  const { code, definite } = await failed;
  assertEquals([code, definite, count], [0, false, 3]);
});

Deno.test("update ends with its time, however many attempts are left", async () => {
  const { fake, kv, runtime } = await setUp("lin-kv");
  let turns = 0;
  fake.delay = () => 100;
  fake.intercept = ({ type }) => {
    if (type === "cas") fake.set("lin-kv", "k", ++turns);
  };
  const begin = runtime.now();
  let endMs: number | undefined;
  const failed = rpcError(kv.update("k", () => "mine", { timeoutMs: 1000 }))
    .finally(() => endMs = runtime.now());
  await runtime.advance(10_000);
  const { code } = await failed;
  assert(code === 22 || code === 0, `${code}`);
  assertEquals([turns, endMs! - begin], [2, 1000]);
});

Deno.test("update leaves a node the time to tell its client that the store is silent", async () => {
  const { fake, kv, runtime } = await setUp("lin-kv");
  fake.intercept = ({ type }) => type === "cas" ? "request" : undefined;
  fake.delay = () => 900;
  const failed = rpcError(kv.update("k", () => 1));
  await runtime.advance(clientTimeoutMs - 500);
  assertEquals(runtime.timerCount, 0);
  assertEquals((await failed).code, 0);
});

Deno.test("a change that recognises what it has done is made once, though the refusal of a repetition comes first", async () => {
  const { fake, kv } = await setUp("lin-kv");
  fake.intercept = (body) => {
    if (body.type !== "cas") return;
    // One copy is carried out; the answer to the other is the only one to come.
    fake.intercept = () => undefined;
    fake.set("lin-kv", "k", body.to);
  };
  const add = (entry: string) =>
    kv.update("k", (log) => {
      const entries = (log ?? []) as string[];
      return entries.includes(entry) ? entries : [...entries, entry];
    });
  assertEquals(await add("a"), ["a"]);
  assertEquals(await add("b"), ["a", "b"]);
  assertEquals(fake.get("lin-kv", "k"), ["a", "b"]);
});

Deno.test("a change that recognises what it has done is made once, whatever is repeated and overtaken", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...services.slice(0, 2)),
      fc.integer({ min: 1, max: 6 }),
      fc.infiniteStream(fc.nat({ max: 20 })),
      fc.infiniteStream(fc.integer({ min: 1, max: 3 })),
      async (service, count, delays, copies) => {
        const { fake, kv, runtime } = await setUp(service);
        fake.delay = () => delays.next().value!;
        fake.copies = () => copies.next().value!;
        const updates = Array.from(
          { length: count },
          (_, entry) =>
            kv.update("k", (log) => {
              const entries = (log ?? []) as number[];
              return entries.includes(entry) ? entries : [...entries, entry];
            }),
        );
        await runtime.advance(4000);
        for (const [entry, log] of (await Promise.all(updates)).entries()) {
          assert((log as number[]).includes(entry));
        }
        assertEquals(
          (fake.get(service, "k") as number[]).toSorted((a, b) => a - b),
          Array.from({ length: count }, (_, entry) => entry),
        );
      },
    ),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("update doesn't try again after an error that isn't a lost race", async () => {
  for (const failing of ["read", "cas"]) {
    for (const code of [10, 11, 13, 14, 30, 1000]) {
      const { fake, kv } = await setUp("lin-kv");
      fake.set("lin-kv", "k", 1);
      fake.intercept = ({ type }) =>
        type === failing ? errorBody(code) : undefined;
      assertEquals((await rpcError(kv.update("k", () => 2))).code, code);
      assertEquals(fake.requests.length, failing === "read" ? 1 : 2);
    }
  }
});

Deno.test("update rejects with what the change throws, and writes nothing", async () => {
  const { fake, kv } = await setUp("lin-kv");
  for (const error of [new Error("no"), new RPCError(22, "no")]) {
    const update = kv.update("k", () => {
      throw error;
    });
    assertStrictEquals(await assertRejects(() => update), error);
  }
  assertEquals(fake.bodies().map(({ type }) => type), ["read", "read"]);
});

// DOUBT about lib/kv.ts: a change that works in place, such as pushing onto the
// list that it got, alters `from` as well. The cas then expects a value that
// was never there, and update fails with 22 after 100 attempts.
Deno.test("update takes a change that works in place", async () => {
  const { fake, kv } = await setUp("lin-kv");
  fake.set("lin-kv", "k", [3]);
  await kv.update("k", (list) => {
    (list as number[]).push(4);
    return list!;
  });
  assertEquals(fake.get("lin-kv", "k"), [3, 4]);
});

Deno.test("no update is lost, however slowly and in whatever order requests arrive", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...services.slice(0, 2)),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.nat({ max: 20 })),
      async (service, addends, delays) => {
        const { fake, kv, runtime } = await setUp(service);
        fake.delay = () => delays.next().value!;
        const updates = addends.map((addend) =>
          kv.update("k", (value) => Number(value ?? 0) + addend)
        );
        await runtime.advance(4000);
        await Promise.all(updates);
        const total = addends.reduce((a, b) => a + b);
        assertEquals(fake.get(service, "k"), total);
        assert((await Promise.all(updates)).includes(total));
      },
    ),
    { seed: 1, numRuns: 60 },
  );
});

// Options, and the clock

const operations: Record<
  string,
  (kv: KV, tso: TSO, options: RPCOptions) => Promise<unknown>
> = {
  read: (kv, _tso, options) => kv.read("k", options),
  readOr: (kv, _tso, options) => kv.readOr("k", 0, options),
  write: (kv, _tso, options) => kv.write("k", 1, options),
  cas: (kv, _tso, options) => kv.cas("k", 1, 2, options),
  update: (kv, _tso, options) => kv.update("k", () => 1, options),
  "lin-tso's next": (_kv, tso, options) => tso.next(options),
};

for (const [name, operation] of Object.entries(operations)) {
  Deno.test(`${name} takes a time-out, and then rejects with the indefinite error 0`, async () => {
    const { fake, kv, tso, runtime } = await setUp("lin-kv");
    fake.intercept = () => "request";
    let error: RPCError | undefined;
    operation(kv, tso, { timeoutMs: 300 }).catch((reason) => error = reason);
    await runtime.advance(299);
    assertEquals(error, undefined);
    await runtime.advance(1);
    assertEquals([error?.code, error?.definite], [0, false]);
  });

  Deno.test(`${name} takes a signal, and rejects with its reason`, async () => {
    const { fake, kv, tso, runtime } = await setUp("lin-kv");
    fake.intercept = () => "request";
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error("changed my mind");
    const call = operation(kv, tso, { signal });
    await settled();
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => call), reason);
    assertEquals(runtime.timerCount, 0);
  });
}

Deno.test("a signal can end an update that has got as far as its write", async () => {
  for (const service of services) {
    const { fake, kv } = await setUp(service);
    fake.intercept = ({ type }) => type === "read" ? undefined : "request";
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const call = kv.update("k", () => 1, { signal: controller.signal });
    await settled();
    assertEquals(fake.requests.length, 2);
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => call), reason);
  }
});

Deno.test("lin-tso hands out integers, each greater than all before", async () => {
  const { fake, tso } = await setUp("lin-kv");
  assertEquals(await tso.next(), 0);
  assertEquals(
    await Promise.all([tso.next(), tso.next(), tso.next()]),
    [1, 2, 3],
  );
  const [{ dest }] = some(fake.requests);
  assertEquals([dest, fake.bodies()[0]], ["lin-tso", { type: "ts" }]);
});

Deno.test("lin-tso rejects with the error that it answers", async () => {
  const { fake, tso } = await setUp("lin-kv");
  fake.intercept = () => errorBody(ErrorCode.temporarilyUnavailable);
  assertEquals((await rpcError(tso.next())).code, 11);
});

// Helpers

/** The fate of a request: lost, its reply lost, or another reply. */
type Fate = "request" | "reply" | OpenBody | undefined;

/** Maelstrom's services, as its service.clj has them, but for their staleness. */
class FakeServices {
  /** The requests, in the order in which they arrived. */
  requests: Message[] = [];
  /** Called before each request takes effect. */
  intercept: (body: OpenBody) => Fate = () => undefined;
  /** The time that a request is on its way, and its reply; 0 is at once. */
  delay: () => number = () => 0;
  /** The number of times that a request arrives, and its reply. */
  copies: () => number = () => 1;

  #node: Node;
  #runtime: FakeRuntime;
  #stores = new Map<string, unknown>();
  #timestamp = 0;

  constructor(node: Node, runtime: FakeRuntime) {
    this.#node = node;
    this.#runtime = runtime;
    runtime.onSend = (request) => this.#deliver(() => this.#take(request));
  }

  get(service: string, key: Key): unknown {
    return this.#stores.get(address(service, key));
  }

  set(service: string, key: Key, value: unknown): void {
    this.#stores.set(address(service, key), value);
  }

  has(service: string, key: Key): boolean {
    return this.#stores.has(address(service, key));
  }

  /** Returns the requests without their numbers. */
  bodies(): OpenBody[] {
    return this.requests.map(({ body: { msg_id: _, ...body } }) => body);
  }

  #later(action: () => void): void {
    const delay = this.delay();
    if (delay === 0) queueMicrotask(action);
    else this.#runtime.setTimer(action, delay);
  }

  #deliver(action: () => void): void {
    for (let copies = this.copies(); copies > 0; copies--) this.#later(action);
  }

  #take(request: Message): void {
    const { src, dest, body } = request;
    this.requests.push(request);
    const fate = this.intercept(body);
    if (fate === "request") return;
    const reply = typeof fate === "object" ? fate : this.#answer(dest, body);
    if (fate === "reply") return;
    // As JSON, so that nobody can change what is in the store by hand.
    const line = JSON.stringify({
      src: dest,
      dest: src,
      body: { ...reply, in_reply_to: body.msg_id },
    });
    this.#deliver(() => this.#node.receive(JSON.parse(line)));
  }

  #answer(service: string, body: OpenBody): OpenBody {
    if (service === "lin-tso") return { type: "ts_ok", ts: this.#timestamp++ };
    const key = body.key as Key;
    const exists = this.has(service, key);
    const value = this.get(service, key);
    switch (body.type) {
      case "read":
        if (!exists) return errorBody(20, "key does not exist");
        return { type: "read_ok", value };
      case "write":
        this.set(service, key, body.value);
        return { type: "write_ok" };
      case "cas": {
        const creates = body.create_if_not_exists && service !== "lww-kv";
        if (!exists && !creates) return errorBody(20, "key does not exist");
        if (exists && JSON.stringify(value) !== JSON.stringify(body.from)) {
          return errorBody(22, `current value ${value} is not ${body.from}`);
        }
        this.set(service, key, body.to);
        return { type: "cas_ok" };
      }
    }
    return errorBody(10, `${service} doesn't know ${body.type}`);
  }
}

function address(service: string, key: Key): string {
  return JSON.stringify([service, key]);
}

function errorBody(code: number, text?: string): OpenBody {
  return { ...new RPCError(code, text).toBody() };
}

/** A node among Maelstrom's services, with its clients of them. */
async function setUp(service: KVService) {
  const { node, runtime } = await startedNode();
  return {
    node,
    runtime,
    fake: new FakeServices(node, runtime),
    kv: new KV(node, service),
    tso: new TSO(node),
  };
}

/** The error that an operation must end in. */
function rpcError(operation: Promise<unknown>): Promise<RPCError> {
  return assertRejects(() => operation, RPCError);
}

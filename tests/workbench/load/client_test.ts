/**
 * Clients: which message is an answer, and what becomes of those that aren't.
 *
 * @module
 */
import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { OpenBody } from "../../../lib/message.ts";
import {
  type Client,
  Clients,
  ClientTimeout,
  ErrorReply,
  MalformedReply,
  type RPC,
} from "../../../lib/workbench/load/client.ts";
import { msInNs, VirtualClock } from "../../../lib/workbench/sim/clock.ts";
import type { NodeError } from "../../../lib/workbench/hosts/host.ts";
import { Network } from "../../../lib/workbench/sim/network.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { some } from "../../some.ts";

const countRPC: RPC = {
  type: "count",
  reply: { type: { is: "count_ok" }, count: "integer" },
};

/** A client, and nodes that say what they're told, in their time. */
class World {
  readonly clock = new VirtualClock();
  readonly network = new Network(this.clock, new Random("network"), {
    latencyMs: 0,
    latencyDist: "constant",
    handoverMs: [0, 0],
  });
  readonly errors: NodeError[] = [];
  readonly clients = new Clients(
    this.clock,
    this.network,
    (error) => this.errors.push(error),
  );
  readonly client: Client = this.clients.open();

  constructor() {
    for (const id of ["n0", "n1"]) this.network.add(id, () => {});
  }

  /** Sends the client a message. */
  say(ms: number, body: Record<string, unknown>, src = "n0") {
    const dest = this.client.id;
    this.clock.at(
      ms * msInNs,
      () => this.network.send(src, dest, JSON.stringify({ src, dest, body })),
    );
  }

  async ask(timeoutMs = 1000): Promise<unknown> {
    const asked = this.client.rpc<OpenBody>("n0", countRPC, {}, { timeoutMs });
    return (await this.clock.drive(asked)).count;
  }
}

const answer = (count: number, in_reply_to: unknown) => ({
  type: "count_ok",
  count,
  ...(in_reply_to !== undefined && { in_reply_to }),
});

Deno.test("only the message that names the request is the answer", async () => {
  const world = new World();
  const strangers = [undefined, null, 0, 2, -1, "1", true, [1], { "1": 1 }];
  for (const [i, in_reply_to] of strangers.entries()) {
    world.say(i + 1, answer(0, in_reply_to));
    world.say(i + 1, { type: "error", code: 13, in_reply_to });
  }
  world.say(50, answer(7, 1));
  world.say(51, answer(8, 1));
  assertEquals(await world.ask(), 7);
  assertEquals(world.errors, []);
});

Deno.test("without the answer, other messages don't keep a client from giving up", async () => {
  const world = new World();
  for (let ms = 0; ms < 2000; ms += 10) world.say(ms, answer(0, 2));
  const error = await assertRejects(() => world.ask(), ClientTimeout);
  assertEquals(error.message, "n0 did not answer count within 1000 ms");
  assertEquals(world.clock.nowNs, 1000 * msInNs);
});

for (
  const [in_reply_to, problem] of [
    [undefined, "it has no in_reply_to"],
    [null, "its in_reply_to is null"],
    ["1", 'its in_reply_to is "1"'],
    [7, "its in_reply_to is 7"],
    [0, "its in_reply_to is 0"],
    ["x".repeat(100), `its in_reply_to is "${"x".repeat(79)}…`],
  ]
) {
  Deno.test(`who waits in vain remembers what came instead: ${problem?.toString().slice(0, 30)}`, async () => {
    const world = new World();
    world.say(1, answer(7, in_reply_to));
    world.say(2, answer(7, 99));
    await assertRejects(() => world.ask(), ClientTimeout);
    assertEquals(
      world.clients.strayOf("n0"),
      `n0 has sent c0 a message that answers nothing: ${problem}, and the request's msg_id is 1.`,
    );
    assertEquals(world.clients.strayOf("n1"), undefined);
  });
}

Deno.test("a late answer is no such thing, nor what comes when nobody waits", async () => {
  const world = new World();
  world.say(150, answer(1, "x"));
  await assertRejects(() => world.ask(100), ClientTimeout);
  await world.clock.drive(world.clock.sleepUntil(200 * msInNs));
  world.say(250, answer(1, 1));
  await assertRejects(() => world.ask(), ClientTimeout);
  assertEquals(world.clients.strayOf("n0"), undefined);
});

Deno.test("an answer may come from any node, as in Maelstrom", async () => {
  const world = new World();
  world.say(5, answer(3, 1), "n1");
  assertEquals(await world.ask(), 3);
});

for (
  const [code, words] of [
    [`"11"`, `the error's code is "11", which isn't one of Maelstrom's`],
    ["11.0", "the error's code is 11.0, which isn't one of Maelstrom's"],
    ["null", "the error's code is null, which isn't one of Maelstrom's"],
    ["1e400", "the error's code is 1e400, which isn't one of Maelstrom's"],
    ["99", "the error's code is 99, which isn't one of Maelstrom's"],
    [
      `["${"x".repeat(100)}"]`,
      `the error's code is ["${"x".repeat(78)}…, which`,
    ],
    [undefined, "the error has no code"],
  ] as const
) {
  Deno.test(`an error whose code is ${code?.slice(0, 9)} is an unknown one, and says why`, async () => {
    const world = new World();
    const body = `{"type":"error","in_reply_to":1,${
      code === undefined ? "" : `"code":${code},`
    }"text":"so sorry"}`;
    const dest = world.client.id;
    world.clock.at(
      msInNs,
      () =>
        world.network.send(
          "n0",
          dest,
          `{"src":"n0","dest":"${dest}","body":${body}}`,
        ),
    );
    const error = await assertRejects(() => world.ask(), ErrorReply);
    assertEquals(
      [error.kind, error.definite, error.message],
      ["unknown", false, "so sorry"],
    );
    assertStringIncludes(error.problem!, words);
  });
}

Deno.test("an error with a code of Maelstrom's has nothing wrong with it", async () => {
  const world = new World();
  world.say(1, { type: "error", code: 22, in_reply_to: 1 });
  const error = await assertRejects(() => world.ask(), ErrorReply);
  assertEquals(
    [error.kind, error.definite, error.problem],
    ["precondition-failed", true, undefined],
  );
});

Deno.test("what comes between two requests, or late, answers neither", async () => {
  const world = new World();
  await assertRejects(() => world.ask(100), ClientTimeout);
  world.say(150, answer(1, 1));
  await world.clock.drive(world.clock.sleepUntil(200 * msInNs));
  world.say(250, answer(1, 1));
  world.say(260, answer(2, 2));
  assertEquals(await world.ask(), 2);
});

Deno.test("one who has left gets no answer, and isn't missed", async () => {
  const world = new World();
  await assertRejects(() => world.ask(100), ClientTimeout);
  world.client.close();
  const sent = world.network.journal.length;
  world.say(150, answer(1, 1));
  await world.clock.drive(world.clock.sleepUntil(200 * msInNs));
  assertEquals(world.network.journal.length, sent);
  assertEquals(world.network.presence("n0"), "here");
});

Deno.test("a malformed answer is the node's fault, and is shown", async () => {
  const world = new World();
  world.say(5, { ...answer(1, 1), more: 1 });
  await assertRejects(() => world.ask(), MalformedReply);
  const [{ node, kind, text, line }] = some(world.errors);
  assertEquals([node, kind], ["n0", "malformed-rpc-response"]);
  assertStringIncludes(text, "n0 answered count with a body that has a key");
  assertStringIncludes(line!, '"more":1');
});

Deno.test("of {} it's told what JavaScript makes that of", async () => {
  const world = new World();
  world.say(5, { ...answer(1, 1), count: {} });
  await assertRejects(() => world.ask(), MalformedReply);
  const [{ text }] = some(world.errors);
  assertMatch(
    text,
    /that has \{\} for .* a promise that nobody awaits is \{\}/,
  );
});

Deno.test("of an answer to init nothing but the type counts", async () => {
  const world = new World();
  const init: RPC = {
    type: "init",
    reply: { type: { is: "init_ok" } },
    onlyType: true,
  };
  const asked = async () =>
    await world.clock.drive(world.client.rpc("n0", init, {}));
  world.say(5, { type: "init_ok", in_reply_to: 1, node: 1, msg_id: null });
  await asked();
  world.say(15, { in_reply_to: 2 });
  await assertRejects(asked, MalformedReply, 'which isn\'t "init_ok"');
});

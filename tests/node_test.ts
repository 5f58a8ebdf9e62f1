/**
 * Tests of lib/node.ts, on a runtime whose clock and network the test holds:
 * handlers and replies, init, remote procedure calls, timers, and the end.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { ErrorCode, RPCError } from "../lib/error.ts";
import { isMessage, type OpenBody, type OutgoingBody } from "../lib/message.ts";
import type { AnyMessages } from "../lib/messages.ts";
import { type Handler, Node } from "../lib/node.ts";
import {
  ask,
  initMessage,
  message,
  newNode,
  settled,
  startedNode,
} from "./fake_runtime.ts";
import { some } from "./some.ts";

// Handlers

Deno.test("what a handler returns is the reply to the one who asked", async () => {
  const { node, runtime } = await startedNode((node) =>
    node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }))
  );
  node.receive(message({ type: "echo", msg_id: 7, echo: "hey" }, "c4"));
  assertEquals(runtime.sent, [{
    src: "n1",
    dest: "c4",
    body: { type: "echo_ok", echo: "hey", in_reply_to: 7 },
  }]);
});

Deno.test("what a handler's promise resolves to is the reply", async () => {
  const held = Promise.withResolvers<void>();
  const { node, runtime } = await startedWith(async () => {
    await held.promise;
    return { type: "work_ok" };
  });
  assertEquals(await ask({ node, runtime }, work(7)), []);
  held.resolve();
  await settled();
  assertEquals(runtime.sent.map(({ dest, body }) => [dest, body]), [
    ["c1", { type: "work_ok", in_reply_to: 7 }],
  ]);
});

Deno.test("a handler gets the whole message", async () => {
  const seen: unknown[] = [];
  const { node } = await startedWith((request) => void seen.push(request));
  const request = message({ ...work(7), more: { deep: [1] } }, "n2");
  node.receive(request);
  assertEquals(seen, [request]);
});

Deno.test("a handler that returns nothing sends no reply, now or later", async () => {
  for (const handler of [() => {}, async () => {}]) {
    assertEquals(await ask(await startedWith(handler), work(7)), []);
  }
});

Deno.test("a request whose msg_id is 0 gets a reply", async () => {
  const started = await startedWith(() => ({ type: "work_ok" }));
  assertEquals(await ask(started, work(0)), [
    { type: "work_ok", in_reply_to: 0 },
  ]);
});

Deno.test("a message without msg_id gets no reply, whatever its handler does", async () => {
  const handlers: Handler<"work", AnyMessages>[] = [
    () => ({ type: "work_ok" }),
    () => Promise.resolve({ type: "work_ok" }),
    () => {
      throw new RPCError(ErrorCode.abort);
    },
    () => {
      throw new Error("oh");
    },
    () => Promise.reject(new Error("oh")),
  ];
  for (const handler of handlers) {
    const started = await startedWith(handler);
    assertEquals(await ask(started, { type: "work" }), []);
    assertEquals(await ask(started, work(null)), []);
    assertEquals(await ask(started, { type: "unknown" }), []);
  }
  assertEquals(await ask(newNode(), { type: "work" }), []);
});

Deno.test("an error that nobody asked for is logged, once", async () => {
  for (
    const [thrown, text] of [
      [new RPCError(ErrorCode.abort, "no room"), "no room"],
      [new Error("oh"), "oh"],
    ] as const
  ) {
    for (const handler of throwers(thrown)) {
      const started = await startedWith(handler);
      await ask(started, { type: "work" });
      assertEquals(started.runtime.logs.length, 1);
      assertStringIncludes(started.runtime.logs[0]!, "work");
      assertStringIncludes(started.runtime.logs[0]!, text);
    }
  }
  const started = await startedNode();
  await ask(started, { type: "jump" });
  assertEquals(started.runtime.logs.length, 1);
  assertStringIncludes(started.runtime.logs[0]!, `no handler for "jump"`);
});

Deno.test("a request whose msg_id is no whole number is answered with error 12, and not carried out", async () => {
  let calls = 0;
  const started = await startedWith(() => {
    calls++;
    return { type: "work_ok" };
  });
  for (const msgId of ["7", "", 1.5, 2 ** 53, 1e300, true, false, [], {}]) {
    const [reply] = some(await ask(started, work(msgId)));
    assertEquals([reply.code, reply.in_reply_to], [12, msgId]);
  }
  assertEquals(calls, 0);
});

Deno.test("a reply to what is no msg_id is logged, and never taken for a request", async () => {
  let calls = 0;
  const started = await startedWith(() => void calls++);
  for (const in_reply_to of ["1", true, {}, []]) {
    const reply = { ...work(7), in_reply_to: in_reply_to as number };
    assertEquals(await ask(started, reply), []);
    assertEquals(started.runtime.logs.length, 1);
    assertStringIncludes(started.runtime.logs.pop()!, "work");
  }
  assertEquals(calls, 0);
});

Deno.test("a reply made of the request answers that request, not an earlier one", async () => {
  const started = await startedWith(({ body }) => ({
    ...body,
    type: "work_ok",
    in_reply_to: 1,
  }));
  const [reply] = some(await ask(started, work(7)));
  assertEquals(reply.in_reply_to, 7);
});

Deno.test("a handler that waits doesn't hold up the others", async () => {
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const { node, runtime } = await startedWith(async ({ body }) => {
    await gates[body.msg_id!]!.promise;
    return { type: "work_ok" };
  });
  for (const id of [0, 1, 2]) node.receive(message(work(id)));
  for (const id of [2, 0, 1]) {
    gates[id]!.resolve();
    await settled();
  }
  assertEquals(runtime.sent.map(({ body }) => body.in_reply_to), [2, 0, 1]);
});

Deno.test("a request can be answered by hand, long after its handler", async () => {
  const { node, runtime } = await startedNode();
  node.on("work", async (request) => {
    // Made of the request, as it may be: it answers that one all the same.
    const body = { type: "work_ok", late: true, in_reply_to: 1 };
    const reply = () => node.reply(request, body);
    node.sleep(60_000).then(reply);
    await undefined;
  });
  assertEquals(await ask({ node, runtime }, work(7)), []);
  await runtime.advance(60_000);
  assertEquals(runtime.sent, [{
    src: "n1",
    dest: "c1",
    body: { type: "work_ok", late: true, in_reply_to: 7 },
  }]);
});

Deno.test("a node can send a message that asks for nothing", async () => {
  const { node, runtime } = await startedNode();
  node.send("n2", { type: "gossip", values: [1, 2] });
  assertEquals(runtime.sent, [
    { src: "n1", dest: "n2", body: { type: "gossip", values: [1, 2] } },
  ]);
});

Deno.test("a type can't have two handlers", async () => {
  const { node } = await startedWith(() => {});
  const error = assertThrows(() => node.on("work", () => {}), TypeError);
  assertStringIncludes(error.message, "work");
});

Deno.test("init can't have a handler: the node answers it itself", () => {
  const { node } = newNode();
  assertThrows(() => node.on("init", () => {}), TypeError, "onInit");
});

// Errors

Deno.test("a type without a handler is answered with error 10, which names it", async () => {
  const [reply] = some(
    await ask(await startedNode(), { type: "jump", msg_id: 7 }),
  );
  assertEquals([reply.type, reply.code, reply.in_reply_to], ["error", 10, 7]);
  assertStringIncludes(String(reply.text), "jump");
});

Deno.test("a type named like a property of every object has no handler either", async () => {
  const started = await startedNode();
  for (const type of ["constructor", "__proto__", "toString", ""]) {
    const [reply] = some(await ask(started, { type, msg_id: 7 }));
    assertEquals(reply.code, 10, type);
  }
});

Deno.test("an RPCError that a handler throws is the reply, and isn't logged", async () => {
  const error = new RPCError(ErrorCode.preconditionFailed, "was 3");
  for (const handler of throwers(error)) {
    const started = await startedWith(handler);
    assertEquals(await ask(started, work(7)), [
      { type: "error", code: 22, text: "was 3", in_reply_to: 7 },
    ]);
    assertEquals(started.runtime.logs, []);
  }
});

Deno.test("anything else that a handler throws is error 13 with its text, and is logged", async () => {
  for (
    const [thrown, text] of [
      [new Error("disk full"), "disk full"],
      [new TypeError(""), "TypeError"],
      ["disk full", "disk full"],
      [undefined, "undefined"],
      [Symbol("disk"), "Symbol(disk)"],
    ] as const
  ) {
    for (const handler of throwers(thrown)) {
      const started = await startedWith(handler);
      assertEquals(await ask(started, work(7)), [
        { type: "error", code: 13, text, in_reply_to: 7 },
      ]);
      assertEquals(started.runtime.logs.length, 1);
      assertStringIncludes(started.runtime.logs[0]!, "work");
      assertStringIncludes(started.runtime.logs[0]!, text);
    }
  }
});

Deno.test("the log tells where in the handler an error was thrown", async () => {
  const started = await startedWith(function culprit() {
    throw new Error("oh");
  });
  await ask(started, work(7));
  assertStringIncludes(started.runtime.logs[0]!, "culprit");
});

Deno.test("a handler that failed goes on to serve the next request", async () => {
  let calls = 0;
  const started = await startedWith(() => {
    if (++calls === 1) throw new Error("oh");
    return { type: "work_ok" };
  });
  assertEquals((await ask(started, work(7)))[0]?.code, 13);
  assertEquals((await ask(started, work(8)))[0]?.type, "work_ok");
});

Deno.test("a reply that JSON can't hold is error 13", async () => {
  const reply = { type: "work_ok", value: 1n };
  for (const handler of [() => reply, () => Promise.resolve(reply)]) {
    const [sent] = some(await ask(await startedWith(handler), work(7)));
    assertEquals([sent.type, sent.code], ["error", 13]);
    assertStringIncludes(String(sent.text), "BigInt");
  }
});

Deno.test("a thrown value that has no text is error 13 nevertheless", async () => {
  for (const handler of throwers(Object.create(null))) {
    const [reply] = some(await ask(await startedWith(handler), work(7)));
    assertEquals([reply.type, reply.code], ["error", 13]);
  }
});

Deno.test("a thrown object is told as JSON, and one that tells nothing is error 13, too", async () => {
  const refuse = () => {
    throw new Error();
  };
  const mute = new Proxy(new Error(), { get: refuse, getPrototypeOf: refuse });
  for (
    const [thrown, text] of [
      [{ code: 11 }, '{"code":11}'],
      [mute, "something that has no text"],
    ] as const
  ) {
    for (const handler of throwers(thrown)) {
      const [reply] = some(await ask(await startedWith(handler), work(7)));
      assertEquals([reply.type, reply.code, reply.text], ["error", 13, text]);
    }
  }
});

// Init

Deno.test("before init a node has no id and knows nobody", () => {
  const { node } = newNode();
  assertEquals([node.id, node.nodeIds, node.peers], ["", [], []]);
});

Deno.test("init gives a node its id, all ids in their order, and its peers", async () => {
  const { node, runtime } = newNode();
  node.receive(initMessage({ node_id: "n2", node_ids: ["n3", "n2", "n1"] }));
  await settled();
  assertEquals(node.id, "n2");
  assertEquals(node.nodeIds, ["n3", "n2", "n1"]);
  assertEquals(node.peers, ["n3", "n1"]);
  assertEquals(runtime.sent, [{
    src: "n2",
    dest: "c1",
    body: { type: "init_ok", in_reply_to: 1 },
  }]);
});

Deno.test("the only node of a cluster has no peers", async () => {
  const { node } = newNode();
  node.receive(initMessage({ node_ids: ["n1"] }));
  await settled();
  assertEquals([node.nodeIds, node.peers], [["n1"], []]);
});

Deno.test("nobody can change the list of nodes, nor the list of peers", async () => {
  const { node } = await startedNode();
  for (const list of [node.nodeIds, node.peers] as string[][]) {
    assertThrows(() => list.push("n4"), TypeError);
  }
});

Deno.test("requests before init are answered with error 11, even of unknown types", () => {
  const { node, runtime } = newNode();
  node.on("work", () => ({ type: "work_ok" }));
  for (const type of ["work", "jump"]) {
    node.receive(message({ type, msg_id: 7 }));
    const [{ src, dest, body }] = some(runtime.takeSent());
    // It has no id yet: it answers by the name that it was called.
    assertEquals([src, dest], ["n1", "c1"]);
    assertEquals([body.type, body.code, body.in_reply_to], ["error", 11, 7]);
  }
});

Deno.test("what runs on init knows the ids, runs in order, and before the answer", async () => {
  const { node, runtime } = newNode();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  node.onInit(async () => {
    order.push(`first on ${node.id} beside ${node.peers}`);
    await gate.promise;
    order.push("first ends");
  });
  node.onInit(() => void order.push("second"));
  runtime.onSend = ({ body }) => void order.push(body.type);
  node.receive(initMessage());
  await settled();
  assertEquals(order, ["first on n1 beside n2,n3"]);
  gate.resolve();
  await settled();
  assertEquals(order.slice(1), ["first ends", "second", "init_ok"]);
});

Deno.test("an error in what runs on init is the answer to init", async () => {
  for (
    const [error, code] of [
      [new RPCError(ErrorCode.temporarilyUnavailable, "oh"), 11],
      [new Error("oh"), 13],
    ] as const
  ) {
    for (const handler of throwers(error)) {
      const { node, runtime } = newNode();
      let skipped = true;
      node.onInit(handler as () => void);
      node.onInit(() => void (skipped = false));
      node.receive(initMessage());
      await settled();
      assertEquals(runtime.sent.map(({ body }) => body), [
        { type: "error", code, text: "oh", in_reply_to: 1 },
      ]);
      assert(skipped, "what would have run next does not");
    }
  }
});

Deno.test("init again waits for the first, and shares its fate", async () => {
  const { node, runtime } = newNode();
  const attempts: PromiseWithResolvers<void>[] = [];
  node.onInit(() => {
    const attempt = Promise.withResolvers<void>();
    attempts.push(attempt);
    return attempt.promise;
  });
  const bodies = () =>
    runtime.takeSent().map(({ body: { type, code, in_reply_to } }) => [
      type,
      code,
      in_reply_to,
    ]).sort((a, b) => Number(a[2]) - Number(b[2]));

  node.receive(initMessage({ msg_id: 1 }));
  node.receive(initMessage({ msg_id: 2 }));
  await settled();
  assertEquals([attempts.length, bodies()], [1, []]);
  attempts[0]!.reject(new Error("the disk is full"));
  await settled();
  assertEquals(bodies(), [["error", 13, 1], ["error", 13, 2]]);
  assertEquals([node.id, node.nodeIds, node.peers], ["", [], []]);

  node.receive(initMessage({ msg_id: 3, node_id: "n2" }));
  node.receive(initMessage({ msg_id: 4, node_id: "n2" }));
  await settled();
  assertEquals([attempts.length, bodies()], [2, []]);
  attempts[1]!.resolve();
  await settled();
  assertEquals(bodies(), [["init_ok", undefined, 3], [
    "init_ok",
    undefined,
    4,
  ]]);
  assertEquals([node.id, node.peers], ["n2", ["n1", "n3"]]);
});

Deno.test("the same init again is answered again, and changes nothing", async () => {
  const { node, runtime } = newNode();
  let runs = 0;
  node.onInit(() => void runs++);
  node.receive(initMessage());
  node.receive(initMessage({ msg_id: 2, node_ids: ["n1", "n9"] }));
  await settled();
  assertEquals(
    runtime.sent.map(({ body }) => body).sort(byInReplyTo),
    [1, 2].map((id) => ({ type: "init_ok", in_reply_to: id })),
  );
  assertEquals(runs, 1);
  assertEquals(node.nodeIds, ["n1", "n2", "n3"]);
});

Deno.test("init under another name is error 12, and the node stays who it is", async () => {
  const { node, runtime } = await startedNode();
  node.receive(initMessage({ msg_id: 2, node_id: "n2" }));
  await settled();
  const [{ src, body }] = some(runtime.sent);
  assertEquals([src, body.type, body.code], ["n1", "error", 12]);
  assertStringIncludes(String(body.text), "n1");
  assertEquals([node.id, node.peers], ["n1", ["n2", "n3"]]);
});

Deno.test("a malformed init is error 12, and a good one can still follow", async () => {
  const { node, runtime } = newNode();
  let runs = 0;
  node.onInit(() => void runs++);
  for (
    const wrong of [
      { node_id: undefined },
      { node_id: "" },
      { node_id: "", node_ids: [""] },
      { node_id: 1, node_ids: [1] },
      { node_id: "n4" },
      { node_ids: undefined },
      { node_ids: "n1" },
      { node_ids: { 0: "n1", length: 1 } },
      { node_ids: [] },
      { node_ids: ["n1", 2] },
      { node_ids: ["n1", null] },
      { node_ids: ["n1", "n2", "n2"] },
    ]
  ) {
    node.receive(initMessage(wrong));
    await settled();
    const [{ src, body }] = some(runtime.takeSent());
    assertEquals([src, body.type, body.code], ["n1", "error", 12]);
    assertEquals([node.id, node.nodeIds, node.peers], ["", [], []]);
  }
  node.receive(initMessage());
  await settled();
  assertEquals(runtime.sent[0]!.body.type, "init_ok");
  assertEquals([node.id, runs], ["n1", 1]);
});

// Remote procedure calls

Deno.test("an RPC sends a request, and resolves to the body of the reply", async () => {
  const { node, runtime } = await startedNode();
  const call = node.rpc("n2", { type: "read", key: 3 });
  const [{ src, dest, body }] = some(runtime.sent);
  assertEquals([src, dest], ["n1", "n2"]);
  assertEquals(body, { type: "read", key: 3, msg_id: body.msg_id });
  assertEquals(typeof body.msg_id, "number");
  const reply = { type: "read_ok", value: 8, in_reply_to: body.msg_id };
  node.receive(message(reply, "n2"));
  assertEquals(await call, reply);
});

Deno.test("requests have different numbers, whatever their bodies say", async () => {
  const { node, runtime } = await startedNode();
  for (const msg_id of [undefined, 5, 5]) {
    node.rpc("n2", { type: "read", msg_id }).catch(() => {});
  }
  assertEquals(new Set(runtime.sent.map(({ body }) => body.msg_id)).size, 3);
});

Deno.test("each RPC gets its own reply, in whatever order they come", async () => {
  const { node, runtime } = await startedNode();
  const calls = [1, 2, 3].map((key) => node.rpc("n2", { type: "read", key }));
  for (const { body } of runtime.sent.toReversed()) {
    node.receive(answer(body, { type: "read_ok", key: body.key }));
  }
  const replies = await Promise.all(calls);
  assertEquals(replies.map(({ key }) => key), [1, 2, 3]);
});

Deno.test("a node can ask itself", async () => {
  const { node, runtime } = await startedWith(() => ({ type: "work_ok" }));
  runtime.onSend = (message) => node.receive(message);
  assertEquals((await node.rpc("n1", { type: "work" })).type, "work_ok");
});

Deno.test("an error reply rejects with an RPCError of its code and text", async () => {
  const { node, runtime } = await startedNode();
  const call = node.rpc("n2", { type: "read" });
  const body = { type: "error", code: 20, text: "no key 7" };
  node.receive(answer(runtime.sent[0]!.body, body));
  const error = await assertRejects(() => call, RPCError, "no key 7");
  assertEquals([error.code, error.definite], [20, true]);
});

Deno.test("an RPC fails with the indefinite error 0 when its time is up, and not before", async () => {
  const { node, runtime } = await startedNode();
  const outcome = outcomeOf(
    node.rpc("n2", { type: "read" }, { timeoutMs: 300 }),
  );
  await runtime.advance(299);
  assertEquals(outcome.state, "pending");
  await runtime.advance(1);
  assertInstanceOf(outcome.value, RPCError);
  assertEquals([outcome.value.code, outcome.value.definite], [0, false]);
  for (const part of ["n2", "read", "300"]) {
    assertStringIncludes(outcome.value.message, part);
  }
});

Deno.test("an RPC waits for four seconds, if it isn't told otherwise: a client waits for five", async () => {
  const { node, runtime } = await startedNode();
  const outcome = outcomeOf(node.rpc("n2", { type: "read" }));
  await runtime.advance(3999);
  assertEquals(outcome.state, "pending");
  await runtime.advance(1);
  assertEquals(outcome.state, "rejected");
});

Deno.test("an RPC whose time-out is Infinity waits for ever, without a timer", async () => {
  const { node, runtime } = await startedNode();
  const call = node.rpc("n2", { type: "read" }, { timeoutMs: Infinity });
  assertEquals(runtime.timerCount, 0);
  await runtime.advance(1e9);
  node.receive(answer(runtime.sent[0]!.body, { type: "read_ok" }));
  assertEquals((await call).type, "read_ok");
});

Deno.test("an RPC whose time-out is 0 fails at once", async () => {
  const { node, runtime } = await startedNode();
  const outcome = outcomeOf(node.rpc("n2", { type: "read" }, { timeoutMs: 0 }));
  await runtime.advance(0);
  assertEquals(outcome.state, "rejected");
});

Deno.test("a call that still waits is what the probe for leaks finds", async () => {
  const { node } = await startedNode();
  const { signal, probe } = watchedSignal();
  node.rpc("n2", { type: "read" }, { signal }).catch(() => {});
  assert(await leaks(node, probe));
});

Deno.test("a late reply is dropped without a word, and leaves nothing behind", async () => {
  const { node, runtime } = await startedNode();
  const { signal, probe } = watchedSignal();
  const outcome = outcomeOf(
    node.rpc("n2", { type: "read" }, { timeoutMs: 300, signal }),
  );
  const [{ body }] = some(runtime.takeSent());
  await runtime.advance(300);
  node.receive(answer(body, { type: "read_ok" }));
  node.receive(answer(body, { type: "error", code: 20 }));
  await settled();
  assertEquals(outcome.state, "rejected");
  assertEquals([runtime.sent, runtime.logs], [[], []]);
  assertEquals(runtime.timerCount, 0);
  assertFalse(await leaks(node, probe));
});

Deno.test("a call leaves nothing behind, however it ends", async () => {
  const ends: ((reply: (body: OpenBody) => void, abort: () => void) => void)[] =
    [
      (reply) => reply({ type: "read_ok" }),
      (reply) => reply({ type: "error", code: 20 }),
      (_reply, abort) => abort(),
    ];
  for (const end of ends) {
    const { node, runtime } = await startedNode();
    const { signal, probe, abort } = watchedSignal();
    const outcome = outcomeOf(node.rpc("n2", { type: "read" }, { signal }));
    const [{ body }] = some(runtime.sent);
    end((reply) => node.receive(answer(body, reply)), abort);
    await settled();
    assertNotEquals(outcome.state, "pending");
    assertEquals(runtime.timerCount, 0);
    assertEquals(probe.listeners, 0);
    assertFalse(await leaks(node, probe));
  }
});

Deno.test("a second reply to the same request is ignored", async () => {
  const { node, runtime } = await startedNode();
  const call = node.rpc("n2", { type: "read" });
  const [{ body }] = some(runtime.takeSent());
  node.receive(answer(body, { type: "read_ok", value: 1 }));
  node.receive(answer(body, { type: "read_ok", value: 2 }));
  node.receive(answer(body, { type: "error", code: 20 }));
  assertEquals((await call).value, 1);
  assertEquals([runtime.sent, runtime.logs], [[], []]);
});

Deno.test("a reply from somebody else than the one asked is ignored", async () => {
  const { node, runtime } = await startedNode();
  const outcome = outcomeOf(node.rpc("n2", { type: "read" }));
  const [{ body }] = some(runtime.sent);
  node.receive(answer(body, { type: "read_ok", value: "forged" }, "n3"));
  node.receive(answer(body, { type: "error", code: 20 }, "n3"));
  await settled();
  assertEquals(outcome.state, "pending");
  node.receive(answer(body, { type: "read_ok", value: "true" }));
  await settled();
  assertEquals(Object(outcome.value).value, "true");
});

Deno.test("a reply to nothing is ignored, even if its type has a handler", async () => {
  let calls = 0;
  const started = await startedWith(() => void calls++);
  const reply = { ...work(7), in_reply_to: 99 };
  assertEquals(await ask(started, reply), []);
  assertEquals([calls, started.runtime.logs], [0, []]);
});

Deno.test("a signal that has aborted keeps an RPC from being sent", async () => {
  const { node, runtime } = await startedNode();
  const reason = new Error("changed my mind");
  const signal = AbortSignal.abort(reason);
  const call = node.rpc("n2", { type: "read" }, { signal });
  assertStrictEquals(await assertRejects(() => call), reason);
  assertEquals([runtime.sent, runtime.timerCount], [[], 0]);
});

Deno.test("a signal that aborts during an RPC rejects it with the signal's reason", async () => {
  const { node, runtime } = await startedNode();
  const { signal, abort } = watchedSignal();
  const outcome = outcomeOf(node.rpc("n2", { type: "read" }, { signal }));
  await settled();
  assertEquals(outcome.state, "pending");
  const reason = new Error("changed my mind");
  abort(reason);
  node.receive(answer(runtime.sent[0]!.body, { type: "read_ok" }));
  await settled();
  assertStrictEquals(outcome.value, reason);
});

Deno.test("a signal that aborts after the reply changes nothing", async () => {
  const { node, runtime } = await startedNode();
  const { signal, abort } = watchedSignal();
  const outcome = outcomeOf(node.rpc("n2", { type: "read" }, { signal }));
  node.receive(answer(runtime.sent[0]!.body, { type: "read_ok" }));
  abort();
  await settled();
  assertEquals(outcome.state, "resolved");
});

Deno.test("a time-out hits only the call that it belongs to", async () => {
  const { node, runtime } = await startedNode();
  const short = outcomeOf(node.rpc("n2", { type: "a" }, { timeoutMs: 10 }));
  const long = outcomeOf(node.rpc("n2", { type: "b" }, { timeoutMs: 20 }));
  await runtime.advance(10);
  assertEquals([short.state, long.state], ["rejected", "pending"]);
  node.receive(answer(runtime.sent[1]!.body, { type: "b_ok" }));
  await runtime.advance(10);
  assertEquals(long.state, "resolved");
});

Deno.test("whatever happens to many calls, the first thing that counts decides each", async () => {
  const calls = 4;
  const step = fc.record({
    what: fc.constantFrom("reply", "error", "stranger", "abort", "wait"),
    call: fc.nat({ max: calls - 1 }),
    ms: fc.nat({ max: 400 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { node, runtime } = await startedNode();
      const signals = Array.from({ length: calls }, watchedSignal);
      const outcomes = signals.map(({ signal }, i) =>
        outcomeOf(
          node.rpc("n2", { type: "read" }, { signal, timeoutMs: 250 * i }),
        )
      );
      const requests = runtime.takeSent();
      const expected: string[] = Array(calls).fill("pending");
      const decide = (call: number, how: string) => {
        if (expected[call] === "pending") expected[call] = how;
      };
      let now = 0;
      for (const { what, call, ms } of steps) {
        const { body } = requests[call]!;
        if (what === "reply") node.receive(answer(body, { type: "read_ok" }));
        if (what === "error") {
          node.receive(answer(body, { type: "error", code: 20 }));
        }
        if (what === "stranger") {
          node.receive(answer(body, { type: "read_ok" }, "n3"));
        }
        if (what === "abort") signals[call]!.abort();
        if (what === "wait") {
          await runtime.advance(ms);
          now += ms;
          for (let i = 0; i < calls; i++) if (250 * i <= now) decide(i, "0");
        } else if (what !== "stranger") decide(call, what);
        await settled();
      }
      assertEquals(outcomes.map(describeOutcome), expected);
      const waiting = expected.filter((how) => how === "pending").length;
      assertEquals(runtime.timerCount, waiting);
      for (const [i, { probe }] of signals.entries()) {
        assertEquals(probe.listeners, expected[i] === "pending" ? 1 : 0);
      }
    }),
    { seed: 1, numRuns: 150 },
  );
});

Deno.test("an RPC that can't be sent rejects, and leaves nothing behind", async () => {
  const { node, runtime } = await startedNode();
  await assertRejects(() => node.rpc("n2", { type: "read", key: 1n }));
  assertEquals(runtime.timerCount, 0);
});

// Time and chance

Deno.test("a node's time and its dice are those of its runtime", async () => {
  const { node, runtime } = await startedNode();
  const start = node.now();
  assertEquals(start, runtime.now());
  await runtime.advance(250);
  assertEquals(node.now() - start, 250);
  runtime.dice = 0.125;
  assertEquals(node.random(), 0.125);
});

Deno.test("what a node logs goes to its runtime", async () => {
  const { node, runtime } = await startedNode();
  node.log("here I am");
  node.log(7 as unknown as string); // a node in plain JavaScript
  assertEquals(runtime.logs, ["here I am", "7"]);
});

Deno.test("sleep ends when its time is up, and not before", async () => {
  const { node, runtime } = await startedNode();
  const outcome = outcomeOf(node.sleep(50));
  await runtime.advance(49);
  assertEquals(outcome.state, "pending");
  await runtime.advance(1);
  assertEquals(outcome.state, "resolved");
});

Deno.test("a signal that has aborted keeps sleep from starting", async () => {
  const { node, runtime } = await startedNode();
  const reason = new Error("wake up");
  const sleep = node.sleep(50, { signal: AbortSignal.abort(reason) });
  assertStrictEquals(await assertRejects(() => sleep), reason);
  assertEquals(runtime.timerCount, 0);
});

Deno.test("a signal that aborts ends sleep with its reason, and its timer", async () => {
  const { node, runtime } = await startedNode();
  const { signal, abort, probe } = watchedSignal();
  const outcome = outcomeOf(node.sleep(50, { signal }));
  assertEquals(probe.listeners, 1);
  const reason = new Error("wake up");
  abort(reason);
  await settled();
  assertStrictEquals(outcome.value, reason);
  assertEquals(runtime.timerCount, 0);
});

Deno.test("a sleep that is over no longer listens to its signal", async () => {
  const { node, runtime } = await startedNode();
  const { signal, probe } = watchedSignal();
  const sleep = node.sleep(50, { signal });
  await runtime.advance(50);
  await sleep;
  assertEquals(probe.listeners, 0);
});

Deno.test("every() calls once an interval, the first time after one", async () => {
  const { node, runtime } = await startedNode();
  const start = node.now();
  const times: number[] = [];
  node.every(100, () => void times.push(node.now() - start));
  await runtime.advance(350);
  assertEquals(times, [100, 200, 300]);
});

Deno.test("every() leaves out the ticks that come while a call is still running", async () => {
  const { node, runtime } = await startedNode();
  const start = node.now();
  const times: number[] = [];
  node.every(100, async () => {
    times.push(node.now() - start);
    await node.sleep(250);
  });
  await runtime.advance(1000);
  assertEquals(times, [100, 400, 700, 1000]);
});

Deno.test("every() logs what its task throws, and goes on", async () => {
  for (const task of throwers(new Error("oh"))) {
    const { node, runtime } = await startedNode();
    node.every(100, task as () => void);
    await runtime.advance(300);
    assertEquals(runtime.logs.length, 3);
    assertStringIncludes(runtime.logs[0]!, "oh");
  }
});

Deno.test("every() ends when it is told to, and leaves no timer", async () => {
  const { node, runtime } = await startedNode();
  let calls = 0;
  const stop = node.every(100, () => void calls++);
  await runtime.advance(250);
  stop();
  stop();
  assertEquals(runtime.timerCount, 0);
  await runtime.advance(1000);
  assertEquals(calls, 2);
});

Deno.test("every() can be ended from within its own task", async () => {
  const { node, runtime } = await startedNode();
  let calls = 0;
  const stop = node.every(100, () => {
    calls++;
    stop();
  });
  await runtime.advance(1000);
  assertEquals([calls, runtime.timerCount], [1, 0]);
});

Deno.test("every() that is ended while its task is running doesn't begin again", async () => {
  const { node, runtime } = await startedNode();
  let calls = 0;
  const stop = node.every(100, async () => {
    calls++;
    await node.sleep(50);
  });
  await runtime.advance(120);
  stop();
  await runtime.advance(1000);
  assertEquals([calls, runtime.timerCount], [1, 0]);
});

// Whatever comes in

Deno.test("what is no message is logged with what it was, and skipped", async () => {
  const { node, runtime } = await startedNode();
  for (
    const [value, shown] of [
      ["{oops", "{oops"],
      [{ src: 1 }, '{"src":1}'],
      [[1, 2], "[1,2]"],
      [null, "null"],
      [undefined, ""],
      [NaN, "null"],
    ] as const
  ) {
    node.receive(value);
    assertEquals(runtime.logs.length, 1);
    assertStringIncludes(runtime.logs.pop()!, shown);
  }
  assertEquals(runtime.sent, []);
});

Deno.test("a megabyte that is no message is logged by its beginning and its length", async () => {
  const { node, runtime } = await startedNode();
  node.receive("begin" + "x".repeat(1e6));
  const [line] = some(runtime.logs);
  assert(line.length < 400, `${line.length} characters`);
  assertStringIncludes(line, "begin");
  assertStringIncludes(line, "1000005");
});

Deno.test("nesting that is 100 000 deep is skipped like any other non-message", async () => {
  const { node, runtime } = await startedNode();
  node.receive(JSON.parse("[".repeat(1e5) + "]".repeat(1e5)));
  assertEquals(runtime.logs.length, 1);
});

Deno.test("nothing makes receive throw: it answers once, logs once, or is silent", async () => {
  const json = fc.jsonValue({ maxDepth: 2 });
  const string = fc.constantFrom("init", "work", "fail", "jump", "error", "n1");
  const number = fc.integer({ min: 0, max: 3 });
  const anyBody = fc.record({
    type: fc.oneof({ weight: 9, arbitrary: string }, json),
    msg_id: fc.oneof({ weight: 3, arbitrary: number }, json),
    in_reply_to: fc.oneof(number, json),
    node_id: fc.oneof(string, json),
    node_ids: fc.oneof(fc.array(string), json),
  }, { requiredKeys: [] });
  const anyMessage = fc.oneof(
    json,
    fc.record({ src: string, dest: string, body: fc.oneof(anyBody, json) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anyMessage), async (messages) => {
      const { node, runtime } = newNode();
      node.on("work", () => ({ type: "work_ok" }));
      node.on("fail", () => Promise.reject(new RPCError(ErrorCode.abort)));
      for (const each of messages) {
        const { sent, logs } = runtime;
        const before = [sent.length, logs.length];
        node.receive(each);
        await settled();
        const { body } = Object(each);
        const isReply = isMessage(each) && (body.in_reply_to ?? null) !== null;
        const asks = isMessage(each) && !isReply &&
          (body.msg_id ?? null) !== null;
        assertEquals(sent.length, before[0]! + Number(asks));
        const strange = !isMessage(each) ||
          isReply && typeof body.in_reply_to !== "number";
        const [log] = logs.slice(before[1]);
        assert(logs.length <= before[1]! + 1);
        if (strange) assertStringIncludes(log ?? "", "skipped");
        else if (asks || isReply) assertEquals(log, undefined);
        if (asks) {
          assertEquals(sent.at(-1)!.dest, each.src);
          assertEquals(sent.at(-1)!.body.in_reply_to, body.msg_id);
        }
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("nor does what JSON can't hold, whichever way it comes", () => {
  const cycle: { [key: string]: unknown } = {};
  cycle.cycle = cycle;
  const bare = Object.create(null);
  for (const value of [1n, cycle, { n: 1n }, bare, Symbol("s"), () => {}]) {
    const { node, runtime } = newNode();
    node.receive(value);
    assertEquals([runtime.sent, runtime.logs.length], [[], 1]);
    assertStringIncludes(runtime.logs[0]!, "skipped");
  }
  const trap = () => {
    throw new Error("a trap");
  };
  const { node, runtime } = newNode();
  node.receive(Object.defineProperty({}, "src", { get: trap }));
  node.receive(new Proxy({}, { get: trap, getPrototypeOf: trap }));
  assertEquals([runtime.sent, runtime.logs.length], [[], 2]);
});

for (
  const [what, fail] of [
    ["a BigInt in the reply", () => ({ type: "work_ok", n: 1n })],
    ["a cycle in the reply", () => {
      const reply: OutgoingBody = { type: "work_ok" };
      return Object.assign(reply, { reply });
    }],
    ["a BigInt for the code of an error", () => {
      throw new RPCError(1n as unknown as number, "big");
    }],
    ["an error whose text is none", () => {
      throw Object.assign(new Error(), { message: { n: 1n } });
    }],
    ["an error that throws when it's read", () => {
      throw Object.defineProperty(new Error(), "message", {
        get() {
          throw new Error("no");
        },
      });
    }],
  ] as [string, () => OutgoingBody | Promise<OutgoingBody>][]
) {
  for (const later of [false, true]) {
    Deno.test(`${what} is error 13${later ? ", also later" : ""}`, async () => {
      const { node, runtime } = await startedNode();
      node.on("work", () => later ? Promise.resolve().then(fail) : fail());
      node.receive({
        src: "c1",
        dest: "n1",
        body: { type: "work", msg_id: 7 },
      });
      await settled();
      const [{ body }, ...others] = some(runtime.takeSent());
      assertEquals(others, []);
      assertEquals([body.type, body.code, body.in_reply_to], ["error", 13, 7]);
      assertEquals(typeof body.text, "string");
    });
  }
}

// The end

Deno.test("close ends what is done again and again, but wakes who sleeps", async () => {
  const { node, runtime } = await startedNode();
  const calls: string[] = [];
  node.every(100, () => void calls.push("every"));
  node.sleep(100).then(() => calls.push("sleep"));
  await node.close();
  assertEquals(runtime.timerCount, 1);
  await runtime.advance(1000);
  assertEquals(calls, ["sleep"]);
});

Deno.test("close fails the calls that wait, whose time-outs then mean nothing", async () => {
  const { node, runtime } = await startedNode();
  const outcomes = [5000, Infinity].map((timeoutMs) =>
    outcomeOf(node.rpc("n2", { type: "read" }, { timeoutMs }))
  );
  await node.close();
  await settled();
  for (const { state, value } of outcomes) {
    assertEquals(state, "rejected");
    assertStringIncludes(String(value), "ended");
  }
  assertEquals(runtime.timerCount, 0);
});

Deno.test("after close a call waits for ever, and nothing is sent or timed", async () => {
  const { node, runtime } = await startedNode();
  await node.close();
  const call = outcomeOf(node.rpc("n2", { type: "read" }));
  await settled();
  assertEquals(call.state, "pending");
  node.every(100, () => {});
  assertEquals([runtime.sent, runtime.timerCount], [[], 0]);
});

Deno.test("close waits for handlers that are running, and for what they reply", async () => {
  const gate = Promise.withResolvers<void>();
  const { node, runtime } = await startedWith(async () => {
    await gate.promise;
    return { type: "work_ok" };
  });
  node.receive(message(work(7)));
  const closing = outcomeOf(node.close(1000));
  await runtime.advance(999);
  assertEquals(closing.state, "pending");
  gate.resolve();
  await settled();
  assertEquals(closing.state, "resolved");
  assertEquals(runtime.sent.map(({ body }) => body.type), ["work_ok"]);
  assertEquals(runtime.timerCount, 0);
});

Deno.test("close doesn't wait for a handler longer than it was told to", async () => {
  const { node, runtime } = await startedWith(() => new Promise(() => {}));
  node.receive(message(work(7)));
  const closing = outcomeOf(node.close(1000));
  await runtime.advance(999);
  assertEquals(closing.state, "pending");
  await runtime.advance(1);
  assertEquals(closing.state, "resolved");
});

Deno.test("close has nothing to wait for once every handler has ended", async () => {
  const handlers: Handler<"work", AnyMessages>[] = [
    () => ({ type: "work_ok" }),
    () => Promise.resolve({ type: "work_ok" }),
    ...throwers(new Error("oh")),
  ];
  for (const handler of handlers) {
    const started = await startedWith(handler);
    await ask(started, work(7));
    const closing = outcomeOf(started.node.close(1000));
    await settled();
    assertEquals(closing.state, "resolved");
  }
});

Deno.test("a handler that waits for a call at the end of input answers with its failure", async () => {
  const { node, runtime } = await startedNode();
  node.on("work", async () => {
    await node.rpc("n2", { type: "read" });
    return { type: "work_ok" };
  });
  node.receive(message(work(7)));
  runtime.takeSent();
  await node.close(1000);
  assertEquals(runtime.sent.map(({ body }) => [body.type, body.code]), [
    ["error", 13],
  ]);
});

Deno.test("a handler that sleeps at the end of input wakes up, and replies", async () => {
  const { node, runtime } = await startedNode();
  node.on("work", async () => {
    await node.sleep(50);
    return { type: "work_ok" };
  });
  node.receive(message(work(7)));
  const closing = outcomeOf(node.close(1000));
  await runtime.advance(50);
  assertEquals(closing.state, "resolved");
  assertEquals(runtime.sent.map(({ body }) => body.type), ["work_ok"]);
});

// Helpers

/** A request; its number may be none. */
function work(msg_id: unknown): OpenBody {
  return { type: "work", msg_id: msg_id as number };
}

function startedWith(
  handler: Handler<"work", AnyMessages>,
): ReturnType<typeof startedNode> {
  return startedNode((node) => node.on("work", handler));
}

/** Handlers that fail with something: at once, and as a promise. */
function throwers(thrown: unknown): (() => never | Promise<never>)[] {
  return [
    () => {
      throw thrown;
    },
    () => Promise.reject(thrown),
    async () => {
      await undefined;
      throw thrown;
    },
  ];
}

/** The message that answers a request to n2. */
function answer({ msg_id }: OpenBody, body: OpenBody, src = "n2") {
  return message({ ...body, in_reply_to: msg_id }, src);
}

function byInReplyTo(a: OpenBody, b: OpenBody): number {
  return a.in_reply_to! - b.in_reply_to!;
}

interface Outcome {
  state: "pending" | "resolved" | "rejected";
  value?: unknown;
}

/** Returns what has become of a promise, to be looked at any time. */
function outcomeOf(promise: Promise<unknown>): Outcome {
  const outcome: Outcome = { state: "pending" };
  promise.then(
    (value) => Object.assign(outcome, { state: "resolved", value }),
    (value) => Object.assign(outcome, { state: "rejected", value }),
  );
  return outcome;
}

/** One word for how a call ended: what decided it. */
function describeOutcome({ state, value }: Outcome): string {
  if (state === "pending") return "pending";
  if (state === "resolved") return "reply";
  if (!(value instanceof RPCError)) return "abort";
  return value.code === 0 ? "0" : "error";
}

interface Probe {
  /** The number of listeners to the signal. */
  listeners: number;
  /**
   * The number of times that someone has taken a listener away, or tried to.
   */
  removals: number;
}

/** A signal that counts who listens to it. */
function watchedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const probe: Probe = {
    get listeners() {
      return listeners.size;
    },
    removals: 0,
  };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners.add(args[1]);
    Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners.delete(args[1]);
    probe.removals++;
    Reflect.apply(removeEventListener, signal, args);
  };
  return {
    signal,
    probe,
    abort: (reason?: unknown) => controller.abort(reason),
  };
}

/**
 * Tells whether the node still has the call that this signal belongs to in its
 * table of calls: then closing the node ends it, and takes the listener away.
 */
async function leaks(node: Node<AnyMessages>, probe: Probe): Promise<boolean> {
  const before = probe.removals;
  await node.close();
  return probe.removals > before;
}

Deno.test("what others ask waits until the node is initialised, in order; answers don't", async () => {
  const { node, runtime } = newNode();
  const gate = Promise.withResolvers<void>();
  let known = 0;
  node.onInit(async () => {
    const { value } = await node.rpc("seq-kv", { type: "read", key: "k" });
    await gate.promise;
    known = value as number;
  });
  node.on("read", ({ src }) => {
    runtime.log(src);
    return { type: "read_ok", value: known };
  });
  node.receive(initMessage());
  node.receive(message({ type: "read", msg_id: 2 }, "c2"));
  node.receive(message({ type: "read", msg_id: 3 }, "c3"));
  const { msg_id } = runtime.sent[0]!.body;
  node.receive(
    message({ type: "read_ok", in_reply_to: msg_id, value: 5 }, "seq-kv"),
  );
  await settled();
  assertEquals(runtime.sent.length, 1);
  gate.resolve();
  await settled();
  assertEquals(
    runtime.sent.slice(1).map(({ dest, body: { type, value } }) => [
      dest,
      type,
      value,
    ]),
    [
      ["c1", "init_ok", undefined],
      ["c2", "read_ok", 5],
      ["c3", "read_ok", 5],
    ],
  );
});

Deno.test("what waited for an init that failed is answered with an error", async () => {
  const { node, runtime } = newNode();
  const gate = Promise.withResolvers<void>();
  node.onInit(async () => {
    await gate.promise;
    throw new Error("the disk is damaged");
  });
  node.on("read", () => ({ type: "read_ok", value: 0 }));
  node.receive(initMessage());
  node.receive(message({ type: "read", msg_id: 2 }, "c2"));
  gate.resolve();
  await settled();
  assertEquals(
    runtime.sent.map(({ dest, body }) => [dest, body.code, body.text]),
    [
      ["c1", 13, "the disk is damaged"],
      ["c2", 11, "this node has not been initialised"],
    ],
  );
});

Deno.test("an answer to an earlier life of a node is none to this one", async () => {
  const lives = await Promise.all([0, 2 ** 32].map(async (msgIdBase) => {
    const { runtime } = newNode();
    const node = new Node<AnyMessages>(Object.assign(runtime, { msgIdBase }));
    node.receive(initMessage());
    await settled();
    const answer = node.rpc("seq-kv", { type: "read", key: "k" });
    return { node, answer, asked: runtime.sent.at(-1)! };
  }));
  const [earlier, later] = lives;
  const reply = (to: typeof earlier, value: number) =>
    message(
      { type: "read_ok", in_reply_to: to!.asked.body.msg_id, value },
      "seq-kv",
    );
  later!.node.receive(reply(earlier, 1));
  later!.node.receive(reply(later, 2));
  assertEquals((await later!.answer).value, 2);
});

Deno.test("a request is sent again until it's answered, and rarer each time", async () => {
  const { node, runtime } = await startedNode();
  const startMs = runtime.now();
  const times: number[] = [];
  runtime.onSend = () => times.push(runtime.now() - startMs);
  const options = { resendMs: 500, timeoutMs: Infinity };
  const call = node.rpc("n2", { type: "read" }, options);
  await runtime.advance(20_000);
  assertEquals(times, [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500]);
  const ids = runtime.takeSent().map(({ body }) => body.msg_id);
  assertEquals(new Set(ids).size, 1);
  const answer = { in_reply_to: ids[0] };
  // Who isn't ready hasn't answered.
  node.receive(message({ type: "error", code: 11, ...answer }, "n2"));
  await runtime.advance(4000);
  assertEquals(runtime.takeSent().length, 1);
  node.receive(message({ type: "read_ok", value: 7, ...answer }, "n2"));
  assertEquals((await call).value, 7);
  assertEquals(runtime.timerCount, 0);
});

Deno.test("a request that is sent again ends with its time, or with another error", async () => {
  const { node, runtime } = await startedNode();
  const late = outcomeOf(
    node.rpc("n2", { type: "read" }, { resendMs: 100, timeoutMs: 350 }),
  );
  await runtime.advance(1000);
  assert(late.value instanceof RPCError);
  assertEquals(late.value.kind, "timeout");
  runtime.takeSent();
  const refused = outcomeOf(
    node.rpc("n2", { type: "read" }, { resendMs: 100, timeoutMs: 350 }),
  );
  const in_reply_to = runtime.takeSent()[0]!.body.msg_id;
  const busy = { type: "error", code: 11, text: "no leader", in_reply_to };
  node.receive(message(busy, "n2"));
  await runtime.advance(1000);
  assert(refused.value instanceof RPCError);
  assertEquals(
    [refused.value.kind, refused.value.message],
    ["timeout", "n2 did not answer read within 350 ms, but with: no leader"],
  );
  runtime.takeSent();
  const failed = outcomeOf(node.rpc("n2", { type: "read" }, { resendMs: 100 }));
  const { body } = runtime.takeSent()[0]!;
  const error = { type: "error", code: 20, in_reply_to: body.msg_id };
  node.receive(message(error, "n2"));
  await settled();
  assert(failed.value instanceof RPCError);
  assertEquals(failed.value.kind, "key-does-not-exist");
  await runtime.advance(1000);
  assertEquals([runtime.sent.length, runtime.timerCount], [0, 0]);
});

Deno.test("a request that can't be sent again, as init has failed meanwhile, fails", async () => {
  const { node, runtime } = newNode();
  let asked: ReturnType<typeof outcomeOf> | undefined;
  node.onInit(async () => {
    asked = outcomeOf(node.rpc("n2", { type: "read" }, { resendMs: 100 }));
    await node.sleep(50);
    throw new Error("not yet");
  });
  node.receive(initMessage());
  await runtime.advance(1000);
  assert(asked?.value instanceof TypeError);
  assertEquals(runtime.timerCount, 0);
});

Deno.test("all are up once somebody has asked for something, or after five seconds", async () => {
  for (const asker of ["c2", "n2", undefined]) {
    const { node, runtime } = newNode();
    let up = 0;
    node.onInit(() => {
      for (let i = 0; i < 2; i++) node.allUp().then(() => up++);
    });
    node.receive(initMessage());
    await runtime.advance(4000);
    assertEquals(up, 0);
    if (asker) node.receive(message({ type: "read", msg_id: 2 }, asker));
    await settled();
    assertEquals(up, asker ? 2 : 0);
    await runtime.advance(1000);
    assertEquals(up, 2);
  }
});

Deno.test("who was asked already needn't wait until all are up", async () => {
  const { node, runtime } = newNode();
  node.on("read", async () => {
    await node.allUp();
    return { type: "read_ok", value: 7 };
  });
  // Before init it's asked by who doesn't know that.
  node.receive(message({ type: "read", msg_id: 1 }, "c2"));
  let up = 0;
  node.onInit(() => void node.allUp().then(() => up++));
  node.receive(initMessage());
  await settled();
  runtime.takeSent();
  assertEquals([up, runtime.timerCount], [0, 1]);
  node.receive(message({ type: "read", msg_id: 2 }, "c2"));
  await settled();
  assertEquals(runtime.takeSent().map(({ body }) => body.type), ["read_ok"]);
  assertEquals([up, runtime.timerCount], [1, 1], "and sets no timer");
});

Deno.test("what is registered as early doesn't wait for handlers of init", async () => {
  const { node, runtime } = newNode();
  const gate = Promise.withResolvers<void>();
  node.onInit(() => gate.promise);
  node.on("early", () => ({ type: "early_ok" }), { early: true });
  node.on("late", () => ({ type: "late_ok" }));
  node.receive(initMessage());
  for (const type of ["late", "early"]) {
    node.receive(message({ type, msg_id: 2 }, "n2"));
  }
  await settled();
  assertEquals(runtime.takeSent().map(({ body }) => body.type), ["early_ok"]);
  gate.resolve();
  await settled();
  const types = runtime.takeSent().map(({ body }) => body.type);
  assertEquals(types, ["init_ok", "late_ok"]);
});

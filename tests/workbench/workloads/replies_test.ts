/**
 * The clients of each workload, and what they make of an answer: for every
 * shape that they look at, what Maelstrom 0.2.4 takes and what the history then
 * says, and what it calls malformed.
 *
 * @module
 */
import { workloadOf } from "../../../lib/workbench/workloads/mod.ts";
import { assertEquals } from "@std/assert";
import { RPCError } from "../../../lib/error.ts";
import {
  Clients,
  ClientTimeout,
  MalformedReply,
} from "../../../lib/workbench/load/client.ts";
import { VirtualClock } from "../../../lib/workbench/sim/clock.ts";
import type { PlannedOp } from "../../../lib/workbench/load/generator.ts";
import type { Completion } from "../../../lib/workbench/load/interpreter.ts";
import { Network } from "../../../lib/workbench/sim/network.ts";
import { resolve } from "../../../lib/workbench/test.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";

/** The outcome of an answer. */
type Outcome =
  /** The operation's value. */
  | { value?: unknown }
  /** It isn't what the protocol says. */
  | "malformed"
  /** It's no answer at all. */
  | "passed over"
  /** The operation may have happened: it's not known what came. */
  | "indeterminate"
  /** It's an error, of this name. */
  | `error ${string}`;

/** Answers, as they are written after `"in_reply_to": …`. */
type Cases = [answer: string, outcome: Outcome][];

/** A node that answers as it's told, and a client that asks it. */
class World {
  readonly clock = new VirtualClock();
  readonly asked: Record<string, unknown>[] = [];
  readonly #invoke: (op: PlannedOp) => Promise<Completion>;

  constructor(workload: string, answers: { [type: string]: string }) {
    const network = new Network(this.clock, new Random("network"), {
      latencyMs: 0,
      latencyDist: "constant",
      handoverMs: [0, 0],
    });
    network.add("n0", ({ src, line }) => {
      const { body } = JSON.parse(line);
      this.asked.push(body);
      const rest = answers[body.type] ?? `"type":"${body.type}_ok"`;
      const reply = rest.includes('"in_reply_to"')
        ? rest
        : `"in_reply_to":${body.msg_id}${rest && ","}${rest}`;
      network.send(
        "n0",
        src,
        `{"src":"n0","dest":"${src}","body":{${reply}}}`,
      );
    });
    const test = resolve({ workload, "node-count": 1, concurrency: "2n" });
    const client = new Clients(this.clock, network, () => {}).open();
    this.#invoke = workloadOf(test).open(client, "n0", test);
  }

  async invoke(op: Partial<PlannedOp>): Promise<Outcome> {
    try {
      const completion = await this.clock.drive(this.#invoke(op as PlannedOp));
      if (completion.type !== "ok") return "indeterminate";
      return "value" in completion
        // As the record has it.
        ? { value: JSON.parse(JSON.stringify(completion.value)) }
        : {};
    } catch (error) {
      if (error instanceof MalformedReply) return "malformed";
      if (error instanceof ClientTimeout) return "passed over";
      if (error instanceof RPCError) return `error ${error.kind}`;
      throw error;
    }
  }
}

/** Tests what becomes of answers to the last thing that an operation asks. */
function replies(
  workload: string,
  request: string,
  op: Partial<PlannedOp>,
  table: Cases,
) {
  Deno.test(`${workload}: answers to ${request}`, async () => {
    for (const [answer, outcome] of table) {
      const world = new World(workload, { [request]: answer });
      assertEquals(await world.invoke(op), outcome, answer);
    }
  });
}

/** The cases that hold for every answer, here for one that has just a type. */
const acknowledgement = (type: string): Cases => [
  [`"type":"${type}"`, {}],
  [`"type":"${type}","msg_id":7`, {}],
  [`"type":"${type}","msg_id":-7`, {}],
  [`"type":"${type}","msg_id":1208925819614629174706176`, {}],
  [`"type":"${type}","msg_id":null`, "malformed"],
  [`"type":"${type}","msg_id":"7"`, "malformed"],
  [`"type":"${type}","msg_id":7.0`, "malformed"],
  [`"type":"${type}","text":null`, "malformed"],
  [`"type":"${type}","__proto__":1`, "malformed"],
  [`"type":"${type}2"`, "malformed"],
  [`"type":null`, "malformed"],
  [``, "malformed"],
  [`"type":"${type}","in_reply_to":1.0`, "passed over"],
  [`"type":"${type}","in_reply_to":"1"`, "passed over"],
  [`"type":"${type}","in_reply_to":null`, "passed over"],
  [`"type":"${type}","in_reply_to":2`, "passed over"],
  [`"type":"error","in_reply_to":2,"code":11`, "passed over"],
  [`"type":"error","code":11,"text":"no"`, "error temporarily-unavailable"],
  [`"type":"error","code":11,"more":{}`, "error temporarily-unavailable"],
  [`"type":"error","code":1234`, "error unknown"],
  [`"type":"error","code":"11"`, "error unknown"],
  [`"type":"error","code":11.0`, "error unknown"],
  [`"type":"error","code":null`, "error unknown"],
  [`"type":"error"`, "error unknown"],
];

/** The cases of an answer with a list, after `"key":`. */
const lists = (type: string, key: string): Cases => [
  [`"type":"${type}","${key}":[1,"a",null,{}]`, { value: [1, "a", null, {}] }],
  [`"type":"${type}","${key}":[]`, { value: [] }],
  [`"type":"${type}","${key}":null`, { value: null }],
  [`"type":"${type}","${key}":{}`, "malformed"],
  [`"type":"${type}","${key}":"[]"`, "malformed"],
  [`"type":"${type}","${key}":0`, "malformed"],
  [`"type":"${type}"`, "malformed"],
];

/** The values of a key that may be anything, if only it's there. */
const anything: [text: string, value: unknown][] = [
  ["1", 1],
  ["null", null],
  ['""', ""],
  ["[[]]", [[]]],
  ['{"a":false}', { a: false }],
];

replies("echo", "echo", { f: "echo", value: "hi" }, [
  ...anything.map(([text, echo]): Cases[number] => [
    `"type":"echo_ok","echo":${text}`,
    // All of the answer is the value.
    { value: { in_reply_to: 1, type: "echo_ok", echo } },
  ]),
  [`"type":"echo_ok"`, "malformed"],
  [`"type":"echo_ok","echo":"hi","more":1`, "malformed"],
]);

replies("unique-ids", "generate", { f: "generate" }, [
  ...anything.map(([text, value]): Cases[number] => [
    `"type":"generate_ok","id":${text}`,
    { value },
  ]),
  [`"type":"generate_ok"`, "malformed"],
]);

const broadcast = { f: "broadcast", value: 1 };
replies("broadcast", "broadcast", broadcast, acknowledgement("broadcast_ok"));
replies("broadcast", "read", { f: "read" }, lists("read_ok", "messages"));

replies("g-set", "add", { f: "add", value: 1 }, acknowledgement("add_ok"));
replies("g-set", "read", { f: "read" }, lists("read_ok", "value"));

replies("membership", "read", { f: "read" }, lists("read_ok", "members"));

for (const workload of ["pn-counter", "g-counter"]) {
  replies(workload, "add", { f: "add", value: 1 }, acknowledgement("add_ok"));
  replies(workload, "read", { f: "read" }, [
    [`"type":"read_ok","value":-3`, { value: -3 }],
    [`"type":"read_ok","value":9007199254740993`, { value: 9007199254740993 }],
    // A long in Clojure, which throws.
    [`"type":"read_ok","value":9223372036854775808`, "indeterminate"],
    [`"type":"read_ok","value":3.0`, "malformed"],
    [`"type":"read_ok","value":"3"`, "malformed"],
    [`"type":"read_ok","value":null`, "malformed"],
    [`"type":"read_ok"`, "malformed"],
  ]);
}

replies(
  "lin-kv",
  "write",
  { f: "write", value: [0, 1] },
  acknowledgement("write_ok"),
);
replies(
  "lin-kv",
  "cas",
  { f: "cas", value: [0, [1, 2]] },
  acknowledgement("cas_ok"),
);
replies("lin-kv", "read", { f: "read", value: [0, null] }, [
  ...anything.map(([text, value]): Cases[number] => [
    `"type":"read_ok","value":${text}`,
    { value: [0, value] },
  ]),
  [`"type":"read_ok"`, "malformed"],
]);

for (
  const [workload, writeF] of [
    ["txn-list-append", "append"],
    ["txn-rw-register", "w"],
  ] as const
) {
  const registers = writeF === "w";
  const read = (text: string): Cases[number] => [
    `"type":"txn_ok","txn":[["r",1,${text}]]`,
    { value: [["r", 1, JSON.parse(text)]] },
  ];
  const list = (text: string): Cases[number] =>
    registers ? read(text) : [read(text)[0], "malformed"];
  replies(workload, "txn", { f: "txn", value: [["r", 1, null]] }, [
    read("[1,null,[]]"),
    read("[]"),
    read("null"),
    list("1"),
    list('"[]"'),
    list("{}"),
    [
      `"type":"txn_ok","txn":[["${writeF}",null,{"a":1}]]`,
      { value: [[writeF, null, { a: 1 }]] },
    ],
    [`"type":"txn_ok","txn":[]`, { value: [] }],
    [`"type":"txn_ok","txn":null`, { value: [] }],
    [`"type":"txn_ok","txn":{}`, "malformed"],
    [`"type":"txn_ok","txn":[null]`, "malformed"],
    [`"type":"txn_ok","txn":[["r",1]]`, "malformed"],
    [`"type":"txn_ok","txn":[["r",1,null,null]]`, "malformed"],
    [`"type":"txn_ok","txn":[["${writeF}",1]]`, "malformed"],
    [`"type":"txn_ok","txn":[["x",1,2]]`, "malformed"],
    [`"type":"txn_ok","txn":[{"f":"r","k":1,"v":null}]`, "malformed"],
    [`"type":"txn_ok"`, "malformed"],
  ]);
}

const message = { f: "send", value: [["send", "1", 5]] };
replies("kafka", "send", message, [
  [`"type":"send_ok","offset":0`, { value: [["send", "1", [0, 5]]] }],
  [`"type":"send_ok","offset":-1`, { value: [["send", "1", [-1, 5]]] }],
  [`"type":"send_ok","offset":0.0`, "malformed"],
  [`"type":"send_ok","offset":"0"`, "malformed"],
  [`"type":"send_ok","offset":null`, "malformed"],
  [`"type":"send_ok"`, "malformed"],
]);

const polled = (text: string): Cases[number] => [
  `"type":"poll_ok","msgs":${text}`,
  { value: [["poll", JSON.parse(text)]] },
];
replies("kafka", "poll", { f: "poll", value: [["poll"]] }, [
  polled("{}"),
  polled('{"1":[]}'),
  polled('{"1":null}'),
  polled('{"1":[[0,5],[7,null]],"a":[[0,{}]],"2":null}'),
  [`"type":"poll_ok","msgs":{"1":[null]}`, "malformed"],
  [`"type":"poll_ok","msgs":{"1":[[0]]}`, "malformed"],
  [`"type":"poll_ok","msgs":{"1":[[0,5,6]]}`, "malformed"],
  [`"type":"poll_ok","msgs":{"1":[["0",5]]}`, "malformed"],
  [`"type":"poll_ok","msgs":{"1":[[null,5]]}`, "malformed"],
  [`"type":"poll_ok","msgs":{"1":{}}`, "malformed"],
  [`"type":"poll_ok","msgs":null`, "malformed"],
  [`"type":"poll_ok","msgs":[]`, "malformed"],
  [`"type":"poll_ok"`, "malformed"],
]);

replies("kafka", "list_committed_offsets", { f: "assign", value: ["1"] }, [
  ...["{}", '{"1":3}', '{"1":-1,"2":0,"x":1208925819614629174706176}'].map(
    (text): Cases[number] => [
      `"type":"list_committed_offsets_ok","offsets":${text}`,
      {},
    ],
  ),
  ...['{"1":null}', '{"1":"3"}', '{"1":3.0}', "null", "[]"].map(
    (text): Cases[number] => [
      `"type":"list_committed_offsets_ok","offsets":${text}`,
      "malformed",
    ],
  ),
  [`"type":"list_committed_offsets_ok"`, "malformed"],
]);

Deno.test("kafka: answers to commit_offsets", async () => {
  for (const [answer, outcome] of acknowledgement("commit_offsets_ok")) {
    const world = new World("kafka", {
      poll: '"type":"poll_ok","msgs":{"1":[[0,5]]}',
      // It's the second request.
      commit_offsets: answer.replace('"in_reply_to":2', '"in_reply_to":3'),
    });
    const value = [["poll", { "1": [[0, 5]] }]];
    assertEquals(
      await world.invoke({ f: "poll", value: [["poll"]] }),
      typeof outcome === "object" ? { value } : outcome,
      answer,
    );
  }
});

Deno.test("kafka: what a client asks after each answer", async () => {
  const assign = { f: "assign", value: ["1", "2"] };
  const rewind = { ...assign, "seek-to-beginning?": true };
  const poll = { f: "poll", value: [["poll"]] };
  /** The offsets of the next poll, and of the commits before it. */
  const next = async (msgs: string, ...ops: Partial<PlannedOp>[]) => {
    const world = new World("kafka", {
      poll: `"type":"poll_ok","msgs":${msgs}`,
      list_committed_offsets:
        '"type":"list_committed_offsets_ok","offsets":{"1":3,"2":-1,"9":7}',
    });
    for (const op of [...ops, poll]) await world.invoke(op);
    const offsets = (type: string) =>
      world.asked.filter((body) => body.type === type)
        .map((body) => body.offsets);
    return {
      polls: offsets("poll").at(-1),
      commits: offsets("commit_offsets").slice(0, -1),
    };
  };
  // Whatever was committed, a key that is new is polled from 0.
  assertEquals((await next("{}", assign)).polls, { "1": 0, "2": 0 });
  assertEquals(await next('{"1":[[3,4],[8,9],[5,5]]}', assign, poll), {
    polls: { "1": 9, "2": 0 },
    commits: [{ "1": 8 }],
  });
  // Where it is, it stays, when it's assigned once more; not when it rewinds.
  const ahead = '{"1":[[3,4]]}';
  assertEquals((await next(ahead, assign, poll, assign)).polls, {
    "1": 4,
    "2": 0,
  });
  assertEquals((await next(ahead, assign, poll, rewind)).polls, {
    "1": 0,
    "2": 0,
  });
  // It never goes back, and commits what it was given all the same.
  assertEquals(await next('{"1":[[-5,4]]}', assign, poll), {
    polls: { "1": 0, "2": 0 },
    commits: [{ "1": 0 }],
  });
  // A key that nobody asked for is polled from then on, be it empty.
  assertEquals(await next('{"7":[[2,1]],"8":null,"9":[]}', poll), {
    polls: { "7": 3, "8": 0, "9": 0 },
    commits: [{ "7": 2 }],
  });
});

/**
 * Faults in words: whom they struck, and which messages they swallowed.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  describeFault,
  faultsBetween,
  type FaultSpan,
  faultThatCut,
  isDeaf,
  struckBy,
  tellFault,
} from "../../lib/report/page/faults.ts";
import { nodesOf } from "../workbench/helpers.ts";

const span = { startMs: 1000, endMs: 2500 };
const nodes = nodesOf(5);

const kill: FaultSpan = { kind: "kill", nodes: ["n1", "n3"], ...span };
const partition: FaultSpan = {
  kind: "partition",
  cuts: {
    n0: ["n1", "n2", "n3", "n4"],
    n1: ["n0"],
    n2: ["n0"],
    n3: ["n0"],
    n4: ["n0"],
  },
  ...span,
};
const oneWay: FaultSpan = {
  kind: "asymmetric-partition",
  cuts: { n0: ["n3", "n4"], n1: ["n3", "n4"], n2: ["n3", "n4"] },
  ...span,
};

Deno.test("each kind says whom it struck", () => {
  const cases: [FaultSpan, string][] = [
    [kill, "kill: n1 n3"],
    [{ kind: "kill", nodes: [], ...span }, "kill: no node"],
    [{ kind: "kill", nodes, ...span }, "kill: all nodes"],
    [{ kind: "pause", nodes: ["n2"], ...span }, "pause: n2"],
    [
      { kind: "pause", nodes: nodesOf(12), ...span },
      "pause: n0 n1 n2 n3 n4 and 7 more",
    ],
    [partition, "partition: n0 | n1 n2 n3 n4"],
    // Less than a third of three nodes is none.
    [
      { kind: "partition", cuts: { n0: [], n1: [], n2: [] }, ...span },
      "partition: no node",
    ],
    [oneWay, "asymmetric-partition: n0 n1 n2 can't hear n3 n4"],
    [
      { kind: "asymmetric-partition", cuts: { n0: ["n3"], n1: [] }, ...span },
      "asymmetric-partition: n0 can't hear n3",
    ],
    [
      { kind: "asymmetric-partition", cuts: {}, ...span },
      "asymmetric-partition: no node",
    ],
    [
      { kind: "packet", nodes: ["n4"], delayMs: 200, ...span },
      "packet: n4 + 200 ms",
    ],
    [
      {
        kind: "clock",
        nodes: ["n0"],
        changes: { n0: { jumpMs: 4, rate: 1.1 } },
        ...span,
      },
      "clock: n0",
    ],
  ];
  for (const [fault, words] of cases) {
    assertEquals(describeFault(fault, nodes), words);
  }
});

Deno.test("what was in force is what struck somebody, and touches the time", () => {
  const ofNobody: FaultSpan[] = [
    { kind: "kill", nodes: [], ...span },
    { kind: "partition", cuts: { n0: [] }, ...span },
    { kind: "asymmetric-partition", cuts: {}, ...span },
  ];
  const later = { ...kill, startMs: 4000, endMs: 5000 };
  const faults = [...ofNobody, kill, partition, later];
  assertEquals(faultsBetween(faults, 2500, 3999), [kill, partition]);
});

Deno.test("in a sentence a fault has its time", () => {
  assertEquals(
    tellFault(kill, nodes),
    "the kill of n1 n3 (from 1.00 to 2.50 s)",
  );
  assertEquals(
    tellFault(partition, nodes),
    "the partition n0 | n1 n2 n3 n4 (from 1.00 to 2.50 s)",
  );
  assertEquals(
    tellFault(oneWay, nodes),
    "the asymmetric-partition in which n0 n1 n2 can't hear n3 n4 (from 1.00 to 2.50 s)",
  );
  const cuts = { n0: ["n1"], n1: ["n2"] };
  assertEquals(
    tellFault({ ...partition, kind: "partition", cuts }, nodes),
    "the partition in which each node hears different ones (from 1.00 to 2.50 s)",
  );
});

Deno.test("a message fell victim to who cut its way, or killed its receiver", () => {
  const faults = [kill, partition, oneWay];
  type Lost = "partition" | "kill";
  const cutting = (
    src: string,
    dest: string,
    sentMs = 1200,
    lost: Lost = "partition",
  ) => faultThatCut(faults, { src, dest, sentMs, lost });
  assertEquals(cutting("n2", "n1", 1200, "kill"), kill);
  assertEquals(cutting("n1", "n0"), partition);
  assertEquals(cutting("n0", "n1"), partition, "the kill was of no matter");
  assertEquals(cutting("n0", "n3", 1200, "kill"), kill);
  assertEquals(cutting("n4", "n2"), oneWay);
  assertEquals(cutting("n2", "n4"), undefined, "the other way");
  assertEquals(cutting("n2", "n1", 3000), undefined, "it was over");
});

Deno.test("who is struck, and who hears whom", () => {
  assertEquals(struckBy(kill, nodes), ["n1", "n3"]);
  assertEquals(struckBy(partition, nodes), ["n0"]);
  assert(isDeaf(oneWay, "n0", "n3"));
  assert(!isDeaf(oneWay, "n3", "n0"));
  assert(!isDeaf(kill, "n1", "n0"));
});

/** The workload of members, with nodes that are too simple for it. */
import { assertEquals, assertMatch } from "@std/assert";
import type { MembershipMessages, Node } from "../../../lib/mod.ts";
import { judge, type Options } from "../../../lib/workbench/mod.ts";

type MemberNode = Node<MembershipMessages>;

const small: Options = {
  workload: "membership",
  "node-count": 3,
  rate: 20,
  "time-limit": 5,
};

function optimist(node: MemberNode) {
  node.on("read", () => ({ type: "read_ok", members: node.nodeIds }));
}

function loner(node: MemberNode) {
  node.on("read", () => ({ type: "read_ok", members: [node.id] }));
}

Deno.test("to list all is right while all are up", async () => {
  const { results, history, reason } = await judge(optimist, small);
  assertEquals(results["valid?"], true, reason);
  const finals = history.filter((op) => op["final?"] && op.type === "ok");
  assertEquals(
    finals.map(({ value }) => value),
    Array(3).fill(["n0", "n1", "n2"]),
  );
});

Deno.test("who lists all doesn't notice a death", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { results, anomaly, reason } = await judge(optimist, {
      ...{ ...small, "node-count": 5, "time-limit": 60 },
      ...{ nemesis: "kill", "nemesis-interval": 20, seed },
    });
    if (results["valid?"] === true) continue;
    assertEquals(anomaly, "unnoticed-death");
    assertMatch(
      reason!,
      /^n\d lists n\d.*, which (has|have) been dead for more /,
    );
    return;
  }
  throw new Error("not caught within 20 seeds");
});

Deno.test("who lists itself alone is wrong in the end", async () => {
  const { results, anomaly, reason } = await judge(loner, small);
  assertEquals(results["valid?"], false);
  assertEquals(anomaly, "false-alarm");
  assertMatch(reason!, /^3 final reads are wrong: n\d doesn't list n\d, n\d, /);
});

/** Takes the others for dead in every other second. */
function worrier(node: MemberNode) {
  node.on("read", () => ({
    type: "read_ok",
    members: node.now() % 2000 < 1000 ? [node.id] : node.nodeIds,
  }));
}

for (
  const [network, options] of Object.entries<Partial<Options>>({
    "loses messages": { "p-loss": 0.1 },
    "lets messages overtake others": { "p-reorder": 0.1 },
    "takes a random time": { latency: 10, "latency-dist": "exponential" },
  })
) {
  Deno.test(`a false alarm that ends is none where the network ${network}`, async () => {
    const { results, reason, history } = await judge(worrier, {
      ...{ ...small, ...options },
    });
    assertEquals(results["valid?"], true, reason);
    const lengths = history.filter((op) => op["final?"] && op.type === "ok")
      .map(({ value }) => (value as string[]).length);
    assertEquals(lengths.toSorted(), [1, 3, 3, 3]);
    const { anomaly } = await judge(loner, { ...small, ...options });
    assertEquals(anomaly, "false-alarm");
  });
}

Deno.test("a false alarm in the end is one where the network is whole", async () => {
  for (const options of [{}, { latency: 10 }, { "p-duplicate": 0.1 }]) {
    const { anomaly } = await judge(worrier, { ...small, ...options });
    assertEquals(anomaly, "false-alarm");
  }
});

Deno.test("who never answers is told so", async () => {
  const { results } = await judge((_: MemberNode) => {}, small);
  assertEquals(results["valid?"], false);
});

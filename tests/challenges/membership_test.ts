/** Membership: who is noticed, who objects, and what it costs. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { membership } from "../../challenges/membership.ts";
import { runs } from "../../challenges/runs.ts";
import type { AnyMessages, Node } from "../../lib/mod.ts";
import { judge, type Options } from "../../lib/workbench/mod.ts";
import type { MembershipFindings } from "../../lib/workbench/checkers/membership.ts";
import { Cluster } from "../cluster.ts";
import { seedsOf } from "../seeds.ts";

/** Returns the members that nodes list, by node. */
async function listed(
  cluster: Cluster,
  ids: readonly string[] = cluster.nodes,
) {
  const all: string[][] = [];
  for (const id of ids) {
    const answer = await cluster.ask(id, { type: "read" });
    all.push((answer?.members as string[]).toSorted());
  }
  return all;
}

/** Tells a node something that another one would have said. */
function tell(cluster: Cluster, dest: string, claims: unknown) {
  const src = cluster.nodes.find((id) => id !== dest)!;
  const body = { type: "ping", claims };
  cluster.network.send(src, dest, JSON.stringify({ src, dest, body }));
}

const each = (ids: readonly string[], list: readonly string[]) =>
  ids.map(() => [...list]);

const official = runs.find(({ id }) => id === "12")!;

async function run(options: Partial<Options>, args: string[] = []) {
  const { results, reason } = await judge(membership, {
    ...{ workload: "membership", ...official.options, rate: 50 },
    ...options,
  }, { args });
  const found = results.workload as MembershipFindings;
  return { results, reason, found };
}

for (const detector of ["fixed", "phi"]) {
  Deno.test(`${detector}: deaths are noticed within seconds, and nobody else is taken for dead`, async () => {
    for (const seed of seedsOf(2)) {
      const args = ["--detector", detector];
      const { results, reason, found } = await run({ seed }, args);
      assertEquals(results["valid?"], true, reason);
      assertEquals(found["false-alarm-count"], 0);
      assertGreater(found["noticed-count"], 0);
      assertLess(found["dissemination-latencies"]?.["1"] ?? Infinity, 8000);
    }
  });
}

Deno.test("whatever the faults, in the end all list all", async () => {
  for (const seed of seedsOf(2)) {
    const { results, reason } = await run({
      nemesis: "partition,kill,pause,packet",
      ...{ "p-loss": 0.02, "p-duplicate": 0.1, "p-reorder": 0.1, seed },
    });
    assertEquals(results["valid?"], true, reason);
  }
});

Deno.test("pings alone take the living for dead where messages are lost, help and suspicion hardly ever", async () => {
  const loss = { nemesis: undefined, "p-loss": 0.05, "time-limit": 40 };
  const alone = await run(loss, ["--helpers", "0", "--suspicion", "0"]);
  assertGreater(alone.found["false-alarm-count"], 20);
  const { found, results, reason } = await run(loss);
  assertEquals(results["valid?"], true, reason);
  assertLess(found["false-alarm-count"], 2);
});

/** Messages of a node in a second, where nothing happens. */
async function perNode(count: number, strategy: string) {
  const args = ["--strategy", strategy];
  const cluster = await Cluster.start(count, membership, { args });
  await cluster.wait(10_000);
  const before = cluster.messages;
  await cluster.wait(10_000);
  return (cluster.messages - before) / count / 10;
}

Deno.test("a node sends four messages a second, however many nodes there are; with heartbeats two to each", async () => {
  for (const count of [5, 40]) assertEquals(await perNode(count, "swim"), 4);
  assertEquals(await perNode(5, "heartbeats"), 8);
  assertEquals(await perNode(20, "heartbeats"), 38);
});

for (const status of ["suspect", "dead"]) {
  Deno.test(`who is said to be ${status}, and isn't, objects`, async () => {
    const cluster = await Cluster.start(5, membership);
    await listed(cluster);
    for (let life = 0; life < 3; life++) {
      tell(cluster, "n0", [["n2", status, life]]);
      await cluster.wait(20_000);
      assertEquals(await listed(cluster), each(cluster.nodes, cluster.nodes));
    }
  });
}

Deno.test("who is dead isn't listed, and who comes back is, with another incarnation", async () => {
  const cluster = await Cluster.start(5, membership);
  await listed(cluster);
  for (let lives = 0; lives < 3; lives++) {
    await cluster.kill("n1");
    await cluster.wait(8000);
    const others = ["n0", "n2", "n3", "n4"];
    assertEquals(await listed(cluster, others), each(others, others));
    await cluster.start("n1");
    await cluster.wait(10_000);
    assertEquals(await listed(cluster), each(cluster.nodes, cluster.nodes));
  }
});

Deno.test("each side of a partition lists its own; then they find each other again", async () => {
  const cluster = await Cluster.start(5, membership);
  await listed(cluster);
  const sides = [["n0", "n1"], ["n2", "n3", "n4"]] as const;
  cluster.cut(...sides);
  await cluster.wait(15_000);
  for (const side of sides) {
    assertEquals(await listed(cluster, side), each(side, side));
  }
  cluster.network.heal();
  await cluster.wait(8000);
  assertEquals(await listed(cluster), each(cluster.nodes, cluster.nodes));
});

Deno.test("of claims the newest prevails, in whatever order they come", async () => {
  const statuses = ["alive", "suspect", "dead"];
  const claim = fc.tuple(
    fc.constantFrom("n1", "n2", "n3"),
    fc.constantFrom(...statuses),
    fc.nat(3),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(claim, { maxLength: 12 }),
      fc.boolean(),
      async (claims, together) => {
        const cluster = await Cluster.start(4, membership);
        if (together) tell(cluster, "n0", claims);
        else for (const each of claims) tell(cluster, "n0", [each]);
        await cluster.wait(10);
        const dead = ["n1", "n2", "n3"].filter((id) => {
          const [, newest] = claims.filter(([each]) => each === id)
            .map(([, status, life]) =>
              [3 * life + statuses.indexOf(status), status] as const
            )
            .toSorted(([a], [b]) => b - a)[0] ?? [];
          return newest === "dead";
        });
        const left = cluster.nodes.filter((id) => !dead.includes(id));
        assertEquals(await listed(cluster, ["n0"]), [left]);
      },
    ),
    { seed: 1, numRuns: 30 },
  );
});

/** The number of requests for help between two moments. */
function helpAsked(cluster: Cluster, from: number) {
  return cluster.network.journal.slice(from)
    .filter(({ line }) => line.includes('"type":"ping_req"')).length;
}

for (
  const [detector, isPatient] of [["fixed", false], ["phi", true]] as const
) {
  Deno.test(`${detector}: where answers take longer than the deadline, it ${isPatient ? "learns to wait" : "asks for help all the time"}`, async () => {
    const cluster = await Cluster.start(5, membership, {
      ...{ args: ["--detector", detector], latencyMs: 300 },
    });
    await cluster.wait(40_000);
    const before = cluster.network.journal.length;
    await cluster.wait(20_000);
    assertEquals(helpAsked(cluster, before) === 0, isPatient);
  });
}

Deno.test("a node alone lists itself", async () => {
  const cluster = await Cluster.start(1, membership);
  await cluster.wait(10_000);
  assertEquals(await listed(cluster), [["n0"]]);
  assertEquals(cluster.messages, 0);
});

Deno.test("what is no claim is refused, and changes nothing", async () => {
  const cluster = await Cluster.start(3, membership);
  const claims = [
    ...[undefined, null, 7, "dead", {}, [7], [null], [[]], [["n1"]]],
    ...[[["n9", "dead", 1]], [["n1", "gone", 1]], [["n1", "dead", "1"]]],
    ...[[["n1", "dead", -1]], [["n1", "dead", 0.5]], [["n1", "dead", null]]],
  ];
  for (const each of claims) tell(cluster, "n0", each);
  const asked = await cluster.ask("n0", {
    ...{ type: "ping_req", target: "n9", claims: [] },
  });
  assertEquals(asked?.code, 12);
  const beat = await cluster.ask("n0", { type: "ping", claims: [] });
  assert(beat?.type === "ping_ok");
  await cluster.wait(100);
  assertEquals(await listed(cluster), each(cluster.nodes, cluster.nodes));
  assertEquals(cluster.errors, []);
});

Deno.test("a detector that isn't there is refused", () => {
  const nobody = undefined as unknown as Node<AnyMessages>;
  assertThrows(
    () => membership(nobody, ["--detector", "oracle"]),
    Error,
    "--detector must be one of fixed, phi",
  );
});

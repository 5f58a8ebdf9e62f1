import { assert, assertEquals, assertMatch } from "@std/assert";
import { judge, type Options } from "../../../lib/workbench/mod.ts";
import { tally } from "../helpers.ts";
import { gossip } from "./gossip_counter.ts";

/** As golden case g-counter-ok was run. */
const small: Options = {
  workload: "g-counter",
  "node-count": 3,
  rate: 60,
  "time-limit": 5,
  nemesis: "partition",
  "nemesis-interval": 2,
};

Deno.test("operations are mixed as in the real g-counter-ok", async () => {
  const begun = [];
  for (let seed = 1; seed <= 10; seed++) {
    const { history, results, reason } = await judge(gossip(), {
      ...small,
      seed,
    });
    assertEquals(results["valid?"], true, reason);
    begun.push(
      ...history.filter(({ type, process }) =>
        type === "invoke" && process !== "nemesis"
      ),
    );
  }
  // There it is 299 operations: 102 adds and 197 reads.
  const adds = begun.filter(({ f }) => f === "add");
  assert(Math.abs(begun.length / 10 - 299) < 30, `${begun.length / 10}`);
  assert(Math.abs(adds.length / begun.length - 102 / 299) < 0.04);
  const deltas = tally(adds.map(({ value }) => value as number));
  assertEquals([...deltas.keys()].sort(), [0, 1, 2, 3, 4]);
});

Deno.test("an add that isn't counted is caught", async () => {
  const { results, reason } = await judge(
    gossip((delta, add) => add === 5 ? 0 : delta),
    small,
  );
  assertEquals(results["valid?"], false);
  assertMatch(reason!, /^3 of 3 final reads are wrong: .*: \d+ too little$/);
});

Deno.test("an add that is counted twice is caught", async () => {
  const { results, reason } = await judge(
    gossip((delta, add) => add === 5 ? 2 * delta : delta),
    small,
  );
  assertEquals(results["valid?"], false);
  assertMatch(reason!, /^3 of 3 final reads are wrong: .*: \d+ too much$/);
});

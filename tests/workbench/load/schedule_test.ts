import { assert, assertEquals, assertRejects } from "@std/assert";
import { scheduleOf } from "../../../lib/workbench/load/schedule.ts";
import {
  BadOption,
  judge,
  type Judgement,
  type Op,
  type Options,
  type Schedule,
} from "../../../lib/workbench/mod.ts";
import { flood } from "../helpers.ts";

function spellOut({ test, ...judgement }: Judgement): Schedule {
  const { history, workLength, fates } = judgement;
  return JSON.parse(JSON.stringify(
    scheduleOf(
      { history, workLength: workLength!, fates: fates! },
      test.concurrency,
    ),
  ));
}

/** The operations of clients in the main phase, without their places. */
function work({ history, workLength }: Judgement): Omit<Op, "index">[] {
  return history.slice(0, workLength)
    .filter(({ process }) => process !== "nemesis")
    .map(({ index: _, ...op }) => op);
}

const options: Options = {
  workload: "broadcast",
  "node-count": 4,
  "time-limit": 4,
  rate: 20,
  latency: 20,
  "latency-dist": "exponential",
};

for (
  const [what, more] of Object.entries<Partial<Options>>({
    "no faults": {},
    "losses, repetitions and hold-ups": {
      "p-loss": 0.2,
      "p-duplicate": 0.2,
      "p-reorder": 0.2,
    },
    "all faults": {
      nemesis: "partition,kill,pause,asymmetric-partition,packet,clock",
      "nemesis-interval": 0.5,
      "p-loss": 0.1,
    },
  })
) {
  Deno.test(`a run goes by its schedule as it went: ${what}`, async () => {
    const went = await judge(flood, { ...options, ...more, seed: 3 });
    const goes = await judge(flood, { ...options, ...more, seed: 3 }, {
      schedule: spellOut(went),
    });
    assert(work(went).length > 100);
    assertEquals(work(goes), work(went));
  });
}

Deno.test("of a schedule only what it names happens", async () => {
  const { history, journal, fates } = await judge(flood, {
    ...options,
    nemesis: "kill",
    "p-loss": 0.5,
  }, {
    schedule: {
      ops: [{ atMs: 10, client: 1, f: "broadcast", value: 7 }],
      faults: [{
        kind: "pause",
        nodes: ["n2"],
        fromMs: 5,
        toMs: 100,
      }],
      fates: [{
        src: "n1",
        dest: "n0",
        sinceMs: 10,
        number: 1,
        holdUpsMs: [],
      }],
    },
  });
  assertEquals(
    history.filter((op) => op.type === "invoke" && !op["final?"]).length,
    1,
  );
  assertEquals(
    history.filter(({ process }) => process === "nemesis").map(({ f }) => f),
    ["pause", "pause", "resume", "resume", "resume", "resume"],
  );
  const lost = journal.filter(({ lost }) => lost !== undefined);
  assertEquals(
    lost.map(({ src, dest, lost }) => [src, dest, lost]),
    [["n1", "n0", "chance"]],
  );
  assertEquals(fates?.map(({ src, dest }) => [src, dest]), [["n1", "n0"]]);
});

Deno.test("a schedule that can't be is refused", async () => {
  await assertRejects(
    () =>
      judge(flood, options, {
        schedule: {
          ops: [],
          faults: [{ kind: "kill", nodes: ["n9"], fromMs: 0 }],
        },
      }),
    BadOption,
    "of the faults of its schedule",
  );
});

Deno.test("an operation whose client is busy waits for its turn", async () => {
  const { history } = await judge((node) => node.on("echo", () => {}), {
    workload: "echo",
    "node-count": 1,
  }, {
    schedule: {
      ops: [1, 2].map((atMs) => ({ atMs, client: 0, f: "echo", value: atMs })),
      faults: [],
    },
  });
  const [first, timedOut, second] = history;
  assertEquals(first?.time, 1e6);
  assertEquals([timedOut?.type, timedOut?.error], ["info", "net-timeout"]);
  assertEquals(second?.time, timedOut?.time);
  assertEquals(second?.process, 1); // nobody knows what the first will do yet
});

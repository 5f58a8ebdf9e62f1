/**
 * Nodes in Go and Rust: as modules under virtual time they are judged as they
 * are as processes, and a seed is one run to the byte. Where a compiler isn't
 * there, its tests are left out, and a line says why.
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  buildGo,
  buildRust,
  type Built,
} from "../../../lib/runner/languages.ts";
import {
  judge,
  type Judgement,
  type Options,
} from "../../../lib/workbench/mod.ts";
import { tempDir } from "../../temp.ts";

const folder = tempDir();

const built = {
  Go: await buildGo(Deno.env.toObject(), folder),
  Rust: await buildRust(Deno.env.toObject(), folder),
};

/** A test of a language; where that isn't here, its name says why it's left out. */
function test(
  language: keyof typeof built,
  does: string,
  fn: (node: Built & { module: WebAssembly.Module }) => Promise<void>,
): void {
  const node = built[language];
  const isHere = typeof node !== "string";
  Deno.test({
    name: isHere ? `${language}: ${does}` : `${node} (${does})`,
    ignore: !isHere,
    async fn() {
      assert(isHere);
      const module = await WebAssembly.compile(await Deno.readFile(node.wasm));
      await fn({ ...node, module });
    },
  });
}

const echoRun: Options = { workload: "echo", "node-count": 1, "time-limit": 3 };

const broadcastRun: Options = {
  workload: "broadcast",
  "node-count": 5,
  "time-limit": 4,
  rate: 25,
  latency: 10,
};

const cutRun: Options = {
  ...broadcastRun,
  nemesis: "partition",
  "nemesis-interval": 1,
};

/** Asserts that a node is valid in both forms. */
async function bothAreValid(
  { module: wasm, native }: Built & { module: WebAssembly.Module },
  options: Options,
  mode = "",
): Promise<[Judgement, Judgement]> {
  const both = await Promise.all([
    judge({ wasm, args: [mode] }, options),
    judge({ bin: native, args: [mode] }, options),
  ]);
  assertEquals(both.map(({ engine }) => engine), ["sim", "stdio"]);
  for (const { results, reason } of both) {
    assertEquals(results["valid?"], true, reason);
  }
  return both;
}

/** Asserts that both forms need as many messages. */
function needTheSame(both: readonly [Judgement, Judgement]): void {
  const [ofModule, ofProcess] = both.map(({ results, history }) => {
    const values = history.filter(({ type, f }) =>
      type === "ok" && f === "broadcast"
    ).length;
    return {
      // What an operation takes depends on how many are broadcasts, which is left
      // to chance; what a broadcast takes doesn't.
      perValue: results.net.servers["msg-count"] / values,
      perOp: results.net.servers["msgs-per-op"]!,
    };
  });
  assertEquals(ofModule!.perValue, ofProcess!.perValue);
  const perOp = ofProcess!.perOp;
  assertAlmostEquals(ofModule!.perOp, perOp, perOp / 2);
}

for (const language of ["Go", "Rust"] as const) {
  test(
    language,
    "as a module, a node is what it is as a process",
    async (node) => {
      const [, both] = await Promise.all([
        bothAreValid(node, echoRun),
        bothAreValid(node, broadcastRun, "flood"),
        language === "Go" && bothAreValid(node, cutRun, "retry"),
      ]);
      needTheSame(both);
    },
  );

  test(
    language,
    "the same seed is the same run to the byte, alone and under load",
    async ({ module: wasm }) => {
      const run = async (seed: number) => {
        const { history, journal, logs, results } = await judge(
          { wasm, args: ["gossip"] },
          { ...broadcastRun, "p-loss": 0.1, seed },
        );
        assert(results.nodes["valid?"]);
        return JSON.stringify([history, journal, [...logs]]);
      };
      const alone = await run(1);
      const [other, ...others] = await Promise.all([2, 1, 1, 1].map(run));
      for (const each of others) assert(each === alone);
      assert(other !== alone);
    },
  );
}

test(
  "Go",
  "what goroutines on timers tell each other gets everywhere",
  async ({ module: wasm }) => {
    const { results, reason } = await judge(
      { wasm, args: ["gossip"] },
      broadcastRun,
    );
    assertEquals(results["valid?"], true, reason);
  },
);

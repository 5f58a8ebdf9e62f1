/**
 * Judges a reader's program, or a module.
 *
 * @module
 */
/// <reference lib="dom" />
import { transform } from "sucrase";
import { runs } from "../../../../challenges/runs.ts";
import { type PageData, pageData } from "../../../report/page/data.ts";
import { type RunRecord, toRecord } from "../../../report/record.ts";
import { hostsOf } from "../../../workbench/guest_hosts.ts";
import { lastCrash, watchUncaught } from "../../../workbench/hosts/app.ts";
import { NodeEnded, type Watch } from "../../../workbench/hosts/host.ts";
import { functionLines } from "../../../workbench/hosts/places.ts";
import { NotSimulated } from "../../../workbench/hosts/program.ts";
import { stuckText } from "../../../workbench/hosts/simulated.ts";
import { judgementOf } from "../../../workbench/judge.ts";
import type { Options } from "../../../workbench/mod.ts";
import { randomOf, run as runTest } from "../../../workbench/run.ts";
import type { Guest } from "../../../workbench/sandbox.ts";
import { VirtualClock } from "../../../workbench/sim/clock.ts";
import { fillIn } from "../../../workbench/test.ts";
import { asFunction } from "../../as_function.ts";
import { plain, plainData } from "./posting.ts";

/** A program that a reader wants to have judged. */
export interface Ask {
  run: string;
  options: { readonly [name: string]: string | number };
  seed: number;
  /** TypeScript; or the bytes of a WebAssembly module. */
  program: string | Uint8Array<ArrayBuffer>;
  /** The library as a script. */
  library: string;
}

/** The outcome. */
export type Told =
  | { record: RunRecord; data: PageData; line?: number }
  | { failed: string; line?: number };

/** The turns of its loops that a node makes in one go, before it's ended. */
const maxTurns = 30_000_000;

/** Judges a program. */
export async function judgeProgram(ask: Ask): Promise<Told> {
  const unwatch = watchUncaught();
  try {
    return await answer(ask);
  } catch (error) {
    return failureOf(error as Error);
  } finally {
    unwatch();
  }
}

/** An error of the program, before it ran. */
function failureOf(error: Error): Told {
  const { loc, message } = error as Error & { loc?: { line: number } };
  const failed = error instanceof NotSimulated
    ? `It ${message}, and that can't be had here.`
    : message.replace(/^Error transforming \w+: /, "");
  return { failed, ...loc && { line: loc.line } };
}

/** The lines before the program's first. */
let linesBefore = 0;

async function answer(ask: Ask): Promise<Told> {
  const official = runs.find(({ id }) => id === ask.run)!;
  const options: Options = {
    workload: official.workload,
    ...official.options,
    ...ask.options,
    seed: ask.seed,
  };
  const test = fillIn(options);
  const random = randomOf(test);
  const ending = new AbortController();
  const turns = new Turns();
  lastCrash.error = undefined;
  linesBefore = 0;
  const { start, restore } = await hostsOf(guestOf(ask), {
    random: (id) => random(`node/${id}`),
    onLoop: () => turns.loop(),
    onStrange: (error) => ending.abort(error),
    onMemory() {},
    onFailedStart: (error) => lastCrash.error = error,
  });
  const begin = performance.now();
  const happened = await runTest(
    test,
    { clock: new VirtualClock(), start, random, watch: turns },
    { signal: ending.signal },
  ).finally(restore);
  const judgement = judgementOf("sim", test, happened);
  const record = toRecord(judgement, {
    id: official.id,
    bin: typeof ask.program === "string" ? "my_node.ts" : "node.wasm",
    args: [],
    wallMs: performance.now() - begin,
  });
  const data = pageData(record, judgement, { replay: "", when: new Date() });
  return {
    record: plain(record),
    data: plainData(data),
    ...!record.pass && {
      line: lineIn((lastCrash.error as Error)?.stack ?? "") ??
        lineIn(
          [...judgement.logs.values()].flat()
            .map(({ text }) => text).join("\n"),
        ),
    },
  };
}

/** Makes a guest of what a reader has given. */
function guestOf({ program, library }: Ask): Guest {
  if (typeof program !== "string") return { wasm: program };
  const { code } = transform(program, {
    transforms: ["typescript"],
    disableESTransforms: true,
    keepUnusedImports: false,
  });
  const before =
    `let $library; const $take = (module) => $library = module; await (async () => {${
      asFunction(library).code
    }})();\n`;
  linesBefore = before.split("\n").length - 1;
  const own = asFunction(
    code,
    (name) =>
      /(^|\/)mod\.ts$|^@call-me-maybe\/maelstrom$/.test(name)
        ? "$library"
        : undefined,
  );
  return {
    code: `${before}${own.code}\n//# sourceURL=my_node.ts`,
    imports: own.imports,
    url: "file:///my_node.ts",
    args: [],
  };
}

/** The first line of the program that a stack, or a log, names. */
function lineIn(text: string): number | undefined {
  const [, line] = /my_node\.ts:(\d+):\d+/.exec(text) ?? [];
  const own = Number(line) - linesBefore - functionLines;
  return own > 0 ? own : undefined;
}

/** Ends a node that computes for too long. */
class Turns implements Watch {
  #end = () => {};
  #turns = 0;

  enter(end: () => void): boolean {
    this.#end = end;
    this.#turns = 0;
    return true;
  }

  beat(): void {}

  /** Called at each turn of a program's loops. */
  loop(): void {
    if (++this.#turns < maxTurns) return;
    this.#end();
    throw new NodeEnded(stuckText);
  }
}

/**
 * The runner: judges the challenges, or any program that speaks Maelstrom's
 * protocol. This file is its command line, and nothing else.
 *
 * Exit codes are Jepsen's: 0 all passed, 1 something is invalid or over its
 * limit, 2 something is unknown, 254 bad arguments, 255 any other failure; 130 for Ctrl-C.
 *
 * @module
 */
import config from "./deno.json" with { type: "json" };
import { tables } from "./challenges/figures.ts";
import { runs } from "./challenges/runs.ts";
import { release } from "./lib/maelstrom/mod.ts";
import { bench } from "./lib/runner/bench.ts";
import { build } from "./lib/runner/build.ts";
import { check } from "./lib/runner/check.ts";
import {
  type CommandLine,
  commands,
  readCommandLine,
} from "./lib/runner/command_line.ts";
import { tooOld } from "./lib/runner/deno_version.ts";
import { Ended } from "./lib/runner/ending.ts";
import { checkExecutable } from "./lib/runner/executable.ts";
import { figures } from "./lib/runner/figures.ts";
import { fuzz } from "./lib/runner/fuzz.ts";
import { prepareFor } from "./lib/runner/guest.ts";
import { judgeAll } from "./lib/runner/judging.ts";
import { list } from "./lib/runner/list.ts";
import { complain, print } from "./lib/runner/output.ts";
import { jobsOf, plan } from "./lib/runner/plan.ts";
import { merge } from "./lib/runner/merge.ts";
import { judgeFor } from "./lib/runner/real.ts";
import { withCase } from "./lib/runner/repeat.ts";
import { serve } from "./lib/runner/serve.ts";
import { usage } from "./lib/runner/usage.ts";
import { judgeWatching } from "./lib/runner/watch.ts";
import { JudgingWorker } from "./lib/runner/workers.ts";
import { errorText } from "./lib/workbench/hosts/system_error.ts";
import { BadOption } from "./lib/workbench/mod.ts";

async function main(args: string[]): Promise<number> {
  const problem = tooOld(Deno.version.deno);
  if (problem !== undefined) throw new Error(problem);
  const line = await withCase(readCommandLine(args));
  const { command, words } = line;
  if (line.version) {
    print(
      `Call Me Maybe ${config.version}, as Maelstrom ${release.version}, on Deno ${Deno.version.deno}`,
    );
    return 0;
  }
  if (line.help) {
    const about = command === "help" ? words[0]?.toLowerCase() : command;
    print(usage(commands.find((each) => each === about)));
    return 0;
  }
  for (const note of line.notes) complain(note);
  if (![undefined, "test", "fuzz"].includes(command)) return await act(line);
  // Complains before anything is downloaded.
  const plans = await plan(line);
  if (command === "fuzz") {
    return await fuzz(await jobsOf(plans, line, undefined), line);
  }
  if (line.watch) {
    await judgeFor(line); // says who judges
    return await judgeWatching(plans, line);
  }
  using worker = new JudgingWorker();
  prepareFor(line, worker);
  const jobs = await jobsOf(plans, line, await judgeFor(line));
  const manner = { ...line, compare: line.engine === "both" };
  return await judgeAll(jobs, manner, worker);
}

/** Does what doesn't judge nodes. */
async function act(line: CommandLine): Promise<number> {
  const { command, words, bin } = line;
  if (words.length > 0 && command !== "check" && command !== "merge") {
    throw new BadOption(
      `${command} takes no words, and so not "${
        words[0]
      }". See run.ts ${command} --help.`,
    );
  }
  if (line.nodeArgs.length > 0) {
    throw new BadOption(
      `${command} starts no node, so nothing can take the arguments after --.`,
    );
  }
  switch (command) {
    case "list":
      return list();
    case "check":
      if (words.length > 0) return await check(words, line.json);
      throw new BadOption("check needs a FOLDER that holds a recorded run.");
    case "merge":
      return await merge(words, line);
    case "build":
      return await build([...new Set(runs.map(({ script }) => script))]);
    case "bench":
      if (bin !== undefined) checkExecutable(bin);
      return await bench(bin && Deno.realPathSync(bin));
    case "serve":
      return await serve(line);
    case "pictures": {
      // No literal: Deno would download D3 before it runs anything at all.
      const pictures: string = "./lib/runner/pictures.ts";
      const { draw, keep }: typeof import("./lib/runner/pictures.ts") =
        await import(pictures);
      return await keep(await draw(), line);
    }
    case "book": {
      const book: string = "./lib/runner/book.ts";
      const { book: make }: typeof import("./lib/runner/book.ts") =
        await import(book);
      return await make(line);
    }
    default:
      return await figures(tables, { check: line.check });
  }
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    complain(errorText(error));
    Deno.exit(
      error instanceof BadOption
        ? 254
        : error instanceof Ended
        ? error.exitCode
        : 255,
    );
  }
}

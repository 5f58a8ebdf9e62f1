/**
 * Explores what a node can't bear: judges it in many different runs, and makes the
 * first one that fails small.
 *
 * @module
 */
import type { App } from "../../node.ts";
import { excerpt } from "../load/history.ts";
import { judge, type Judgement } from "../judge.ts";
import { BadOption, type Options } from "../options.ts";
import { Random } from "../sim/random.ts";
import { type Case, failureIn } from "./case.ts";
import { type Bounds, drawOptions, resolveGiven } from "./draw.ts";
import { shrink } from "./shrink.ts";
import { story } from "./story.ts";

/**
 * The runs to explore. Options that are given are those of every run, but for
 * faults: `nemesis` and `lazyfs` list those that a run may have, and `p-loss`,
 * `p-duplicate` and `p-reorder` are the greatest probabilities. All else is drawn:
 * the number of nodes and clients, rates, latencies, topologies. No `availability`
 * is demanded of runs that kill or pause nodes, which can't answer then.
 *
 * @example
 * ```ts
 * import type { ExploreOptions } from "@call-me-maybe/maelstrom/workbench";
 *
 * const options: ExploreOptions = {
 *   workload: "broadcast",
 *   runs: 1000,
 *   nemesis: "partition,kill",
 *   "p-loss": 0.1,
 * };
 * ```
 */
export interface ExploreOptions extends Options {
  /**
   * The number of runs.
   *
   * @default {1000}
   */
  runs?: number;
  /** The app's arguments. */
  args?: string[];
  /**
   * The most runs for making a failure small.
   *
   * @default {2000}
   */
  maxShrinkRuns?: number;
  /** Ends it early. */
  signal?: AbortSignal;
}

/**
 * A run that failed, as small as it became. Its message tells its story.
 *
 * @example
 * ```ts
 * import { explore, FoundFailure, judge } from "@call-me-maybe/maelstrom/workbench";
 * import type { AnyMessages, Node } from "@call-me-maybe/maelstrom";
 * import { assert, assertEquals, assertRejects } from "@std/assert";
 *
 * const forgetful = (node: Node<AnyMessages>) =>
 *   node.on("generate", () => ({ type: "generate_ok", id: 7 }));
 *
 * const failure = await assertRejects(
 *   () => explore(forgetful, { workload: "unique-ids" }),
 *   FoundFailure,
 * );
 * assertEquals(failure.anomaly, "duplicate");
 *
 * // It fails in the same way, whenever it's repeated.
 * const { options, schedule } = failure.case;
 * const { results } = await judge(forgetful, options, { schedule });
 * assert(results["valid?"] === false);
 * ```
 */
export class FoundFailure extends Error {
  /** Always `"FoundFailure"`. */
  override name = "FoundFailure";
  /** The name of what went wrong. */
  readonly anomaly: string;
  /** The case to give to {@linkcode judge}, to see it once more. */
  readonly case: Case;
  /** The judgement of it. */
  readonly judgement: Judgement;

  /** @internal */
  constructor(message: string, found: { case: Case; judgement: Judgement }) {
    super(message);
    this.anomaly = failureIn(found.judgement)!;
    this.case = found.case;
    this.judgement = found.judgement;
  }
}

/**
 * Judges an app in many runs, each with options of its own, drawn from the seed.
 *
 * @typeParam M the app's own messages.
 * @returns the number of runs, all of which the app has borne.
 * @throws {FoundFailure} when a run fails, after making that small.
 * @throws {BadOption} if the options are invalid, or it's no app.
 *
 * @example
 * ```ts
 * import { explore } from "@call-me-maybe/maelstrom/workbench";
 * import type { AnyMessages, Node } from "@call-me-maybe/maelstrom";
 *
 * const echo = (node: Node<AnyMessages>) =>
 *   node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 *
 * await explore(echo, { workload: "echo", runs: 20, nemesis: "partition,pause" });
 * ```
 */
export async function explore<M = object>(
  app: App<M>,
  { runs = 1000, args = [], maxShrinkRuns, signal, ...given }: ExploreOptions,
): Promise<number> {
  if (typeof app !== "function") {
    throw new BadOption(
      `What is explored must be an app, which is a function of a node, not ${
        excerpt(app)
      }. For any other program there is deno task fuzz --bin.`,
    );
  }
  // Complains before anything is drawn; and no runs would find nothing.
  resolveGiven(given);
  if (runs !== Infinity && !Number.isInteger(runs) || runs < 1) {
    throw new BadOption(`runs must be an integer from 1 on, not ${runs}.`);
  }
  const judgeCase = ({ options, schedule }: Case) =>
    judge(app, options, {
      args,
      ...schedule && { schedule },
      ...signal && { signal },
    });
  for (const options of drawn({ given }, runs)) {
    const judgement = await judgeCase({ options });
    if (failureIn(judgement) === undefined) continue;
    const shrunk = await shrink({ case: { options }, judgement }, judgeCase, {
      ...maxShrinkRuns !== undefined && { maxRuns: maxShrinkRuns },
      isOver: () => signal?.aborted ?? false,
    });
    signal?.throwIfAborted();
    throw new FoundFailure(tell(shrunk, args), shrunk);
  }
  return runs;
}

/** The options of runs, each drawn for itself. */
export function* drawn(
  bounds: Bounds,
  runs: number,
): Generator<Options> {
  for (let run = 0; run < runs; run++) yield drawnFor(bounds, run);
}

/** The options of one run, by its number from 0. */
export function drawnFor(bounds: Bounds, run: number): Options {
  const { seed = 1 } = bounds.given;
  return drawOptions(bounds, new Random(`${seed}/fuzz/${run}`));
}

function tell(
  { case: found, judgement }: { case: Case; judgement: Judgement },
  args: readonly string[],
) {
  const hasArgs = args.length > 0;
  const settings = hasArgs ? "{ schedule, args }" : "{ schedule }";
  return `${failureIn(judgement)}, in a run of ${found.options.workload}:\n${
    story(judgement)
  }\nTo repeat it: judge(app, options, ${settings}), with\n${
    JSON.stringify({ ...found, ...hasArgs && { args } })
  }`;
}

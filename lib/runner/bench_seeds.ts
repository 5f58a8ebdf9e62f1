/**
 * Measures how many seeds a core judges in a second, and where the time goes.
 *
 * @module
 */
import { type Run, runs } from "../../challenges/runs.ts";
import { toRecord } from "../report/record.ts";
import { judgeBriefly } from "../workbench/judge.ts";

/** The runs that are measured: small and large ones. */
export const seededRuns: readonly Run[] = ["3c", "3d", "5c", "6c"]
  .flatMap((id) => runs.filter((run) => run.id === id));

/** The milliseconds of a run, on one core. */
export interface Phases {
  /** Nodes, network and clients, in virtual time. */
  simulation: number;
  /** From the history to the findings. */
  checkers: number;
  /** From these to the JSON of its record. */
  record: number;
}

/**
 * Judges a run with one seed after the other, as one of many, for at least so long.
 *
 * @returns the mean of each phase.
 */
export async function measureSeeds(run: Run, leastMs: number): Promise<Phases> {
  await phasesOf(run, 0); // code is still being compiled
  const all: Phases[] = [];
  const end = performance.now() + leastMs;
  while (all.length === 0 || performance.now() < end) {
    all.push(await phasesOf(run, all.length + 1));
  }
  const mean = (phase: keyof Phases) =>
    all.reduce((sum, each) => sum + each[phase], 0) / all.length;
  return {
    simulation: mean("simulation"),
    checkers: mean("checkers"),
    record: mean("record"),
  };
}

async function phasesOf(run: Run, seed: number): Promise<Phases> {
  const { id, app, args = [], limits, workload, options } = run;
  const start = performance.now();
  let simulated = start;
  const { judgement } = await judgeBriefly(
    app,
    { workload, ...options, seed },
    {
      args: [...args],
      onProgress({ phase }) {
        if (phase === "check") simulated = performance.now();
      },
    },
  );
  const checked = performance.now();
  const wallMs = checked - start;
  JSON.stringify(
    toRecord(judgement, { id, args, wallMs, ...limits && { limits } }),
  );
  return {
    simulation: simulated - start,
    checkers: checked - simulated,
    record: performance.now() - checked,
  };
}

/** A line of the table: how many in a second, and what each phase takes. */
export function seedsLine({ id }: Run, phases: Phases): string {
  const { simulation, checkers, record } = phases;
  const sum = simulation + checkers + record;
  const figure = (value: number) =>
    value < 10 ? value.toPrecision(2) : value.toFixed(0);
  const share = (ms: number) => `${Math.round(100 * ms / sum)} %`.padEnd(12);
  return `  ${id.padEnd(20)}${figure(1000 / sum).padEnd(12)}${
    `${figure(sum)} ms`.padEnd(12)
  }${share(simulation)}${share(checkers)}${share(record)}`.trimEnd();
}

/** The first line of the table. */
export const seedsHead: string = [
  "".padEnd(22),
  ...["a second", "each", "simulation", "checkers", "record"]
    .map((head) => head.padEnd(12)),
].join("").trimEnd();

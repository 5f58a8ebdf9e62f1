/**
 * The controls beside a table of figures: what a reader can change about its
 * runs, as data for the script.
 *
 * @module
 */
import type { Column, RunRow, Table } from "../../../challenges/figures.ts";
import { type Run, runs } from "../../../challenges/runs.ts";
import { fillIn } from "../../workbench/test.ts";

/** Something that a reader can change. */
export type Control =
  & {
    /** The name of the option, or of the node's argument. */
    name: string;
    label: string;
    of: "run" | "node";
  }
  & (
    | { kind: "choice"; values: readonly Choice[] }
    | {
      kind: "number";
      least: number;
      most: number;
      step: number;
      unit: string;
    }
  );

/** One of several values, and the words for it. */
export type Choice = readonly [value: string, text: string];

/** A row that can be run, with where its controls stand. */
export interface LiveRow {
  label: string;
  run: string;
  /** What the run has without the row: what a control says then is left out. */
  defaults: { readonly [name: string]: string };
  /** What the row has beyond that. */
  values: { readonly [name: string]: string };
  /** What it has beyond that, and no control is for. */
  options: { readonly [name: string]: string | number };
  args: readonly string[];
}

/** The data of a table's element. */
export interface Figures {
  columns: readonly Column[];
  controls: readonly Control[];
  /** By their places in the table; `null`: there's nothing to run. */
  rows: readonly (LiveRow | null)[];
}

/** A number that can be chosen. */
function number(
  name: string,
  label: string,
  [least, most, step]: readonly [number, number, number],
  unit = "",
  of: Control["of"] = "run",
): Control {
  return { name, label, of, kind: "number", least, most, step, unit };
}

/** One of several values of an argument, which are their own words. */
function words(name: string, ...values: string[]): Control {
  return {
    name,
    label: name,
    of: "node",
    kind: "choice",
    values: values.map((value) => [value, value]),
  };
}

const nodes = number("node-count", "nodes", [1, 50, 1]);
const latency = number("latency", "latency", [0, 500, 10], " ms");
const loss = number("p-loss", "messages lost", [0, 0.5, 0.01]);

const faults: Control = {
  name: "nemesis",
  label: "faults",
  of: "run",
  kind: "choice",
  values: [
    ["", "none"],
    ["partition", "partitions"],
    ["kill", "nodes die"],
    ["pause", "nodes freeze"],
    ["partition,kill,pause", "all three"],
  ],
};

const disk: Control = {
  name: "data-dir",
  label: "disk",
  of: "node",
  kind: "choice",
  values: [["", "none"], ["data", "one each"]],
};

const models: Control = {
  name: "consistency-models",
  label: "held to",
  of: "run",
  kind: "choice",
  values: [
    ...["read-uncommitted", "read-committed"],
    ...["snapshot-isolation", "serializable", "strict-serializable"],
  ].map((model): Choice => [model, model.replaceAll("-", " ")]),
};

/** The controls for each script's own arguments, and for what else matters there. */
const ofScript: { readonly [script: string]: readonly Control[] } = {
  unique_ids: [words("strategy", "composite", "random", "clock")],
  broadcast: [
    words("strategy", "hub", "direct", "flood"),
    number("beat-ms", "beat", [50, 3000, 10], " ms", "node"),
    words("just-in-time", "on", "off"),
    {
      name: "topology",
      label: "topology",
      of: "run",
      kind: "choice",
      values: ["grid", "line", "total", "tree2", "tree3", "tree4"]
        .map((each) => [each, each]),
    },
    disk,
  ],
  g_counter: [
    words("strategy", "totals", "cas", "gossip"),
    words("acks", "1", "2"),
    disk,
  ],
  kafka: [
    words("strategy", "replicated", "store"),
    words("acks", "1", "all"),
    disk,
  ],
  txn: [models, disk],
  txn_list_append: [models],
};

/** The defaults of arguments whose control has no first word. */
const numberDefaults: { readonly [name: string]: string } = {
  "beat-ms": "390",
};

/** Makes the data of a table's element. */
export function figuresOf({ columns, rows }: Table): Figures {
  const scripts = new Set(
    rows.flatMap((row) => "run" in row ? [runOf(row).script] : []),
  );
  const own = [...scripts].flatMap((script) => ofScript[script] ?? []);
  const controls = [...new Set(own), nodes, latency, loss, faults];
  return {
    columns,
    controls,
    rows: rows.map((row) => "run" in row ? liveRow(row, controls) : null),
  };
}

function liveRow(row: RunRow, controls: readonly Control[]): LiveRow {
  const run = runOf(row);
  const { options } = fillIn({ workload: run.workload, ...run.options });
  const nodeArgs = pairsOf(run.args ?? []);
  const ownArgs = pairsOf(row.args ?? []);
  const names = new Set(controls.map(({ name }) => name));
  const defaultOf = (control: Control): string =>
    control.of === "node" ? nodeArgs[control.name] ?? firstOf(control) : String(
      options[control.name as keyof typeof options] ?? firstOf(control),
    );
  const defaults = Object.fromEntries(
    controls.map((control) => [control.name, defaultOf(control)]),
  );
  const given = { ...row.options, ...ownArgs };
  return {
    label: row.label,
    run: row.run,
    defaults,
    values: Object.fromEntries(
      Object.entries(given).filter(([name]) => names.has(name))
        .map(([name, value]) => [name, String(value)]),
    ),
    options: Object.fromEntries(
      Object.entries(row.options ?? {}).filter(([name]) => !names.has(name)),
    ),
    args: Object.entries(ownArgs).filter(([name]) => !names.has(name))
      .flatMap(([name, value]) => [`--${name}`, value]),
  };
}

function firstOf(control: Control): string {
  return control.kind === "choice"
    ? control.values[0]![0]
    : numberDefaults[control.name] ?? String(control.least);
}

/** Reads `--name value` pairs. */
function pairsOf(args: readonly string[]): { [name: string]: string } {
  return Object.fromEntries(
    args.flatMap((arg, i) =>
      arg.startsWith("--") ? [[arg.slice(2), args[i + 1] ?? ""]] : []
    ),
  );
}

function runOf({ run: id }: RunRow): Run {
  return runs.find((run) => run.id === id)!;
}

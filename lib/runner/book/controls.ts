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
      /** The value where none is given. */
      start: number;
    }
  );

/** One of several values, and the words for it. */
export type Choice = readonly [value: string, text: string];

/** A row that can be run, with where its controls stand. */
export interface LiveRow {
  label: string;
  run: string;
  /** The run's own values, without the row: a control that says them is left out. */
  defaults: { readonly [name: string]: string };
  /** The row's values beyond those. */
  values: { readonly [name: string]: string };
  /** The row's other options, which no control is for. */
  options: { readonly [name: string]: string | number };
  args: readonly string[];
}

/** The run that a picture is of, or one like it, and what is to be seen of it. */
interface Pictured extends Omit<RunRow, "label"> {
  columns: readonly Column[];
  seed?: number;
}

const spreading = ["verdict", "lost", "msgs/op", "median", "max"] as const;
const answering = ["verdict", "available", "msgs/op", "operation max"] as const;

/** By the names of the pictures' files. */
const pictured: { readonly [name: string]: Pictured } = {
  "unique-ids": { run: "2", columns: answering },
  "broadcast-partition": { run: "3c", columns: spreading },
  "broadcast-strategies": { run: "3d", columns: spreading },
  "broadcast-trade-off": { run: "3d", columns: spreading },
  "g-counter": {
    run: "4",
    args: ["--strategy", "cas"],
    seed: 22,
    columns: answering,
  },
  "kafka": {
    run: "5c",
    options: { rate: 100 },
    columns: [...answering, "worst lag"],
  },
  "transactions": {
    run: "6c",
    options: { rate: 100, "consistency-models": "serializable" },
    columns: [...answering, "anomalies"],
  },
  "survival": {
    run: "3c",
    options: { nemesis: "kill", "nemesis-interval": 3 },
    seed: 31,
    columns: spreading,
  },
  "tree": { run: "10", columns: [...answering, "anomalies"] },
  "large-clusters": { run: "11b", columns: spreading },
};

/** Makes the data of a picture's element; `undefined` if it's of no run. */
export function figuresOfPicture(name: string): Figures | undefined {
  const { columns, seed, ...row } = pictured[name] ?? { columns: [] };
  if (!("run" in row)) return undefined;
  const figures = figuresOf({
    name,
    columns,
    rows: [{ ...row, label: "the run of the picture" }],
  });
  return { ...figures, ...seed !== undefined && { seed } };
}

/** The data of a table's element. */
export interface Figures {
  columns: readonly Column[];
  controls: readonly Control[];
  /** By their places in the table; `null`: there's nothing to run. */
  rows: readonly (LiveRow | null)[];
  /** The seed to begin with, unless that's 1. */
  seed?: number;
}

/** An option of the run that is a number. */
function number(
  name: string,
  label: string,
  [least, most, step]: Range,
  unit = "",
): Control {
  const range = { least, most, step, unit, start: least };
  return { name, label, of: "run", kind: "number", ...range };
}

/** An argument of the node that is a number, with its default. */
function argument(
  name: string,
  start: number,
  [least, most, step]: Range,
  unit = " ms",
): Control {
  const label = name.replace(/-ms$/, "");
  const range = { least, most, step, unit, start };
  return { name, label, of: "node", kind: "number", ...range };
}

type Range = readonly [least: number, most: number, step: number];

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
    argument("beat-ms", 390, [50, 3000, 10]),
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
  g_set: [words("strategy", "delta", "state"), disk],
  pn_counter: [words("strategy", "delta", "single"), disk],
  lin_kv: [
    words("reads", "index", "lease", "local"),
    argument("gather-ms", 20, [0, 100, 1]),
    disk,
  ],
  txn_list_append: [
    words("strategy", "recent", "tree", "value"),
    words("batch", "all", "one"),
    words("cache", "on", "off"),
    words("reads", "linearizable", "stale"),
    models,
  ],
  gossip: [
    words("strategy", "plumtree", "push-pull"),
    argument("beat-ms", 1000, [100, 3000, 50]),
    argument("round-ms", 200, [50, 2000, 10]),
    words("pruned-by", "probes", "values"),
  ],
  membership: [
    words("strategy", "swim", "heartbeats"),
    words("detector", "fixed", "phi"),
    argument("period-ms", 500, [100, 2000, 50]),
    argument("phi", 5, [1, 16, 0.5], ""),
    argument("helpers", 3, [0, 10, 1], ""),
    argument("suspicion", 1, [0, 10, 0.5], ""),
  ],
};

/** Makes the data of a table's element. */
export function figuresOf({ columns, rows }: Table): Figures {
  const scripts = new Set(
    rows.flatMap((row) => "run" in row ? [runOf(row).script] : []),
  );
  // Of two scripts, each has arguments of its own.
  const [script = ""] = scripts.size === 1 ? scripts : [];
  const controls = [...ofScript[script] ?? [], nodes, latency, loss, faults]
    .map((control) => withRoomFor(control, rows));
  return {
    columns,
    controls,
    rows: rows.map((row) => "run" in row ? liveRow(row, controls) : null),
  };
}

/** A control that can stand where some row of a table has it. */
function withRoomFor(control: Control, rows: Table["rows"]): Control {
  if (control.kind !== "number") return control;
  const { name, of, least, most, step } = control;
  const values = rows.flatMap((row) => {
    if (!("run" in row)) return [];
    const { options, args } = runOf(row);
    const value = of === "run"
      ? row.options?.[name] ?? options[name]
      : pairsOf([...args ?? [], ...row.args ?? []])[name];
    return value === undefined ? [] : [Number(value)];
  });
  const fits = values.every((value) => Number.isInteger(value / step));
  return {
    ...control,
    least: Math.min(least, ...values),
    most: Math.max(most, ...values),
    step: fits ? step : values.every(Number.isInteger) ? 1 : 0.001,
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
    : String(control.start);
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

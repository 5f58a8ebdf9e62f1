/**
 * The text that `--help` prints.
 *
 * @module
 */
import { furtherRuns, officialRuns, type Run } from "../../challenges/runs.ts";
import { type OptionSpec, optionSpecs } from "../workbench/options.ts";
import { workloads } from "../workbench/workloads/mod.ts";
import {
  type Command,
  type Flag,
  flags,
  isFor,
  meaninglessNames,
} from "./command_line.ts";

/** The arguments of each command, and its description. */
const texts: { [command in Exclude<Command, "help">]: [string, string] } = {
  test: [
    "-w WORKLOAD --bin PATH [options] [-- node arguments]",
    "Judges a program, by Maelstrom's own command line.",
  ],
  fuzz: [
    "[ID | WORKLOAD …] [--bin PATH] [options]",
    "Looks for runs that fail, and makes them small.",
  ],
  list: ["", "Lists all runs, with their options and limits."],
  check: ["FOLDER …", "Judges recorded runs again."],
  merge: ["FOLDER …", "Joins the results of --shard."],
  build: ["", "Compiles each challenge into a program in bin/."],
  bench: [
    "[--bin PATH]",
    "Measures the library against other echo nodes.",
  ],
  serve: [
    "[--store FOLDER] [--host ADDRESS] [--port NUMBER]",
    "Shows the store's runs in a browser.",
  ],
  figures: ["[--check]", "Computes the README's figures."],
  pictures: ["[--check]", "Draws the README's pictures."],
  book: [
    "[--serve] [--port NUMBER]",
    "Makes the walkthrough a site, in book/.",
  ],
};

/** The usage of a command, or of it all. */
export function usage(command?: Command): string {
  if (command === undefined || command === "help") return general();
  const [words, text] = texts[command];
  return [
    text,
    "",
    `  run.ts ${command} ${words}`.trimEnd(),
    "",
    ...optionLines(command),
    ...(command === "fuzz" ? ["", drawing] : []),
    ...(command === "test" ? ["", ...footer()] : []),
    ...(["check", "merge"].includes(command) ? ["", exitCodes] : []),
  ].join("\n");
}

function general(): string {
  const names = Object.keys(workloads);
  return [
    "Judges solutions of the Gossip Glomers challenges.",
    "",
    "  run.ts [ID | WORKLOAD …] [options] [-- node arguments]",
    `  run.ts test ${texts.test[0]}`,
    ...commandLines(),
    "",
    "Without an ID or WORKLOAD: every official run; with --all every run.",
    "",
    `  IDs        ${idsOf(officialRuns)},`,
    `             ${idsOf(furtherRuns)}`,
    `  WORKLOADs  ${names.slice(0, 7).join(", ")},`,
    `             ${names.slice(7).join(", ")}`,
    "",
    ...optionLines(undefined),
    "",
    ...footer(),
  ].join("\n");
}

function idsOf(some: readonly Run[]): string {
  return some.map(({ id }) => id).join(", ");
}

function commandLines(): string[] {
  return Object.entries(texts).filter(([command]) => command !== "test")
    .map(([command, [words, text]]) => {
      const short = words.startsWith("[") ? "" : ` ${words}`;
      return `  run.ts ${(command + short).padEnd(16)}${text}`;
    });
}

function footer(): string[] {
  return [
    "These options of Maelstrom's are accepted, and have no effect here:",
    ...filled(
      meaninglessNames.map((name, i) =>
        `--${name}${i < meaninglessNames.length - 1 ? "," : "."}`
      ),
      "  ",
    ),
    "",
    exitCodes,
  ];
}

const drawing =
  `What isn't given of nodes, clients, rates, times, latencies and topologies is
drawn; of faults and their probabilities, what is given is the most.`;

const exitCodes =
  `Exit codes: 0 all passed, 1 invalid or over a limit, 2 unknown, 254 bad
arguments, 255 any other failure; 130 for Ctrl-C, 143 for SIGTERM.`;

/** Options and their texts, in two columns. */
function optionLines(command: Command | undefined): string[] {
  const runOptions: Flag[] = optionSpecs.map((spec) => ({
    ...spec,
    text: spec.description +
      (hasDefault(spec, command) ? ` [${spec.default}]` : ""),
  }));
  const isBefore = ({ name }: Flag) =>
    ["workload", "bin", "engine"].includes(name);
  return [
    ...flags.filter(isBefore),
    ...runOptions,
    ...flags.filter((flag) => !isBefore(flag)),
  ].filter(({ name }) => isShown(name, command)).map(optionLine);
}

/** Tells whether an option is always the same unless it's given. */
function hasDefault(
  spec: OptionSpec,
  command: Command | undefined,
): boolean {
  return spec.default !== undefined &&
    (command !== "fuzz" || spec.name === "seed");
}

/** Tells whether the usage of a command has a line for an option. */
function isShown(name: string, command: Command | undefined): boolean {
  if (!isFor(name, command)) return false;
  const runs = command === undefined || command === "test";
  if (name === "engine") return runs;
  if (name === "store") {
    return runs || ["fuzz", "serve", "merge"].includes(command);
  }
  return name !== "version" || command === undefined;
}

function optionLine({ name, short, argument = "", text }: Flag): string {
  const left = `${short ? `-${short},` : "   "} --${name} ${argument}`;
  return `  ${left.padEnd(34)}${text.replaceAll("\n", `\n${" ".repeat(36)}`)}`;
}

/** Words, as many in a line of 80 characters as there is room for. */
export function filled(words: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > 80) {
      lines.push(indent + word);
    } else lines[lines.length - 1] += ` ${word}`;
  }
  return lines;
}

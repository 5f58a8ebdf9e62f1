/**
 * Repeats a case from a file.
 *
 * @module
 */
import { BadOption } from "../workbench/mod.ts";
import { argsOf, readCase } from "./cases.ts";
import { type CommandLine, isForMaelstrom } from "./command_line.ts";

/**
 * Has a command line repeat the case that it names, of what that was, or of a
 * `--bin`.
 *
 * @throws {BadOption} if it can't be read, or something else is asked for, too.
 */
export async function withCase(line: CommandLine): Promise<CommandLine> {
  const { replay: path, words, workload, nodeArgs } = line;
  if (path === undefined) return line;
  if (isForMaelstrom(line.engine)) {
    throw new BadOption(
      `--replay ${path} repeats a case on the workbench: leave --engine out.`,
    );
  }
  const file = await readCase(path);
  const { id, bin, schedule } = file;
  const { workload: own, seed = 1, ...given } = file.options;
  const word = [...words, ...workload === undefined ? [] : [workload]]
    .find((word) => ![id, own].includes(word.toLowerCase()));
  const [option = line.seeds.length > 1 ? "seeds" : undefined] = Object.keys(
    line.given,
  );
  const other = option === undefined
    ? word
    : option === "seeds"
    ? "--seeds, or --test-count"
    : `--${option}`;
  if (other !== undefined) {
    throw new BadOption(
      `--replay ${path} repeats a case of ${id}, with options of its own: leave out ${other}.`,
    );
  }
  return {
    ...line,
    words: [own],
    caseOf: id,
    bin: line.bin ?? bin,
    nodeArgs: [...argsOf(file, line.bin, nodeArgs)],
    given,
    // Another seed has other latencies, and nodes that draw something else.
    ...!line.isSeedGiven && { seeds: { first: seed, length: 1 } },
    ...schedule && { schedule },
  };
}

/** Says that a case isn't repeated as it was, if it's judged in real time. */
export function loosely(
  path: string | undefined,
  engine: string,
): string | undefined {
  return path === undefined || engine === "sim"
    ? undefined
    : `${path} is repeated over pipes, in real time: nothing happens at quite the same moment as in virtual time, and what failed there may pass.`;
}

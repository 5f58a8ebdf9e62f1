/**
 * The README, for tests of what it shows.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { root } from "./cli.ts";

/** All of it. */
export const readme: string = await Deno.readTextFile(`${root}README.md`);

/** The code block that follows a text. */
export function blockAfter(text: string): string {
  const at = readme.indexOf(text);
  if (at === -1) throw new Error(`the README has no ${text}`);
  const start = readme.indexOf("\n", readme.indexOf("```", at)) + 1;
  return readme.slice(start, readme.indexOf("```", start));
}

/**
 * Holds the row of a table that begins with some cells to the rest of them. With
 * UPDATE=1 in the environment it writes that into the README.
 */
export async function assertRow(
  first: readonly string[],
  rest: readonly string[],
): Promise<void> {
  const text = await Deno.readTextFile(`${root}README.md`);
  const lines = text.split("\n");
  const place = lines.findIndex((line) => {
    const cells = cellsOf(line);
    return first.every((cell, i) => cells[i] === cell);
  });
  if (place < 0) {
    throw new Error(`the README has no row for ${first.join(", ")}`);
  }
  if (Deno.env.get("UPDATE") === "1") {
    const row = `| ${[...first, ...rest].join(" | ")} |`;
    await Deno.writeTextFile(
      `${root}README.md`,
      lines.with(place, row).join("\n"),
    );
    return;
  }
  assertEquals(cellsOf(lines[place]!), [...first, ...rest]);
}

function cellsOf(line: string): string[] {
  return line.startsWith("|")
    ? line.split("|").slice(1, -1).map((cell) => cell.trim())
    : [];
}

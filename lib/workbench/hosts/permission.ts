/**
 * Advice on permissions. Deno's own, to give one by a flag, is for the runner's
 * command line, which changes nothing for a node.
 *
 * @module
 */

/** Puts what gives a node a permission in the place of Deno's advice. */
export function advisedOnPermission(text: string): string {
  return text.replace(
    /(Requires [\w-]+ access\b.*), run again with the (--allow-[\w-]+) flag\.?/,
    (_, what, flag) =>
      `${what}. A node runs without permissions, but for those in its first line: #!/usr/bin/env -S deno run ${flag} and chmod +x give it this one.`,
  );
}

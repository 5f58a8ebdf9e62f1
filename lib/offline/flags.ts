/**
 * Prints the flag that makes Deno use the stand-ins beside this file for the
 * `@std` packages, if JSR can't be reached; otherwise prints nothing. For tasks:
 *
 *     deno run $(deno run --quiet --no-config lib/offline/flags.ts) main.ts
 *
 * It needs no permission: Deno's own module loader does the trying, of those
 * modules alone that a program needs. `--tests` adds those for tests. A number
 * is how long JSR may take, in milliseconds.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import map from "./import_map.json" with { type: "json" };

const [patienceMs = 8000] = Deno.args.filter((arg) => /^\d+$/.test(arg))
  .map(Number);

const packages = Object.entries(config.imports)
  .filter(([, specifier]) => specifier.startsWith("jsr:"));

/** The modules imported from JSR: `jsr:@std/async@^1.5.0/pool`. */
const modules = Object.keys(map.imports).flatMap((name) =>
  packages.filter(([each]) => name === each || name.startsWith(`${each}/`))
    .map(([each, specifier]) => name.replace(each, specifier))
).filter((name) =>
  Deno.args.includes("--tests") || !name.startsWith("jsr:@std/assert@")
);

const reached = await Promise.race([
  // Not written out as literals, which Deno would load before this runs.
  Promise.all(modules.map((specifier) => import(specifier)))
    .then(() => true, () => false),
  // It may never answer.
  new Promise<false>((resolve) => setTimeout(resolve, patienceMs, false)),
]);

if (!reached) {
  const columns = Deno.stderr.isTerminal() && Deno.consoleSize().columns || 80;
  const text =
    "JSR can't be reached: using the stand-ins in lib/offline for @std packages";
  console.error(
    text.replaceAll(new RegExp(`(.{1,${columns}})( |$)`, "g"), "$1\n")
      .trimEnd(),
  );
  // A URL, because the shell would split a path that has a space in it.
  console.log(`--import-map=${import.meta.resolve("./import_map.json")}`);
}
// Loads still under way would keep the process alive.
Deno.exit();

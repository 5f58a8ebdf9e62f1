/**
 * Prints the flag that makes Deno use the stand-ins beside this file for the
 * `@std` packages, if JSR can't be reached; otherwise prints nothing. For tasks:
 *
 *     deno run $(deno run --quiet --no-config lib/offline/flags.ts) main.ts
 *
 * It needs no permission: Deno's own module loader does the trying.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** How long JSR may take, in milliseconds: it may never answer. */
const PATIENCE = 8000;

const packages = Object.values(config.imports)
  .filter((specifier) => specifier.startsWith("jsr:"));

const reached = await Promise.race([
  // Not written out as literals, which Deno would load before this runs.
  Promise.all(packages.map((specifier) => import(specifier)))
    .then(() => true, () => false),
  new Promise<false>((resolve) => setTimeout(resolve, PATIENCE, false)),
]);

if (!reached) {
  console.error(
    "JSR can't be reached: using the stand-ins in lib/offline for @std packages",
  );
  // A URL, because the shell would split a path that has a space in it.
  console.log(`--import-map=${import.meta.resolve("./import_map.json")}`);
}
// Loads still under way would keep the process alive.
Deno.exit();

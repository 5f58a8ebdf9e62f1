import { assertEquals } from "@std/assert";
import { advisedOnPermission } from "../../../lib/workbench/hosts/permission.ts";

const refusal =
  'Requires read access to "./d", run again with the --allow-read flag';
const advice =
  'Requires read access to "./d". A node runs without permissions, but for those in its first line: #!/usr/bin/env -S deno run --allow-read and chmod +x give it this one.';

Deno.test("what Deno advises becomes what a node can do, within a sentence or at its end", () => {
  assertEquals(advisedOnPermission(refusal), advice);
  assertEquals(
    advisedOnPermission(`It can't be read: ${refusal}. Let it.`),
    `It can't be read: ${advice} Let it.`,
  );
});

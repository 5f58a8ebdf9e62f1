import { assertEquals, assertStringIncludes } from "@std/assert";
import { oldestDeno, tooOld } from "../../lib/runner/deno_version.ts";
import { readme } from "../readme.ts";

Deno.test("a Deno that is too old is told how to be newer", () => {
  for (const version of ["1.46.3", "2.6.7", "2.7.14", "2.8.3"]) {
    assertEquals(
      tooOld(version),
      `This takes Deno 2.9.0 or newer, and here is ${version}. "deno upgrade" gets the newest; so does "npx -y deno@latest" in the place of "deno".`,
    );
  }
  for (
    const version of [oldestDeno, "2.9.10", "2.9.6", "2.10.0", "3.0.0-rc.1"]
  ) {
    assertEquals(tooOld(version), undefined, version);
  }
  assertEquals(tooOld(Deno.version.deno), undefined);
});

Deno.test("the README says how old it may be", () => {
  assertStringIncludes(
    readme.replaceAll("\n", " "),
    `If you have Deno ${oldestDeno} or newer, type \`deno task run\``,
  );
});

import { assertEquals } from "@std/assert";
import {
  inFiles,
  placeIn,
  withPlace,
} from "../../../lib/workbench/hosts/places.ts";

const places = {
  files: ["file:///nodes/a%20b.ts", "file:///nodes/c.ts"],
  lines: Uint32Array.of(0, 0, 0, 7, 1, 2),
};

Deno.test("a trace names the program's files, whoever wrote it", () => {
  const named = (place: string) => inFiles(`at f (${place})`, places);
  for (const name of ["$program", "$program, <anonymous>"]) { // V8's, Deno's
    assertEquals(named(`${name}:5:9`), "at f (file:///nodes/a%20b.ts:7)");
    assertEquals(named(`${name}:6:1`), "at f (file:///nodes/c.ts:2)");
  }
  for (const line of [0, 1, 4, 7, 999]) { // what comes from no file
    assertEquals(named(`$program:${line}:1`), `at f ($program:${line}:1)`);
  }
});

Deno.test("the place of an error is the first that isn't the library's", () => {
  const library = import.meta.resolve("../../../lib/node.ts");
  assertEquals(
    placeIn(`Error: x
    at Node.#handle (${library}:665:22)
    at ext:core/01_core.js:427:7
    at f (file:///nodes/a%20b.ts:7)
    at file:///nodes/c.ts:4:49`),
    "a%20b.ts:7",
  );
  assertEquals(placeIn("    at file:///nodes/c.ts:4:49"), "c.ts:4");
  for (
    const none of [
      `    at f (${library}:1:2)`,
      "file:///c.ts:1",
      "at file:1",
      "",
    ]
  ) {
    assertEquals(placeIn(none), undefined);
  }
});

Deno.test("what a handler threw has the place that the log knows", () => {
  const log = `handler of "add" threw: x
    at g (ext:core/01_core.js:4)
handler of "add" threw: TypeError: no $& here
    at f (file:///nodes/c.ts:4:49)
handler of "add" threw: RangeError: far
    at f (file:///nodes/c.ts:5)`;
  for (const kind of ["crash:", "error 13 (crash):", "indeterminate:"]) {
    assertEquals(
      withPlace(`it ended in ${kind} no $& here. Well?`, log),
      `it ended in ${kind} no $& here (at c.ts:4). Well?`,
    );
    assertEquals(withPlace(`${kind} far`, log), `${kind} far (at c.ts:5)`);
  }
  for (const other of ["crash: x", "crash: near", "abort: far"]) {
    assertEquals(withPlace(other, log), other);
  }
});

import { assertEquals } from "@std/assert";
import {
  inFiles,
  placeIn,
  withPlace,
} from "../../../lib/workbench/hosts/places.ts";

const places = {
  files: ["file:///nodes/a%20b.ts", "file:///nodes/c.ts"],
  starts: Uint32Array.of(0, 10, 20, 30),
  marks: Uint32Array.of(...[10, 0, 7], ...[15, 1, 2], ...[20, 1, 0], 25, 2, 0),
};

Deno.test("a trace names the program's files, whoever wrote it", () => {
  const named = (place: string) => inFiles(`at f (${place})`, places);
  for (const name of ["$program", "$program, <anonymous>"]) { // V8's, Deno's
    for (const column of [1, 5]) {
      assertEquals(
        named(`${name}:5:${column}`),
        "at f (file:///nodes/a%20b.ts:7)",
      );
    }
    for (const column of [6, 10]) {
      assertEquals(named(`${name}:5:${column}`), "at f (file:///nodes/c.ts:2)");
    }
    assertEquals(named(`${name}:6:1`), "at f (file:///nodes/c.ts)");
  }
  // What comes from no file.
  for (const place of ["0:1", "1:1", "4:9", "6:6", "7:1", "8:1", "999:1"]) {
    assertEquals(named(`$program:${place}`), `at f ($program:${place})`);
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
    "a b.ts:7",
  );
  assertEquals(
    placeIn("    at async g (file:///a(1)/b).ts:4:49)"),
    "b).ts:4",
  );
  assertEquals(placeIn("    at file:///100%.ts:4"), "100%.ts:4");
  assertEquals(placeIn("    at file:///my (1).ts:4:49"), "my (1).ts:4"); // Deno's
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

Deno.test("what a handler threw may have any name, and be more than a line", () => {
  const log = `handler of "add" threw: nothing that has a trace
handler of "add" threw: E.Bad one: a
b: c
    at f (file:///nodes/c.ts:4:49)
handler of "add" threw: TypeError: far
    at f (file:///nodes/c.ts:5)
handler of "add" threw: TypeError: far. Away
    at f (file:///nodes/c.ts:6)`;
  for (
    const [message, line] of [["a\nb: c", 4], ["far", 5], ["far. Away", 6]]
  ) {
    assertEquals(
      withPlace(`crash: ${message}`, log),
      `crash: ${message} (at c.ts:${line})`,
    );
  }
  assertEquals(withPlace("crash: far away", log), "crash: far away");
});

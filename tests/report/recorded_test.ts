/**
 * Recorded runs: a folder may hold anything. Either there is a verdict, or an
 * error in words that names the file.
 *
 * @module
 */
import {
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { BadOption } from "../../lib/workbench/options.ts";
import { checkRecorded } from "../../lib/report/recorded.ts";
import { tempDir } from "../temp.ts";

const run = { workload: "unique-ids", options: { rate: 100 } };

const handedOut = (id: string) =>
  [
    '{"index":0,"time":0,"process":0,"type":"invoke","f":"generate","value":null}',
    `{"index":1,"time":1,"process":0,"type":"ok","f":"generate","value":${id}}`,
  ].join("\n");

interface Files {
  run?: unknown;
  history?: string;
  packed?: Uint8Array<ArrayBuffer>;
  record?: string;
  results?: unknown;
}

/** Writes a folder and judges it. */
async function checkFolder(
  { run: about = run, history, packed, record, results }: Files,
) {
  const folder = tempDir();
  if (about !== null) {
    const text = typeof about === "string" ? about : JSON.stringify(about);
    await Deno.writeTextFile(`${folder}/run.json`, text);
  }
  if (history !== undefined) {
    await Deno.writeTextFile(`${folder}/history.jsonl`, history);
  }
  if (record !== undefined) {
    await Deno.writeTextFile(`${folder}/record.json`, record);
  }
  if (results !== undefined) {
    await Deno.writeTextFile(
      `${folder}/results.json`,
      JSON.stringify(results),
    );
  }
  if (packed) await Deno.writeFile(`${folder}/history.jsonl.gz`, packed);
  return await checkRecorded(folder);
}

/** Returns the words for a folder that can't be judged. */
async function errorOf(files: Files): Promise<string> {
  const { message } = await assertRejects(() => checkFolder(files), BadOption);
  assertMatch(message, /\/(run\.json|history\.jsonl|record\.json)/); // which file it is
  return message;
}

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}

/** So many bytes, packed; they are never there all at once. */
async function gzipOf(line: string, bytes: number) {
  const chunk = new TextEncoder().encode(line.repeat(1_000_000 / line.length));
  const stream = ReadableStream.from((function* () {
    for (let left = bytes; left > 0; left -= chunk.length) yield chunk;
  })()).pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}

Deno.test("a history is read whatever its lines end with, packed or not", async () => {
  for (const id of ["7", '"a"', "1.50", "[[[]]]"]) {
    const text = handedOut(id);
    for (
      const history of [
        text,
        `${text}\n`,
        `${text.replaceAll("\n", "\r\n")}\r\n`,
        `\ufeff${text}`,
        `\n\n${text}\n \n`,
      ]
    ) {
      assertEquals((await checkFolder({ history }))["valid?"], true, history);
    }
    const packed = await gzip(text);
    assertEquals((await checkFolder({ packed }))["valid?"], true);
  }
});

Deno.test("lines may come in any number of pieces", async () => {
  const id = JSON.stringify("é".repeat(300_000));
  const { workload } = await checkFolder({ history: handedOut(id) });
  assertEquals(workload.range, [JSON.parse(id), JSON.parse(id)]);
});

Deno.test("of an empty history nothing was judged", async () => {
  for (const history of ["", "\n", "\r\n\r\n"]) {
    const found = await checkFolder({ history });
    assertEquals(found["valid?"], "unknown");
    assertEquals(found.reason, "nothing was judged: the history is empty");
  }
});

Deno.test("a line that isn't an operation is an error with its number", async () => {
  const text = handedOut("7");
  for (
    const [history, words] of [
      ["null", "Line 1"],
      [`${text}\nnull`, "Line 3"],
      [`\n5\n${text}`, "Line 2"],
      ["[]", "isn't an operation: []"],
      ['"text"', 'isn\'t an operation: "text"'],
      [text.slice(0, -5), "Line 2"],
      ["{", "isn't JSON"],
      [handedOut(`${"[".repeat(100_000)}${"]".repeat(100_000)}`), "Line 2"],
      [handedOut(`${"[".repeat(2000)}1.5${"]".repeat(2000)}`), "1000 deep"],
      [handedOut("[".repeat(100_000)), "Line 2"],
    ] as const
  ) {
    assertStringIncludes(await errorOf({ history }), words);
  }
});

Deno.test("an entry that is none makes it unknown, and says what is missing", async () => {
  const [invoke = "", ok = ""] = handedOut("7").split("\n");
  for (
    const [history, words] of [
      ["{}", "entry 0 of the history has no index"],
      [ok, "has the index 1: something is missing"],
      [`${invoke}\n${invoke}`, "has the index 0"],
      [invoke.replace('"time":0,', ""), "entry 0 of the history has no time"],
    ] as const
  ) {
    const found = await checkFolder({ history });
    assertEquals(found["valid?"], "unknown");
    assertStringIncludes(found.reason!, words);
  }
});

Deno.test("an error that is null is none", async () => {
  const [invoke = "", ok = ""] = handedOut("null").split("\n");
  const fail = ok.replace('"ok"', '"fail"').replace(/}$/, ',"error":null}');
  const { reason } = await checkFolder({ history: `${invoke}\n${fail}` });
  assertStringIncludes(reason!, "ended in fail: no reason is known");
});

Deno.test("a packed history may consist of several that were joined", async () => {
  const [invoke = "", ok = ""] = handedOut("7").split("\n");
  const packed = [await gzip(`${invoke}\n`), await gzip(`${ok}\n`)];
  const { "valid?": valid } = await checkFolder({
    packed: new Uint8Array([...packed[0]!, ...packed[1]!]),
  });
  assertEquals(valid, true);
});

Deno.test("a packed history that is broken is an error in words", async () => {
  const whole = await gzip(handedOut("7"));
  for (
    const packed of [
      new TextEncoder().encode("hello"),
      whole.slice(0, -12),
      new Uint8Array([...whole.slice(0, 20), 1, 2, 3, ...whole.slice(23)]),
    ]
  ) {
    assertStringIncludes(await errorOf({ packed }), "can't be unpacked");
  }
});

Deno.test("what unpacks to far more than it is, is read no further than need be", async () => {
  const zeros = await gzipOf("0", 100_000_000);
  assertLess(zeros.length, 200_000);
  assertStringIncludes(await errorOf({ packed: zeros }), "a line of more than");
  const empty = await gzipOf("\n", 6_000_000);
  assertStringIncludes(await errorOf({ packed: empty }), "million lines");
  const objects = await gzipOf("{}\n ", 100_000_000);
  assertEquals((await checkFolder({ packed: objects }))["valid?"], "unknown");
});

Deno.test("a run.json that says nothing is an error in words", async () => {
  const history = handedOut("7");
  for (
    const [about, words] of [
      [null, "run.json doesn't exist"],
      ["{", "isn't JSON"],
      ["", "isn't JSON"],
      ["null", "names no workload"],
      [[], "names no workload"],
      [{}, "names no workload"],
      [{ workload: 5 }, "names no workload"],
      [{ workload: "uniqe-ids" }, "did you mean unique-ids?"],
      [{ workload: "__proto__" }, "There is no workload"],
      [{ ...run, options: [] }, "options that aren't an object"],
      [{ ...run, options: null }, "options that aren't an object"],
      [{ ...run, options: { rat: 5 } }, "did you mean rate?"],
      [{ ...run, options: { rate: "x" } }, "--rate must be"],
      [{ ...run, options: { rate: { toString: 1 } } }, '"rate" can\'t be'],
      [{ ...run, options: { "node-count": 1e9 } }, "--node-count must be"],
      [
        `{"workload":"echo","options":{"rate":${"[".repeat(99_999)}${
          "]".repeat(99_999)
        }}}`,
        "names no workload",
      ],
      [`${JSON.stringify(run)}${" ".repeat(2_000_000)}`, "million characters"],
    ]
  ) {
    const message = await errorOf({ run: about, history });
    assertStringIncludes(message, words as string);
    assertStringIncludes(message, "/run.json");
  }
});

Deno.test("an empty name is no folder, and not that of the whole system", async () => {
  const { message } = await assertRejects(() => checkRecorded(""), BadOption);
  assertEquals(message, "An empty name is no folder.");
});

Deno.test("what should be a file may be a folder, or not be there", async () => {
  assertStringIncludes(await errorOf({}), "history.jsonl doesn't exist");
  const folder = tempDir();
  await Deno.mkdir(`${folder}/run.json`);
  await assertRejects(
    () => checkRecorded(folder),
    BadOption,
    `${folder}/run.json isn't a file`,
  );
});

Deno.test("what lies in a run, around it, or instead of it, is told from one", async () => {
  const store = tempDir();
  const folder = `${store}/echo/latest`;
  await Deno.mkdir(`${folder}/node-logs`, { recursive: true });
  await Deno.writeTextFile(`${folder}/run.json`, JSON.stringify(run));
  await Deno.writeTextFile(`${folder}/history.jsonl`, handedOut("7"));
  await Deno.writeTextFile(`${store}/notes`, "");
  const jepsen = `${store}/g-set`;
  await Deno.mkdir(jepsen);
  await Deno.writeTextFile(`${jepsen}/test.jepsen`, "");
  const part =
    `is a part of a recorded run, which is judged as a whole: check ${folder}.`;
  for (
    const [path, words] of [
      [`${folder}/history.jsonl`, part],
      [`${folder}/run.json/`, part],
      [`${folder}/node-logs`, part],
      [`${folder}/node-logs/n0.log`, part],
      [`${store}/echo`, `The newest there is ${folder}.`],
      [`${store}/notes`, "notes is a file: a recorded run is a folder"],
      [store, `${store}/run.json doesn't exist: a recorded run is a folder`],
      [jepsen, `${jepsen} is a folder of Maelstrom's own`],
    ] as const
  ) {
    await assertRejects(() => checkRecorded(path), BadOption, words);
  }
});

/** A value that was acknowledged, and that the last read doesn't show. */
const lost = [
  ["invoke", "broadcast", 1],
  ["ok", "broadcast", 1],
  ["invoke", "read", null],
  ["ok", "read", []],
].map(([type, f, value], index) =>
  JSON.stringify({ index, time: index, process: 0, type, f, value })
).join("\n");

Deno.test("a run that was late when it was recorded is judged as it was then", async () => {
  const lateBy = async (ms: unknown) => {
    const found = await checkFolder({
      run: { workload: "broadcast" },
      history: lost,
      record: JSON.stringify({
        lateness: { "max-message-ms": ms, "max-timer-ms": 0 },
      }),
    });
    return [found["valid?"], found.reason?.split(".")[0]];
  };
  assertEquals(await lateBy(9000), [
    "unknown",
    "this machine couldn't keep up: messages were up to 9 s late",
  ]);
  for (const ms of [20, -1, "9000", null, [9000]]) {
    assertEquals((await lateBy(ms))[0], false);
  }
});

Deno.test("a record that says nothing of lateness changes nothing; one that isn't JSON is named", async () => {
  for (
    const record of ["{}", "null", "[]", '{"lateness":7}', "[".repeat(1e5)]
  ) {
    const found = await checkFolder({ history: handedOut("7"), record });
    assertEquals(found["valid?"], true);
  }
  assertStringIncludes(
    await errorOf({ history: handedOut("7"), record: "{" }),
    "record.json isn't JSON.",
  );
});

/** Nobody answered. */
const silent = [["invoke", null], ["info", "net-timeout"]]
  .map(([type, error], index) =>
    JSON.stringify({
      ...{ index, time: index, process: 0, type, f: "broadcast", value: 1 },
      ...(error && { error }),
    })
  ).join("\n");

Deno.test("a node that crashed in the recorded run isn't asked whether its handler returns", async () => {
  const text = "n2 exited with code 3 in the middle of the run.";
  const crashed = {
    nodes: { "valid?": false, errors: [{ node: "n2", text }] },
  };
  const broadcast = { run: { workload: "broadcast" }, history: silent };
  for (const record of [undefined, JSON.stringify({ reason: text })]) {
    const found = await checkFolder({ ...broadcast, record, results: crashed });
    assertEquals([found["valid?"], found.reason], [false, text]);
  }
  // What a node did wrong makes a run invalid whose history is sound.
  const found = await checkFolder({
    history: handedOut("7"),
    results: crashed,
  });
  assertEquals([found["valid?"], found.reason], [false, text]);
  const other = { nodes: { "valid?": true, errors: [] } };
  const { reason } = await checkFolder({ ...broadcast, results: other });
  assertStringIncludes(reason!, "Does the handler return");
  // What the run itself knew of the silence is in its record.
  const known = `${
    reason!.split("Does the handler")[0]
  }n0 has sent c2 a message that answers nothing`;
  const record = JSON.stringify({ reason: known });
  assertEquals((await checkFolder({ ...broadcast, record })).reason, known);
});

Deno.test("results that say nothing of nodes change nothing", async () => {
  for (
    const results of [
      ...[{}, null, [], { nodes: 7 }, { nodes: { "valid?": false } }],
      { nodes: { "valid?": "maybe", errors: [] } },
    ]
  ) {
    const found = await checkFolder({ history: handedOut("7"), results });
    assertEquals(found["valid?"], true);
  }
});

Deno.test("a run that is over a limit stays so, by its record", async () => {
  const history = handedOut("7");
  const over = (within: unknown) =>
    JSON.stringify({
      reason: "msgs/op is 27, and has to be below 20",
      limits: [{ label: "msgs/op", within }, null, "max"],
    });
  const found = await checkFolder({ history, record: over(false) });
  assertEquals(found["valid?"], true);
  assertEquals(found.limits, [{ label: "msgs/op", within: false }]);
  assertEquals(found.reason, "msgs/op is 27, and has to be below 20");
  const within = await checkFolder({ history, record: over(true) });
  assertEquals([within.limits, within.reason], [undefined, undefined]);
  assertEquals(
    (await checkFolder({ history, record: '{"limits": 7}' })).limits,
    undefined,
  );
});

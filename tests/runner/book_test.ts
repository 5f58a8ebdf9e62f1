/**
 * The book: the README's chapters as a site, with figures and programs that are
 * judged in the reader's browser.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import axe from "axe-core";
import { tables } from "../../challenges/figures.ts";
import { runs } from "../../challenges/runs.ts";
import { tryArguments } from "../../lib/runner/arguments.ts";
import { book, handlerOf } from "../../lib/runner/book.ts";
import {
  chaptersOf,
  placesOf,
  slugOf,
} from "../../lib/runner/book/chapters.ts";
import { figuresOf, figuresOfPicture } from "../../lib/runner/book/controls.ts";
import {
  type Exercise,
  exercises,
  programOfExercise,
} from "../../lib/runner/book/exercises.ts";
import { namesOf } from "../../lib/runner/book/names.ts";
import { contentType } from "../../lib/runner/book/types.ts";
import { format } from "../../lib/runner/book/web/node/util.ts";
import { plainData } from "../../lib/runner/book/web/posting.ts";
import { judgeProgram, type Told } from "../../lib/runner/book/web/program.ts";
import { fragmentOf, sharedIn } from "../../lib/runner/book/web/shared.ts";
import type { PageData } from "../../lib/report/page/data.ts";
import { leftOutText } from "../../lib/report/page/fit.ts";
import { chromium, type Tab, withTab } from "../browser.ts";
import { root } from "../cli.ts";
import { some } from "../some.ts";
import { tempDir } from "../temp.ts";

const readme = await Deno.readTextFile(`${root}README.md`);

Deno.test("chapters begin at headings, but not at comments of code", () => {
  const chapters = chaptersOf(
    "# Book\nintro\n## Look\n## 1. One\ntext\n```sh\n## a comment\n```\n### Below\n## More\n",
  );
  assertEquals(
    chapters.map(({ slug, part }) => `${part}: ${slug}`),
    ["start: index", "start: look", "chapters: 1-one", "more: more"],
  );
  assertEquals([...placesOf(chapters)], [
    ["book", "index.html"],
    ["look", "look.html"],
    ["1-one", "1-one.html"],
    ["below", "1-one.html#below"],
    ["more", "more.html"],
  ]);
});

Deno.test("headings have the names that GitHub gives them", () => {
  assertEquals(
    slugOf("3d, 3e: every message counts"),
    "3d-3e-every-message-counts",
  );
});

Deno.test("each control of a table is one of its runs' options, or an argument that its node takes", async () => {
  for (const table of tables) {
    const { controls, rows } = figuresOf(table);
    for (const row of rows) {
      if (row === null) continue;
      const { app, args = [] } = runs.find(({ id }) => id === row.run)!;
      for (const { name, of, ...control } of controls) {
        if (of !== "node" || !(name in row.values)) continue;
        const values = control.kind === "choice"
          ? control.values.map(([value]) => value)
          : [String(control.least), String(control.most)];
        for (const value of values.filter((each) => each !== "")) {
          await tryArguments(app, [...args, `--${name}`, value], row.run);
        }
      }
    }
  }
});

Deno.test("a row's controls stand where the row's command says", () => {
  const table = tables.find(({ name }) => name === "broadcast-3d-3e")!;
  const { rows } = figuresOf(table);
  const row = rows.find((each) => each?.label === "hub, a beat of 1000 ms")!;
  assertEquals(
    [row.run, row.values, row.defaults["beat-ms"], row.defaults.nemesis],
    ["3e", { "beat-ms": "1000" }, "1350", ""],
  );
});

Deno.test("each control can stand where any row of its table has it", () => {
  for (const table of tables) {
    const { controls, rows } = figuresOf(table);
    assertEquals(
      new Set(controls.map(({ name }) => name)).size,
      controls.length,
      table.name,
    );
    for (const row of rows.filter((row) => row !== null)) {
      for (const { name, ...control } of controls) {
        const value = row.values[name] ?? row.defaults[name];
        const fits = control.kind === "choice"
          ? control.values.some(([each]) => each === value)
          : Number(value) >= control.least && Number(value) <= control.most &&
            Math.abs(
                Number(value) / control.step -
                  Math.round(Number(value) / control.step),
              ) < 1e-9;
        assertEquals(
          fits,
          true,
          `${table.name}: ${row.label}: ${name} ${value}`,
        );
      }
    }
  }
});

Deno.test("each picture of the walkthrough is of a run that can be changed", () => {
  const names = [...readme.matchAll(/challenges\/pictures\/(.*?)\.svg/g)]
    .map(([, name = ""]) => name);
  assertEquals(
    names.filter((name) => figuresOfPicture(name) === undefined),
    ["workbench"],
  );
});

Deno.test("the editor knows the library's names", () => {
  const names = namesOf(JSON.stringify({
    nodes: {
      "file:///mod.ts": {
        symbols: [{
          name: "Node",
          declarations: [{
            name: "Node",
            kind: "class",
            jsDoc: { doc: "One node\nof many.\n\nMore." },
            def: {
              methods: [{
                name: "send",
                kind: "method",
                functionDef: {
                  params: [
                    { kind: "identifier", name: "dest" },
                    { kind: "identifier", name: "body", optional: true },
                  ],
                },
              }],
            },
          }],
        }],
      },
    },
  }));
  assertEquals(names, [
    { name: "Node", kind: "class", doc: "One node of many." },
    {
      name: "send",
      kind: "method",
      doc: "",
      of: "Node",
      parameters: "(dest, body?)",
    },
  ]);
});

Deno.test("console.log writes in a browser what it writes in Deno", () => {
  assertEquals(
    [
      format("%s is %d", "a", "7", { b: 1 }),
      format(new Set([1])),
      format("100%", null, undefined),
      format(),
    ],
    ['a is 7 {"b":1}', "Set(1) [1]", "100% null undefined", ""],
  );
});

Deno.test("files have their types", () => {
  assertEquals(
    ["a.js", "b/c.svg", "library.js.txt"].map(contentType),
    ["text/javascript", "image/svg+xml", "text/plain"]
      .map((type) => `${type}; charset=utf-8`),
  );
});

/** The mends of the exercises, as a reader may make them. */
const mends: { [program: string]: [from: string, to: string][] } = {
  "1_echo": [
    [
      '() => ({ type: "echo_ok", echo: "hello" })',
      '({ body }) => ({ type: "echo_ok", echo: body.echo })',
    ],
  ],
  "2_unique_ids": [["`${count++}`", "`${node.id}-${count++}`"]],
  "3_broadcast": [[
    'node.send(peer, { type: "tell", value });',
    `node.rpc(peer, { type: "tell", value }, { timeoutMs: 1000 })
      .catch(() => tell(peer, value));`,
  ]],
  "4_grow_only_counter": [
    [
      "totals.set(id, total)",
      "totals.set(id, Math.max(total, totals.get(id) ?? 0))",
    ],
    [
      '  node.on("read"',
      `  node.every(1000, () => {
    for (const peer of node.peers) {
      node.send(peer, { type: "totals", totals: [...totals] });
    }
  });
  node.on("read"`,
    ],
    [
      "value: totals.get(node.id) ?? 0",
      "value: [...totals.values()].reduce((sum, total) => sum + total, 0)",
    ],
  ],
  "5_kafka_style_log": [
    [
      'node.on("send", ({ body: { key, msg } }) => {',
      `const ownerOf = (key: string) =>
    node.nodeIds[Number(key) % node.nodeIds.length]!;
  node.on("send", ({ body: { key, msg } }) => {
    if (ownerOf(key) !== node.id) {
      return node.rpc(ownerOf(key), { type: "send", key, msg });
    }`,
    ],
    ['"poll", ({ body', '"poll", async ({ body'],
    [
      "Object.entries(offsets)) {\n      msgs[key]",
      `Object.entries(offsets)) {
      if (ownerOf(key) !== node.id) {
        const offsets = { [key]: from };
        const answer = await node.rpc(ownerOf(key), { type: "poll", offsets });
        Object.assign(msgs, answer.msgs);
        continue;
      }
      msgs[key]`,
    ],
  ],
  "6_totally_available_transactions": [
    [
      "const txn = body",
      "const last = new Map<number, number>();\n    const txn = body",
    ],
    [
      "tellAll(key, value);\n      return",
      "last.set(key, value);\n      return",
    ],
    [
      'return { type: "txn_ok", txn };',
      'for (const [key, value] of last) tellAll(key, value);\n    return { type: "txn_ok", txn };',
    ],
  ],
  "7_what_if_they_die": [
    [
      '"broadcast", ({ body }) => {',
      '"broadcast", async ({ body }) => {\n    disk.append(body.message);\n    await disk.sync();',
    ],
    [
      '"tell", ({ body }) => {',
      '"tell", async ({ body }) => {\n    disk.append(body.value);\n    await disk.sync();',
    ],
  ],
  "8_sets_and_counters": [
    [
      "totals.set(node.id, (totals.get(node.id) ?? 0) + delta);",
      `const name = node.id + (delta < 0 ? "-" : "+");
    totals.set(name, (totals.get(name) ?? 0) + Math.abs(delta));`,
    ],
    [
      "for (const total of totals.values()) value += total;",
      `for (const [name, total] of totals) {
      value += name.endsWith("-") ? -total : total;
    }`,
    ],
  ],
  "9_linearizable_store": [[
    "return await carryOut(request);",
    `const [first = ""] = node.nodeIds;
    if (node.id === first) return carryOut(request);
    return (await node.rpc(first, { type: "ask", request })).value;`,
  ]],
  "11_broadcast_on_large_clusters": [[
    "function learn(",
    `node.every(500, () => {
    node.send(other(), { type: "tell", values: [...seen] });
  });

  function learn(`,
  ]],
  "12_membership": [[
    "if (heardMs.has(src)) heardMs.set",
    "heardMs.set",
  ]],
  "10_strict_serializability": [
    [
      '  node.on("txn", async ({ body }) => {',
      `  node.on("txn", async ({ body }) => {
    for (;;) {
      try {
        return await attempt(body);
      } catch (error) {
        if ((error as { code?: number }).code !== 22) throw error;
      }
    }
  });

  async function attempt(body: ListAppendMessages["txn"]): Promise<{ type: "txn_ok"; txn: Done }> {`,
    ],
    [
      'await kv.write("lists", next);',
      'await kv.cas("lists", lists, next, { createIfMissing: true });',
    ],
    [
      'return { type: "txn_ok", txn };\n  });',
      'return { type: "txn_ok", txn };\n  }',
    ],
  ],
};

function mended({ program }: Exercise, text: string): string {
  return mends[program]!.reduce((text, [from, to]) => {
    assertEquals(text.split(from).length, 2, from);
    return text.replace(from, () => to);
  }, text);
}

let made: Promise<string> | undefined;

/** Makes the book, once for all tests. */
function bookFolder(): Promise<string> {
  return made ??= (async () => {
    const folder = tempDir();
    await book({ serve: false, host: "", port: 0, folder, say() {} });
    return folder;
  })();
}

Deno.test("the exercises fail as they are given, and pass when they are mended", async () => {
  const library = await Deno.readTextFile(
    `${await bookFolder()}/library.js.txt`,
  );
  for (const exercise of exercises) {
    const { run, options = {} } = exercise;
    const given = await programOfExercise(exercise);
    const judged = (program: string) =>
      judgeProgram({ run, options, seed: 1, program, library });
    assertEquals(passes(await judged(given)), false, exercise.program);
    const after = await judged(mended(exercise, given));
    assertEquals(
      passes(after),
      true,
      JSON.stringify("record" in after ? after.record.reason : after),
    );
  }
});

Deno.test("a program may export what it serves", async () => {
  const library = await Deno.readTextFile(
    `${await bookFolder()}/library.js.txt`,
  );
  const program = `import { type Node, serve } from "./lib/mod.ts";
    export default function app(node: Node) {
      node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
    }
    if (import.meta.main) await serve(app);`;
  const told = await judgeProgram({
    ...{ run: "1", options: {}, seed: 1, program, library },
  });
  assertEquals(passes(told), true);
});

Deno.test("of millions of messages, the first are shown", async () => {
  const told = await judgeProgram({
    ...{ run: "1", options: { "time-limit": 1 }, seed: 1, library: "" },
    program: "await 1;",
  }) as Extract<Told, { data: PageData }>;
  const columns = ["src", "dest", "type", "sentMs", "receivedMs", "lost"];
  const many = (count: number): PageData => ({
    ...told.data,
    messages: {
      ...told.data.messages,
      ...Object.fromEntries(
        columns.map((name) => [name, Array(count).fill(0)]),
      ),
      body: Array(count).fill("{}"),
    },
  });
  assertEquals(plainData(many(200_000)).leftOut, undefined);
  const shown = plainData(many(3_000_000));
  assertEquals(shown.messages.body.length, 200_000);
  assertEquals(
    leftOutText(shown),
    "2,800,000 of 3,000,000 messages, those after 0.0 s",
  );
});

function passes(told: Told): boolean | string {
  return "failed" in told ? told.failed : told.record.pass;
}

Deno.test("what can't be a program is told, with its line", async () => {
  const ask = { run: "3a", options: {}, seed: 1, library: "" };
  const told = async (program: string) => {
    const { failed, line } = await judgeProgram({ ...ask, program }) as {
      failed: string;
      line?: number;
    };
    return `${line}: ${failed}`;
  };
  assertMatch(await told("const a = 1;\nlet b = ;"), /^2: Unexpected token/);
  assertMatch(
    await told('import { x } from "npm:x";\nx();'),
    /^undefined: It imports npm:x, and that can't be had here/,
  );
  assertMatch(
    await told("const a = 1;\n@a class B {}"),
    /^2: Unexpected character '@'/,
  );
});

Deno.test("an address holds a program of any length, or none", async () => {
  const noise = crypto.getRandomValues(new Uint8Array(60_000)).toBase64();
  const program = `// ${noise.repeat(4)}\nconst ü = "👩‍👩‍👧";\n`;
  const fragment = await fragmentOf(program);
  assert(await sharedIn(fragment) === program);
  assertEquals(await sharedIn("#program=%%%"), undefined);
  assertEquals(await sharedIn("#3-broadcast"), undefined);
});

if (chromium === undefined) {
  console.log("There is no Chromium here: the book isn't opened by tests.");
}

/** Opens the book in a browser. */
async function inBook(
  use: (tab: Tab, url: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await bookFolder();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    handlerOf(folder),
  );
  try {
    await withTab({}, async (tab) => {
      const url = `http://127.0.0.1:${server.addr.port}/`;
      await use(tab, url, folder);
      assertEquals(tab.complaints, []);
      assertEquals(
        tab.requests.filter((each) =>
          !each.startsWith(url) && !/^(data|blob|about):/.test(each)
        ),
        [],
      );
    });
  } finally {
    await server.shutdown();
  }
}

const ready = "document.documentElement.dataset.ready === ''";

/** Chapters that have everything in them that any has. */
const manifold = ["index", "3-broadcast", "the-house"];

Deno.test({
  name: "every chapter opens, and can be read by everybody",
  ignore: chromium === undefined,
  async fn() {
    await inBook(async (tab, url) => {
      for (const { slug, title } of chaptersOf(readme)) {
        await tab.goto(`${url}${slug}.html`);
        await tab.until(ready);
        assertEquals(
          await tab.evaluate("document.querySelector('h1').textContent"),
          title.replaceAll("`", ""),
        );
        if (!manifold.includes(slug)) continue;
        await tab.evaluate(`${axe.source}; undefined`);
        const violations = await tab.evaluate<string[]>(
          `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] })
            .then(({ violations }) => violations.map(({ id, nodes }) =>
              id + ": " + nodes.map(({ html }) => html.slice(0, 120)).join("; ")))`,
        );
        assertEquals(violations, [], slug);
      }
    });
  },
});

Deno.test({
  name:
    "a table's rows come to what the README shows, and controls change them",
  ignore: chromium === undefined,
  async fn() {
    await inBook(async (tab, url) => {
      await tab.goto(`${url}3-broadcast.html`);
      await tab.until(ready);
      const section = `document.querySelector("section.figures:has(table)")`;
      const row = (i: number) =>
        `${section}.querySelector('tr[data-row="${i}"]')`;
      const judged = async (act: string) => {
        await tab.evaluate(
          `(${section}.querySelector(".bench")?.removeAttribute("data-shown"), ${act}, undefined)`,
        );
        await tab.until(
          `${section}.querySelector(".bench")?.dataset.shown !== undefined`,
        );
        return await tab.evaluate<{ cells: string[]; command: string }>(
          `({
            cells: [...${section}.querySelectorAll(".bench tbody td")]
              .map((cell) => cell.textContent),
            command: ${section}.querySelector(".bench > .again").textContent,
          })`,
        );
      };
      for (const i of [0, 1]) {
        const { cells } = await judged(
          `${row(i)}.querySelector("button").click()`,
        );
        assertEquals(
          cells,
          await tab.evaluate(
            `[...${
              row(i)
            }.querySelectorAll("td")].map((cell) => cell.textContent)`,
          ),
        );
      }
      const change = (index: number, value: string, event: string) =>
        `(() => {
          const control = ${section}.querySelectorAll(".bench .controls :is(select, input)")[${index}];
          control.value = "${value}";
          control.dispatchEvent(new Event("${event}"));
        })()`;
      const { command, cells: [verdict] } = await judged(
        change(0, "flood", "change"),
      );
      assertEquals(
        [command, verdict],
        ["deno task run 3b -- --strategy flood", "valid"],
      );
      const lossy = await judged(change(7, "0.3", "input"));
      assertEquals(
        [lossy.command, lossy.cells[0]],
        ["deno task run 3b --p-loss 0.3 -- --strategy flood", "invalid"],
      );
      // Of many seeds there are figures at once, whatever is being judged.
      await tab.evaluate(
        `(${
          row(0)
        }.querySelector("button").click(), ${section}.querySelector(".bench button").click())`,
      );
      await tab.until(
        `${section}.querySelector(".bench").ariaBusy === "false"`,
      );
    });
  },
});

Deno.test({
  name: "each control changes what is judged",
  ignore: chromium === undefined,
  async fn() {
    const { controls } = figuresOf(
      tables.find(({ name }) => name === "broadcast-3b-3c")!,
    );
    await inBook(async (tab, url) => {
      await tab.goto(`${url}3-broadcast.html`);
      await tab.until(ready);
      const section = `document.querySelector("section.figures:has(table)")`;
      const command = `${section}.querySelector(".bench > .again").textContent`;
      // A row of the hub's, which has no word of its own in its command.
      await tab.evaluate(
        `(${section}.querySelector('tr[data-row="2"] button').click(), 0)`,
      );
      for (const [i, control] of controls.entries()) {
        const { name } = control;
        const value = control.kind === "choice"
          ? control.values.at(-1)![0]
          : String(control.most);
        await tab.evaluate(
          `(() => {
            const input = ${section}
              .querySelectorAll(".bench .controls :is(select, input)")[${i}];
            input.value = ${JSON.stringify(value)};
            input.dispatchEvent(new Event("input"));
            input.dispatchEvent(new Event("change"));
          })()`,
        );
        const words = JSON.stringify(`--${name} ${value}`);
        await tab.until(`${command}.includes(${words})`);
      }
    });
  },
});

Deno.test({
  name: "the workshop judges what one writes, and ends what has no end",
  ignore: chromium === undefined,
  async fn() {
    await inBook(async (tab, url) => {
      await tab.goto(`${url}1-echo.html`);
      await tab.until(ready);
      await tab.evaluate(`document.querySelector(".workshop button").click()`);
      await tab.until(
        `document.querySelector(".workshop .cm-content") !== null`,
      );
      assertEquals(
        await tab.evaluate(
          `Array.from(
            document.querySelectorAll(".workshop .controls button"),
            (each) => each.ariaLabel.split(":")[0] === each.textContent,
          )`,
        ),
        [true, true, true],
        "what is spoken begins with what is read",
      );
      const run = async (text?: string) => {
        if (text !== undefined) {
          await tab.evaluate(
            `document.querySelector(".cm-content").cmTile.view.dispatch({
              changes: {
                from: 0,
                to: document.querySelector(".cm-content").cmTile.view.state.doc.length,
                insert: ${JSON.stringify(text)},
              },
            })`,
          );
        }
        await tab.evaluate(
          `document.querySelector(".workshop .controls button").click()`,
        );
        await tab.until(
          `document.querySelector(".workshop .bench").ariaBusy === "false"`,
        );
        return await tab.evaluate<string>(
          `document.querySelector(".workshop .verdict-line").textContent`,
        );
      };
      const [exercise] = some(exercises);
      const given = await programOfExercise(exercise);
      assertMatch(await run(), /^✗ invalid: 47 of the echoes went wrong/);
      assertEquals(await run(mended(exercise, given)), "✓ valid");
      assertMatch(
        await run(given.replace("node.on", "for (;;);\n  node.on")),
        /is there a loop that never ends/,
      );
      assertMatch(
        await run(given.replace("node.on", 'fetch("/");\n  node.on')),
        /^✗ It calls fetch, and that can't be had here/,
      );
      assertMatch(
        await run(`${given}\nlet b = ;`),
        /^✗ Line 11: Unexpected token/,
      );
      // There's no verdict on a program that one has given up.
      assertEquals(
        await tab.evaluate(
          `(() => {
            const [run, reset] = document
              .querySelectorAll(".workshop .controls button");
            run.click();
            reset.click();
            return document.querySelector(".workshop .bench").ariaBusy;
          })()`,
        ),
        "false",
      );
      await run(`${given}\nlet b = ;`);
      // What was written is there the next time.
      await tab.goto(`${url}1-echo.html`);
      await tab.until(ready);
      await tab.evaluate(`document.querySelector(".workshop button").click()`);
      await tab.until(
        `document.querySelector(".workshop .cm-content") !== null`,
      );
      assert(
        (await tab.evaluate<string>(
          `document.querySelector(".cm-content").textContent`,
        )).includes("let b = ;"),
      );
      // An open page takes the program of an address; one that was cut short is
      // told; and neither takes that anything is kept.
      const shown = (text: string) =>
        tab.until(
          `document.querySelector(".workshop .bench")?.innerText.includes("${text}")`,
        );
      await tab.goto(`${url}1-echo.html#program=09dXSMssKi5RSExPzMwDAA%3D%3D`);
      await shown("// first again");
      await tab.goto(`${url}1-echo.html#program=09dXSMssKi5RSExPzMw`);
      await shown("was it cut short?");
      await tab.goto(`${url}1-echo.html`);
      await tab.evaluate("location.reload()");
      await tab.until(`document.querySelector(".cm-content") === null`);
      await tab.until(ready);
      await tab.evaluate(
        `Storage.prototype.getItem = () => { throw new Error("blocked"); }`,
      );
      await tab.evaluate(`document.querySelector(".workshop button").click()`);
      await shown("import { type Node, serve }");
    });
  },
});

Deno.test({
  name: "on paper nothing is cut off, and nothing is there to press",
  ignore: chromium === undefined,
  async fn() {
    await inBook(async (tab, url) => {
      await tab.goto(`${url}10-strict-serializability.html`);
      await tab.until(ready);
      await tab.evaluate(`(() => {
        const long = document.querySelector(".code").cloneNode();
        long.textContent = "a_b".repeat(200);
        document.querySelector("main").append(long);
        matchMedia("print").onchange = ({ matches }) => {
          if (matches) window.paper = {
            cut: Array.from(document.querySelectorAll(".code, .wide"))
              .filter((each) => each.scrollWidth > each.clientWidth).length,
            buttons: Array.from(document.querySelectorAll("button"))
              .filter((each) => each.checkVisibility()).length,
            commands: document.querySelector("th code").checkVisibility(),
          };
        };
      })()`);
      await tab.pdf();
      assertEquals(await tab.evaluate("window.paper"), {
        cut: 0,
        buttons: 0,
        commands: true,
      });
    });
  },
});

Deno.test({
  name: "without a server a workshop says what it takes",
  ignore: chromium === undefined,
  async fn() {
    const folder = await bookFolder();
    await withTab({}, async (tab) => {
      for (const page of ["workshop", "1-echo"]) {
        await tab.goto(`file://${folder}/${page}.html`);
        const text = `document.querySelector(".workshop").innerText.trim()`;
        await tab.until(`${text} !== ""`);
        assertEquals(
          await tab.evaluate(text),
          "The workshop takes scripts, and a server that the browser has them from: deno task book --serve.",
        );
      }
    });
  },
});

Deno.test({
  name: "a module is judged like a program",
  ignore: chromium === undefined,
  async fn() {
    const module = await Deno.readFile(
      `${root}tests/fixtures/wasm/simple.wasm`,
    );
    await inBook(async (tab, url) => {
      await tab.goto(`${url}workshop.html`);
      await tab.until(ready);
      await tab.evaluate(
        `(() => {
          const input = document.querySelector(".workshop input[type=file]");
          const files = new DataTransfer();
          const bytes = Uint8Array.fromBase64("${module.toBase64()}");
          files.items.add(new File([bytes], "node.wasm"));
          input.files = files.files;
          input.dispatchEvent(new Event("change"));
        })()`,
      );
      await tab.until(
        `/valid/.test(document.querySelector(".verdict-line").textContent)`,
      );
      assertEquals(
        await tab.evaluate(
          `document.querySelector(".verdict-line").textContent`,
        ),
        "✓ valid",
      );
    });
  },
});

Deno.test({
  name: "once it has been opened, the book needs no network",
  ignore: chromium === undefined,
  async fn() {
    const folder = await bookFolder();
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      handlerOf(folder),
    );
    const url = `http://127.0.0.1:${server.addr.port}/`;
    await withTab({}, async (tab) => {
      await tab.goto(`${url}index.html`);
      await tab.evaluate(`navigator.serviceWorker.ready.then(() => 0)`);
      await server.shutdown();
      await tab.goto(`${url}4-grow-only-counter.html`);
      await tab.until(ready);
      await tab.evaluate(
        `(document.querySelector("tr[data-row] button").click(), 0)`,
      );
      await tab.until(
        `document.querySelector(".bench")?.dataset.shown !== undefined`,
      );
    });
  },
});

Deno.test("the book is small", async () => {
  const folder = await bookFolder();
  const zipped = async (path: string) =>
    (await new Response(
      new Blob([await Deno.readFile(`${folder}/${path}`)]).stream()
        .pipeThrough(new CompressionStream("gzip")),
    ).bytes()).length;
  let all = 0;
  const paths = JSON.parse(
    /const files = (\[.*\])/.exec(
      await Deno.readTextFile(`${folder}/sw.js`),
    )![1]!,
  ) as string[];
  for (const path of paths.slice(1)) all += await zipped(path);
  assert(all < 3_000_000, `${all} bytes`);
  const first = (await Promise.all(
    ["index.html", "style.css", "book.js"].map(zipped),
  )).reduce((sum, size) => sum + size);
  assert(first < 200_000, `${first} bytes`);
});

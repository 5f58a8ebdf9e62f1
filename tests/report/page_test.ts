/**
 * A run's page: one file that needs nothing else, shows the verdict in words,
 * trusts nothing that nodes wrote, and lets one look at all that happened.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import { runs } from "../../challenges/runs.ts";
import type { App } from "../../lib/mod.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { pageCode } from "../../lib/report/page/bundle.ts";
import { decode } from "../../lib/report/web/decode.ts";
import {
  type Messages,
  type PageData,
  pageData,
} from "../../lib/report/page/data.ts";
import { encode } from "../../lib/report/page/encode.ts";
import { logsOf } from "../../lib/report/page/logs.ts";
import { page } from "../../lib/report/page/page.ts";
import { toRecord } from "../../lib/report/record.ts";
import { chromium, type Tab, withTab } from "../browser.ts";
import { some } from "../some.ts";
import { specimens } from "./specimens.ts";
import { tempDir } from "../temp.ts";

const folder = tempDir();
const code = await pageCode(folder);

/** Judges an official run, and makes its page's data. */
async function dataOf(id: string, args?: string[]): Promise<PageData> {
  const run = runs.find((run) => run.id === id)!;
  const { app, workload, options, limits } = run;
  const given = args ?? [...run.args ?? []];
  const judgement = await judge(app, { workload, ...options, seed: 1 }, {
    args: given,
  });
  const record = toRecord(judgement, { id, args: given, limits, wallMs: 1000 });
  return pageData(record, judgement, {
    replay: `deno task run --seed 1 ${id}`,
    when: new Date(0),
  });
}

/** The data of a run without options to speak of. */
async function dataOfSpecimen(
  { app, options, args = [], valid }: typeof specimens[number],
): Promise<PageData> {
  const judgement = await judge(app, { ...options, seed: 1 }, { args });
  const id = options.workload;
  assertEquals(judgement.results["valid?"], valid, id);
  const record = toRecord(judgement, { id, args, wallMs: 10 });
  return pageData(record, judgement, {
    replay: `deno task run --seed 1 ${id}`,
    when: new Date(0),
  });
}

const lossy = await dataOf("3c", ["--strategy", "flood"]);

/** Data with so many messages between 25 nodes, of which some are lost. */
function withMessages(count: number): PageData {
  const rows = Array.from({ length: count }, (_, row) => row);
  const durationMs = 20_000;
  const sentMs = rows.map((row) => Math.floor(row / count * durationMs));
  const nodes = Array.from({ length: 25 }, (_, i) => `n${i}`);
  return {
    ...lossy,
    nodes,
    services: [],
    topology: undefined,
    knowledge: undefined,
    anomaly: undefined,
    endMs: durationMs,
    messages: {
      parties: nodes,
      types: ["gossip", "gossip_ok", "ask"],
      src: rows.map((row) => row % 25),
      dest: rows.map((row) => row * 7 % 24 + 1),
      type: rows.map((row) => row % 3),
      sentMs,
      receivedMs: rows.map((row) => row % 50 === 0 ? NaN : sentMs[row]! + 100),
      lost: rows.map((row) => row % 50 === 0 ? 1 : 0),
      body: rows.map((row) => JSON.stringify({ type: "gossip", row })),
    },
  };
}

Deno.test("the verdict, its reason, the figures and the command can be read without a script", async () => {
  const html = await page(lossy, code);
  const text = html
    .replaceAll(/<(script|style)[^>]*>.*?<\/\1>/gs, "")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll("&#39;", "'");
  assertStringIncludes(text, "✗ invalid");
  const [head, ...rest] = some(lossy.record.reason!.split("\n"));
  assertStringIncludes(text, head);
  // What the messages fell victim to is told with its time.
  assertEquals(rest.length, 1);
  assertMatch(text, /were swallowed by the partition .* \(from \d+\.\d\d to/);
  assertMatch(text, /Messages per operation\s*2\.36/);
  assertStringIncludes(text, "deno task run --seed 1 3c");
  assertMatch(text, /nemesis\s*partition/);
});

Deno.test("no line of the reason is said twice", async () => {
  const run = specimens.find(({ valid, options }) =>
    !valid && options.workload === "txn-rw-register"
  )!;
  const data = await dataOfSpecimen(run);
  const html = await page(data, code);
  const lines = data.record.reason!.split("\n").map((line) => line.trim());
  assertGreater(lines.length, 3);
  for (const line of lines) {
    const shown = line.replaceAll('"', "&#34;");
    assertEquals(html.split(shown).length, 2, line);
  }
});

Deno.test("of a run without a verdict the page shows what was printed", async () => {
  const html = await page({
    ...lossy,
    history: [],
    messages: { ...lossy.messages, sentMs: [], body: [], src: [], dest: [] },
    anomaly: undefined,
    record: {
      ...lossy.record,
      engine: "maelstrom",
      seed: undefined,
      crashed: true,
      reason:
        "Maelstrom left no verdict:\n  \x1b[31mTypeError\x1b[0m\n    at x",
      results: { "valid?": "unknown" },
    },
  }, code);
  assertMatch(html, /✗ crashed/);
  assertMatch(html, /<p class="reason">Maelstrom left no verdict:<\/p>/);
  assertMatch(html, /<pre class="lines"[^>]*> {2}TypeError\n {4}at x<\/pre>/);
});

Deno.test("a page says that a seed isn't one run", async () => {
  const divergence = "at 0.034 s, with a message from n4 to c10";
  const html = await page({
    ...lossy,
    record: { ...lossy.record, divergence },
  }, code);
  assertStringIncludes(html, `it went another way ${divergence}</p>`);
});

Deno.test("a page says that the machine was busy, where the reason doesn't", async () => {
  const withLateness = (spoiled: boolean) =>
    page({
      ...lossy,
      record: {
        ...lossy.record,
        lateness: {
          "max-message-ms": 9012,
          "max-timer-ms": 12,
          "spoiled?": spoiled,
        },
      },
    }, code);
  const note = "this machine was busy: messages were up to 9 s late";
  assertStringIncludes(await withLateness(false), note);
  assert(!(await withLateness(true)).includes(note));
});

Deno.test("what nodes and options say is text, whatever it looks like", async () => {
  const hostile =
    `"'><script>alert(1)</script><!--<img src=x onerror=alert(1)>`;
  const data = await dataOf("3b");
  const html = await page({
    ...data,
    title: hostile,
    replay: hostile,
    when: hostile,
    record: {
      ...data.record,
      pass: false,
      reason: hostile,
      args: [hostile],
      options: { ...data.record.options, topology: hostile },
    },
    messages: {
      ...data.messages,
      body: data.messages.body.map(() => JSON.stringify({ type: hostile })),
    },
  }, code);
  assert(!html.includes(hostile));
  assertNotMatch(html, /<script>alert|<img/);
  assertStringIncludes(html, "&#60;script&#62;alert(1)");
});

Deno.test("a script that contains its element's end doesn't end there", async () => {
  const script = "const end = '</script><script>';";
  const html = await page(lossy, { script, style: "" });
  assertEquals(html.match(/<\/script>/g)!.length, 2, "data and code");
  assertStringIncludes(html, "const end = '\\x3C/script>\\x3Cscript>';");
});

Deno.test("the page's own policy allows its script and nothing from elsewhere", async () => {
  const html = await page(lossy, code);
  assertMatch(html, /default-src 'none'; script-src 'sha256-[\w+/]+=*'; /);
  assertNotMatch(html.replaceAll(/<script.*?<\/script>/gs, ""), /https?:/);
});

Deno.test("the bundle is kept until something changes", async () => {
  const before = (await Deno.stat(`${folder}/page.js`)).mtime;
  assertEquals(await pageCode(folder), code);
  assertEquals((await Deno.stat(`${folder}/page.js`)).mtime, before);
  await Deno.writeTextFile(`${folder}/page.js`, "// of another version\n");
  assertEquals(await pageCode(folder), code);
});

Deno.test("the largest official run's page is smaller than 5 MB", async () => {
  const html = await page(await dataOf("5b"), code);
  assertLess(new TextEncoder().encode(html).length, 5e6);
});

Deno.test("the title says whose node it was, and the page leads to the store", async () => {
  const data = { ...lossy, record: { ...lossy.record, bin: "./my <node>.py" } };
  const html = await page(data, code);
  assertStringIncludes(
    html,
    "<title>✗ 3c broadcast ./my &#60;node&#62;.py --strategy flood</title>",
  );
  assertStringIncludes(
    html,
    "<h1>3c broadcast <small>./my &#60;node&#62;.py --strategy flood</small></h1>",
  );
  assertEquals(
    Array.from(
      html.matchAll(/<a class="\w+" href="([^"]*)">([^<]*)</g),
      ([, href, text]) => [href, text],
    ),
    [
      ["./../../?files", "All runs"],
      ["./?files", "Files of this run"],
      ["./node-logs/", "Node logs"],
    ],
  );
});

/** Logs, of which only the line that is called so comes near a moment. */
function logged(lines: readonly { ms: number; text: string }[]) {
  return logsOf({
    startNs: 1e9,
    logs: new Map([[
      "n0",
      lines.map(({ ms, text }) => ({ text, timeNs: 1e9 + ms * 1e6 })),
    ]]),
  }, 5000);
}

Deno.test("of logs too long for the page, what came near the moment is there", () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, ms) => ({ ms, text: `\x1b[31m${"x".repeat(500)}\x1b[0m` }),
  );
  const { lines: shown, leftOut } = logged(lines);
  assertLess(JSON.stringify(shown).length, 500_000);
  assertEquals(shown.length + leftOut, 10_000);
  assertGreater(shown.length, 500);
  assertEquals(shown[0]!.text, "x".repeat(500));
  assertLess(Math.abs((shown[0]!.ms + shown.at(-1)!.ms) / 2 - 5000), 2);
  // One long line is cut, and takes the others' room no more than that.
  const [long] = some(logged([{ ms: 5000, text: "y".repeat(1e6) }]).lines);
  assertEquals(long.text, `${"y".repeat(1000)}…`);
});

/** Messages of which each column is what it may be. */
const messages: fc.Arbitrary<Messages> = fc.array(
  fc.record({
    src: fc.nat(2),
    dest: fc.nat(2),
    type: fc.nat(1),
    sentUs: fc.integer({ min: -1e6, max: 1e9 }),
    latencyUs: fc.option(fc.nat(1e8), { nil: NaN }),
    lost: fc.nat(2),
    body: fc.json(),
  }),
).map((rows) => ({
  parties: ["n0", "n1", "c\u2028\n</script>"],
  types: ["a", "b"],
  src: Uint16Array.from(rows, ({ src }) => src),
  dest: Uint16Array.from(rows, ({ dest }) => dest),
  type: Uint16Array.from(rows, ({ type }) => type),
  sentMs: Float64Array.from(rows, ({ sentUs }) => sentUs / 1000),
  receivedMs: Float64Array.from(
    rows,
    ({ sentUs, latencyUs }) => (sentUs + latencyUs) / 1000,
  ),
  lost: Uint8Array.from(
    rows,
    ({ latencyUs, lost }) => isNaN(latencyUs) ? lost : 0,
  ),
  body: rows.map(({ body }) => body),
}));

Deno.test("what is packed is unpacked the same", async () => {
  await fc.assert(
    fc.asyncProperty(messages, fc.string(), async (messages, title) => {
      const data: PageData = { ...lossy, history: [], title, messages };
      const unpacked = await decode(await encode(data));
      assertEquals(unpacked.messages, messages);
      assertEquals(unpacked.title, title);
    }),
    { seed: 1 },
  );
  const { messages: _, ...others } = await decode(await encode(lossy));
  const { messages: __, ...expected } = lossy;
  assertEquals(others, JSON.parse(JSON.stringify(expected)));
});

if (chromium === undefined) {
  console.log("There is no Chromium here: the page isn't opened by tests.");
}

/**
 * Opens a page from disk in the browser, and expects that it complains of
 * nothing and asks for nothing.
 */
function inBrowser(
  name: string,
  { data, fragment = "", ...size }: {
    data: () => Promise<Parameters<typeof page>[0]>;
    fragment?: string;
    width?: number;
    height?: number;
    dark?: boolean;
    forced?: boolean;
  },
  use: (tab: Tab) => Promise<void>,
) {
  Deno.test({
    name,
    ignore: chromium === undefined,
    async fn() {
      const path = `${folder}/${crypto.randomUUID()}.html`;
      await Deno.writeTextFile(path, await page(await data(), code));
      await withTab(size, async (tab) => {
        const url = `file://${path}`;
        await tab.goto(url + fragment);
        await tab.until("'ready' in document.documentElement.dataset");
        await use(tab);
        assertEquals(tab.complaints, []);
        const elsewhere = tab.requests
          .filter((each) => each !== url && !each.startsWith("data:"));
        assertEquals(elsewhere, []);
      });
    },
  });
}

/** The middle of an element, after it has been brought into sight. */
function middleOf(tab: Tab, selector: string) {
  return tab.evaluate<{ x: number; y: number }>(`(() => {
    const element = document.querySelector(${JSON.stringify(selector)});
    element.scrollIntoView({ block: "center" });
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  })()`);
}

/** An element's text. */
function textOf(tab: Tab, selector: string) {
  return tab.evaluate<string>(
    `document.querySelector(${JSON.stringify(selector)}).textContent`,
  );
}

for (const [width, dark] of [[1280, false], [390, true]] as const) {
  inBrowser(
    `the page opens ${width} pixels wide, with nothing beside it`,
    { data: () => Promise.resolve(lossy), width, dark },
    async (tab) => {
      const { scrollWidth, clientWidth } = await tab.evaluate<
        { scrollWidth: number; clientWidth: number }
      >(`{
        const { scrollWidth, clientWidth } = document.documentElement;
        ({ scrollWidth, clientWidth });
      }`);
      assertEquals(scrollWidth, clientWidth, "nothing sticks out");
      const titles = await tab.evaluate<string[]>(
        "Array.from(document.querySelectorAll('h2'), (h2) => h2.textContent)",
      );
      for (const title of ["Space-time diagram", "Replay"]) {
        assert(titles.includes(title));
      }
    },
  );
}

const long = "what-has-no-end-and-no-space-".repeat(20).replaceAll("-", "_");

inBrowser(
  "names of any length make a small page no wider, and hide no others; colours that say something stay where the reader has chosen all others",
  {
    data: () =>
      Promise.resolve({
        ...lossy,
        record: { ...lossy.record, args: [long] },
        logs: { lines: [{ ms: 1, node: "n0", text: long }], leftOut: 0 },
        messages: {
          ...lossy.messages,
          types: lossy.messages.types.map((type) => type + long),
        },
      }),
    width: 320,
    forced: true,
  },
  async (tab) => {
    const { over, name, level, white } = await tab.evaluate<
      { over: number; name: number; level: string; white: string[] }
    >(`{
      document.querySelector("details").open = true;
      const { scrollWidth } = document.documentElement;
      const { lineHeight } = getComputedStyle(document.querySelector("th"));
      ({
        over: scrollWidth - 320,
        name: Math.round(
          document.querySelector("th").clientHeight / parseFloat(lineHeight),
        ),
        level: document.querySelector(".log-lines :is(h3, h4)").tagName,
        white: Array.from(
          document.querySelectorAll(".swatch:not(.ring), .sample"),
          (each) => getComputedStyle(each).backgroundColor,
        ).filter((colour) => colour === "rgb(255, 255, 255)"),
      });
    }`);
    assertEquals(over, 0, "nothing sticks out");
    assertEquals(name, 1, "an option's name is in one line");
    assertEquals(level, "H3", "below the view's heading");
    assertEquals(white, []);
  },
);

/** A node that tells of itself, and crashes. */
const crashing: App = (node) => {
  let count = 0;
  node.on("echo", ({ body }) => {
    node.log(`echoes ${body.echo}`);
    if (++count === 10) {
      Promise.reject(new Error("out of memory"));
    }
    return { type: "echo_ok", echo: body.echo };
  });
};

/** Pages beside those of the workloads, with a word that each shows. */
const otherPages: [
  name: string,
  word: string,
  data: () => Promise<PageData>,
][] = [
  [
    "a crash",
    "crashed",
    () =>
      dataOfSpecimen({
        app: crashing,
        options: { workload: "echo", "node-count": 2, "time-limit": 5 },
        valid: false,
      }),
  ],
  [
    "a crash before the first operation",
    "no good",
    () =>
      dataOfSpecimen({
        app: () => {
          throw new Error("no good");
        },
        options: { workload: "echo", "node-count": 2, "time-limit": 5 },
        valid: false,
      }),
  ],
  ["over a limit", "over limit", () => dataOf("3d", ["--strategy", "flood"])],
  [
    "by Maelstrom",
    "messages of this run aren't known",
    () => Promise.resolve(byMaelstrom(lossy)),
  ],
];

/** A run as the real Maelstrom leaves it, which doesn't tell the messages. */
function byMaelstrom(data: PageData): PageData {
  return {
    ...data,
    record: { ...data.record, engine: "maelstrom", seed: undefined },
    services: [],
    knowledge: undefined,
    logs: { lines: [], leftOut: 0 },
    messages: {
      parties: [],
      types: [],
      src: [],
      dest: [],
      type: [],
      sentMs: [],
      receivedMs: [],
      lost: [],
      body: [],
    },
  };
}

for (const [name, word, data] of otherPages) {
  for (const [width, dark] of [[1280, true], [390, false]] as const) {
    inBrowser(
      `a page of ${name} opens ${width} pixels wide, and draws all of itself`,
      { data, width, dark },
      async (tab) => {
        await tab.evaluate("dispatchEvent(new Event('beforeprint'))");
        await tab.evaluate("dispatchEvent(new Event('afterprint'))");
        const text = await tab.evaluate<string>("document.body.innerText");
        assertStringIncludes(text, word);
        assertNotMatch(text, /could not be drawn|NaN|undefined|Infinity/);
        assertNotMatch(text, /[-−]\d+(\.\d+)? m?s\b/, "no time is negative");
        assertEquals(
          await tab.evaluate<number>(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
          ),
          0,
        );
      },
    );
  }
}

for (const width of [1280, 390]) {
  Deno.test({
    name:
      `every workload's page opens ${width} pixels wide, valid and invalid, and draws all of itself`,
    ignore: chromium === undefined,
    fn: () =>
      withTab({ width }, async (tab) => {
        for (const [i, specimen] of specimens.entries()) {
          const { workload } = specimen.options;
          const path = `${folder}/specimen-${width}-${i}.html`;
          const html = await page(await dataOfSpecimen(specimen), code);
          await Deno.writeTextFile(path, html);
          await tab.goto(`file://${path}`);
          await tab.until("'ready' in document.documentElement.dataset");
          // What is drawn as one scrolls to it is drawn now.
          await tab.evaluate("dispatchEvent(new Event('beforeprint'))");
          assert(
            await tab.evaluate<boolean>(
              "[...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('svg'))",
            ),
            "at once: nothing that comes later is printed",
          );
          assertEquals(
            await tab.evaluate<number>(
              "document.querySelectorAll('svg:not([aria-hidden]) [aria-label]').length",
            ),
            0,
            "a figure is spoken as a whole",
          );
          await tab.evaluate("dispatchEvent(new Event('afterprint'))");
          const { over, text } = await tab.evaluate<
            { over: number; text: string }
          >(`{
            const { scrollWidth, clientWidth } = document.documentElement;
            ({
              over: scrollWidth - clientWidth,
              text: document.body.innerText,
            });
          }`);
          assertEquals(over, 0, `${workload}: something sticks out`);
          assertStringIncludes(text, specimen.valid ? "✓ valid" : "✗ invalid");
          assertEquals(text.includes("What went wrong"), !specimen.valid);
          assertNotMatch(text, /could not be drawn|NaN|undefined|Infinity/);
          assertNotMatch(text, /[-−]\d+(\.\d+)? m?s\b/, "no negative time");
          assertEquals(tab.complaints, [], workload);
        }
        const asked = tab.requests.filter((url) => !url.startsWith("data:"));
        assertEquals(asked.length, specimens.length, "each page, and no more");
      }),
  });
}

inBrowser(
  "pointing at an arrow of the space-time diagram shows the message",
  { data: () => Promise.resolve(lossy) },
  async (tab) => {
    const { x, y } = await middleOf(tab, ".space-time canvas");
    const tooltip = ".space-time .tooltip";
    for (let offset = 0; offset < 60; offset += 4) {
      await tab.mouse("mouseMoved", x, y + offset);
      const hidden = `document.querySelector("${tooltip}").hidden`;
      if (!await tab.evaluate<boolean>(hidden)) break;
    }
    assertMatch(
      await textOf(tab, tooltip),
      /^[cn]\d+ → [cn]\d+.*sent at \d+\.\d+ s, .*\{"type":/,
    );
  },
);

inBrowser(
  "the space-time diagram can be used with keys alone",
  { data: () => Promise.resolve(lossy) },
  async (tab) => {
    const span = () => textOf(tab, ".space-time .note");
    await tab.evaluate("document.querySelector('.space-time canvas').focus()");
    await tab.key("0");
    await tab.until(
      "/to 29\\.\\d s: /.test(document.querySelector('.space-time .note').textContent)",
    );
    const whole = await span();
    await tab.key("+");
    await tab.until(
      `document.querySelector('.space-time .note').textContent !== ${
        JSON.stringify(whole)
      }`,
    );
    await tab.key("ArrowRight");
    assertMatch(
      await textOf(tab, ".space-time [aria-live]"),
      /^\w+ → \w+.*sent at/,
    );
  },
);

/** The words in which the space-time diagram says what it shows. */
const shownSpan =
  "document.querySelector('.space-time .note').textContent.split(':')[0]";

/** True if the space-time diagram is in the window. */
const diagramInSight = `(() => {
  const { top, bottom } = document.querySelector(".space-time canvas")
    .getBoundingClientRect();
  return top >= 0 && top < innerHeight - 100 && bottom > 100;
})()`;

/** Clicks the first button that says so. */
function press(tab: Tab, text: string): Promise<void> {
  return tab.evaluate(
    `Array.from(document.querySelectorAll("button")).find(({ textContent }) => textContent.startsWith(${
      JSON.stringify(text)
    })).click()`,
  );
}

inBrowser(
  "to show a moment is to scroll to the diagram, with some ten milliseconds around it",
  { data: () => Promise.resolve(lossy) },
  async (tab) => {
    assert(!await tab.evaluate<boolean>(diagramInSight));
    await press(tab, "Show this moment");
    await tab.until(diagramInSight);
    const ms = lossy.anomaly!.momentMs;
    const at = (ms: number) => `${(ms / 1000).toFixed(4)} s`;
    await tab.until(
      `${shownSpan} === "From ${at(ms - 20)} to ${at(ms + 20)}"`,
    );
    await tab.until(
      `Math.abs(parseFloat(location.hash.slice(3)) * 1000 - ${ms}) < 0.001`,
    );
    // The timeline shows the same, and the replay is there.
    assertStringIncludes(
      await textOf(tab, ".timeline .moment"),
      `at ${(ms / 1000).toFixed(3)} s`,
    );
    assertStringIncludes(
      await textOf(tab, ".replay output"),
      (ms / 1000).toFixed(1).slice(0, 3),
    );
  },
);

inBrowser(
  "a link to a moment opens the page there, and so does another in its place",
  { data: () => Promise.resolve(lossy), fragment: "#t=12.5" },
  async (tab) => {
    await tab.until(diagramInSight);
    await tab.until(`${shownSpan} === "From 12.4800 s to 12.5200 s"`);
    await tab.evaluate("location.hash = '#t=3.25'");
    await tab.until(`${shownSpan} === "From 3.2300 s to 3.2700 s"`);
    // The page notes the moment that it has shown, and hears of a link later.
    await tab.evaluate(
      "location.hash = '#t=5.5'; history.replaceState(null, '', '#t=3.25')",
    );
    await tab.until(`${shownSpan} === "From 5.4800 s to 5.5200 s"`);
    // What comes after the end is the end.
    await tab.evaluate("location.hash = '#t=99999'");
    await tab.until(`/ to 29\\.\\d+ s$/.test(${shownSpan})`);
    await tab.evaluate("location.hash = '#nonsense'");
  },
);

for (const hasClipboard of [true, false]) {
  inBrowser(
    `the command and a moment's link are copied ${
      hasClipboard ? "to the clipboard" : "where there's no clipboard to use"
    }`,
    { data: () => Promise.resolve(lossy) },
    async (tab) => {
      await tab.evaluate(`{
        window.copied_ = [];
        navigator.clipboard.writeText = (text) => ${hasClipboard}
          ? Promise.resolve(copied_.push(text))
          : Promise.reject(new Error("not allowed"));
        document.addEventListener("copy", () =>
          copied_.push(document.activeElement.value));
      }`);
      // Only what a person clicks may copy.
      for (const [i, box] of [".again", ".anomaly"].entries()) {
        const { x, y } = await middleOf(tab, `${box} .copy`);
        await tab.mouse("mousePressed", x, y);
        await tab.mouse("mouseReleased", x, y);
        await tab.until(`copied_.length === ${i + 1}`);
      }
      await tab.until(
        "document.querySelector('.again .copy').textContent === 'Copied'",
      );
      const [command, link = ""] = await tab.evaluate<string[]>("copied_");
      assertEquals(command, "deno task run --seed 1 3c");
      assertMatch(link, /^file:\/\/\/.*\.html#t=\d+(\.\d+)?$/);
    },
  );
}

inBrowser(
  "diagrams have the same controls, and the same keys",
  { data: () => Promise.resolve(lossy) },
  async (tab) => {
    const controls = (view: string) =>
      tab.evaluate<string[]>(
        `Array.from(document.querySelectorAll("${view} .controls .group button"), (button) => button.ariaLabel ?? button.textContent)
          .map((label) => label.replace(/message|operation/, "thing"))`,
      );
    const expected = [
      ...["Zoom out", "Zoom in", "Show the whole run"],
      ...["Previous thing", "Next thing", "Copy link"],
    ];
    assertEquals(await controls(".space-time"), expected);
    assertEquals(await controls(".timeline"), expected);
    assert(
      (await controls(".replay")).join().startsWith(
        "Previous thing,Next thing",
      ),
    );
    // What one zooms the other follows.
    await tab.evaluate("document.querySelector('.timeline canvas').focus()");
    await tab.key("0");
    await tab.until(`/to 29\\.\\d s$/.test(${shownSpan})`);
    await tab.key("+");
    await tab.until(`/^From 7\\.\\d+ s to 2\\d\\.\\d+ s$/.test(${shownSpan})`);
  },
);

inBrowser(
  "what nodes logged at the time that is shown stands beside its messages",
  {
    data: () =>
      dataOfSpecimen({
        app: crashing,
        options: { workload: "echo", "node-count": 2, "time-limit": 20 },
        valid: false,
      }),
  },
  async (tab) => {
    const lines = () =>
      tab.evaluate<string[]>(
        "Array.from(document.querySelectorAll('.log-lines li'), ({ innerText }) => innerText.replaceAll(/\\s+/g, ' '))",
      );
    await tab.evaluate("document.querySelector('.space-time canvas').focus()");
    await tab.key("0");
    await tab.until("document.querySelectorAll('.log-lines li').length > 15");
    await press(tab, "Show this moment");
    await tab.until("document.querySelectorAll('.log-lines li').length < 5");
    const shown = await lines();
    assertMatch(shown[0]!, /^\d\.\d+ s n[01] echoes Please echo \d+$/);
    assert(shown.some((line) => line.includes("out of memory")));
    const beside = await tab.evaluate<boolean>(`(() => {
      const [logs, canvas] = [".log-lines", ".space-time .canvas"]
        .map((each) => document.querySelector(each).getBoundingClientRect());
      return logs.left >= canvas.right && logs.top === canvas.top;
    })()`);
    assert(beside);
  },
);

for (const [width, dark] of [[1280, false], [390, true]] as const) {
  inBrowser(
    `on paper all is there, and nothing beside it, from a window ${width} pixels wide`,
    { data: () => Promise.resolve(lossy), width, dark },
    async (tab) => {
      await tab.evaluate(`addEventListener("beforeprint", () => {
        const right = document.querySelector("main").getBoundingClientRect().right;
        const isBlank = (canvas) => {
          const { data } = canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height);
          return !data.some((each) => each !== 0);
        };
        window.paper_ = {
          plots: document.querySelectorAll(".plot svg").length,
          blank: [...document.querySelectorAll("canvas")].filter(isBlank).length,
          closed: document.querySelectorAll("details:not([open])").length,
          out: [...document.querySelectorAll("svg, canvas, table, p, pre, dl")]
            .filter((each) => each.getBoundingClientRect().right > right + 1)
            .map((each) => each.outerHTML.slice(0, 80)),
          background: getComputedStyle(document.body).backgroundColor,
        };
      })`);
      const pdf = await tab.pdf();
      assertEquals(new TextDecoder().decode(pdf.subarray(0, 5)), "%PDF-");
      assertEquals(await tab.evaluate("window.paper_"), {
        plots: 3,
        blank: 0,
        closed: 0,
        out: [],
        background: "rgb(255, 255, 255)",
      });
      // And then it's as it was.
      await tab.until(
        "!document.documentElement.classList.contains('printing')",
      );
      assertEquals(
        await tab.evaluate(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        ),
        0,
      );
    },
  );
}

inBrowser(
  "the scrubber moves the replay, from where nobody knows the value to where most do",
  { data: () => Promise.resolve(lossy) },
  async (tab) => {
    const scrub = (part: number) =>
      tab.evaluate(`(() => {
        const range = document.querySelector(".replay input[type=range]");
        range.value = String(${part} * range.max);
        range.dispatchEvent(new Event("input"));
      })()`);
    const says = (words: string) =>
      tab.until(
        `document.querySelector(".replay .note").textContent.includes("${words}")`,
      );
    await middleOf(tab, ".replay canvas");
    await scrub(0);
    await says("0 of 5 know value 1.");
    assertEquals(await textOf(tab, ".replay output"), "0.0 s");
    await scrub(0.1);
    await says("3 of 5 know value 1.");
    await says("n2, n3 never knew it. Now partition: n2 n3 | n0 n1 n4.");
    await scrub(1);
    await says("3 of 5 know value 1.");
    await tab.until(
      `!document.querySelector(".replay .note").textContent.includes("partition")`,
    );
  },
);

inBrowser(
  "the replay plays, and pauses",
  { data: () => Promise.resolve(lossy) },
  async (tab) => {
    await middleOf(tab, ".replay canvas");
    await tab.evaluate("document.querySelector('.replay canvas').focus()");
    const before = await textOf(tab, ".replay output");
    await tab.key(" ");
    await tab.until(
      `document.querySelector(".replay output").textContent !== "${before}"`,
    );
    await tab.key(" ");
    const paused = await textOf(tab, ".replay output");
    await tab.evaluate(frames(10));
    assertEquals(await textOf(tab, ".replay output"), paused);
  },
);

inBrowser(
  "with keys one chooses a moment in a plot",
  { data: () => Promise.resolve(lossy) },
  async (tab) => {
    await middleOf(tab, ".plot");
    await tab.until("document.querySelector('.plot svg') !== null");
    await tab.evaluate("document.querySelector('.plot').focus()");
    await tab.key("End");
    const chosen = () =>
      tab.evaluate<number>(
        "parseFloat(document.querySelector('.replay output').textContent)",
      );
    assertGreater(await chosen(), 29);
    await tab.key("Home");
    assertEquals(await chosen(), 0);
    await tab.key("ArrowRight");
    assertEquals(await chosen(), 1);
    assertMatch(await textOf(tab, ".plots .note"), /^\d\.\d+ s: process \d/);
  },
);

inBrowser(
  "a replay in which nodes say nothing says so, and isn't endless",
  { data: () => dataOf("1") },
  async (tab) => {
    await middleOf(tab, ".replay canvas");
    await tab.until(
      "document.querySelector('.replay .note').textContent.includes('The nodes sent each other nothing.')",
    );
    const speed = await tab.evaluate<string>(
      "document.querySelector('.replay [aria-label=Speed]').value",
    );
    assertGreater(Number(speed), 0.05);
  },
);

inBrowser(
  "two runs stand side by side, with one time for both",
  { data: async () => [lossy, await dataOf("3c")] },
  async (tab) => {
    const { length, apart } = await tab.evaluate<
      { length: number; apart: boolean }
    >(`(() => {
      const boxes = Array.from(
        document.querySelectorAll(".replay"),
        (replay) => replay.getBoundingClientRect(),
      );
      return {
        length: boxes.length,
        apart: boxes[0].right <= boxes[1].left && boxes[0].top === boxes[1].top,
      };
    })()`);
    assertEquals({ length, apart }, { length: 2, apart: true });
    await tab.evaluate(`(() => {
      const range = document.querySelectorAll(".replay input[type=range]")[1];
      range.value = String(0.5 * range.max);
      range.dispatchEvent(new Event("input"));
    })()`);
    const seconds = await tab.evaluate<number[]>(
      `Array.from(document.querySelectorAll(".replay output"), (output) => parseFloat(output.textContent))`,
    );
    assertGreater(seconds[0], 10);
    assertLess(Math.abs(seconds[0]! - seconds[1]!), 0.1);
  },
);

inBrowser(
  "of two runs both space-time diagrams show the same part",
  { data: async () => [lossy, await dataOf("3c")] },
  async (tab) => {
    const same = (span: string) =>
      tab.until(
        `Array.from(
          document.querySelectorAll(".space-time"),
          (each) => each.querySelector(".note").textContent.split(":")[0],
        ).join() === "From ${span},From ${span}"`,
      );
    await same("0.0 s to 14.4 s");
    await tab.evaluate(
      "document.querySelectorAll('[aria-label=\"Zoom in\"]')[1].click()",
    );
    await same("3.60 s to 10.80 s");
  },
);

inBrowser(
  "a run of the real Maelstrom stands beside one of ours",
  {
    data: () => Promise.resolve([byMaelstrom(lossy), lossy]),
  },
  async (tab) => {
    const text = await textOf(tab, "#views");
    assertStringIncludes(text, "3c broadcast --strategy flood, on Maelstrom");
    assertStringIncludes(text, "3c broadcast --strategy flood, seed 1");
    assertStringIncludes(text, "The messages of this run aren't known");
    assertNotMatch(text, /undefined|Nothing to show/);
  },
);

inBrowser(
  "of the largest official run a page draws only what can be seen",
  { data: () => dataOf("5b") },
  async (tab) => {
    const elements = await tab.evaluate<number>(
      "document.querySelectorAll('*').length",
    );
    assertLess(elements, 2000);
  },
);

inBrowser(
  "while 100,000 messages are dragged, a frame draws only what can be seen",
  { data: () => Promise.resolve(withMessages(100_000)) },
  async (tab) => {
    await tab.evaluate(
      "document.querySelector('[aria-label=\"Show the whole run\"]').click()",
    );
    await tab.evaluate(
      "document.querySelector('[aria-label=\"Zoom in\"]').click()",
    );
    const { x, y } = await middleOf(tab, ".space-time canvas");
    await tab.evaluate(countStrokes);
    await tab.mouse("mousePressed", x, y);
    for (let i = 1; i <= 20; i++) {
      await tab.mouse("mouseMoved", x, y + 5 * i, { pressed: true });
      await tab.evaluate(frames(2));
    }
    await tab.mouse("mouseReleased", x, y);
    const strokes = await tab.evaluate<number[]>("strokesOfFrames");
    assertGreater(strokes.length, 9);
    assertLess(Math.max(...strokes), 20_000);
  },
);

/** Comes true after so many frames. */
function frames(count: number): string {
  return `new Promise((resolve) => {
    const next = (left) =>
      left === 0 ? resolve(true) : requestAnimationFrame(() => next(left - 1));
    next(${count});
  })`;
}

/** Counts from now on how many lines each frame draws that draws any. */
const countStrokes = `{
  window.strokesOfFrames = [];
  let count = 0;
  const { lineTo } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.lineTo = function (...args) {
    count++;
    return lineTo.apply(this, args);
  };
  const frame = () => {
    if (count > 0) strokesOfFrames.push(count);
    count = 0;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}`;

/**
 * The table of runs in a real browser: what it shows, what one can do in it,
 * and that it keeps up with the store.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { handlerOf } from "../../lib/runner/serve/handler.ts";
import { pageCode } from "../../lib/report/page/bundle.ts";
import { chromium, type Tab, withTab } from "../browser.ts";
import { keep, keepFiles } from "./store.ts";
import { tempDir } from "../temp.ts";

if (chromium === undefined) {
  console.log("There is no Chromium here: the table isn't opened by tests.");
}

/** Opens the table of a store, and expects that all goes well. */
function inBrowser(
  name: string,
  { store, query = "", ...size }: {
    store: () => Promise<string>;
    query?: string;
    width?: number;
    dark?: boolean;
  },
  use: (tab: Tab, store: string) => Promise<void>,
) {
  Deno.test({
    name,
    ignore: chromium === undefined,
    async fn() {
      const folder = await store();
      const server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen() {} },
        handlerOf({ store: folder, host: "127.0.0.1" }),
      );
      try {
        await withTab(size, async (tab) => {
          const url = `http://127.0.0.1:${server.addr.port}/`;
          await tab.goto(url + query);
          await tab.until("'ready' in document.documentElement.dataset");
          await use(tab, folder);
          assertEquals(tab.complaints, []);
          const elsewhere = tab.requests
            .filter((each) => !each.startsWith(url) && !/^data:/.test(each));
          assertEquals(elsewhere, []);
        });
      } finally {
        await server.shutdown();
      }
    },
  });
}

/** Runs that look like judged ones, and one in progress. */
async function someRuns(): Promise<string> {
  const store = tempDir();
  const add = async (
    path: string,
    { pass = true, valid = true, ops = 0, args = "" },
  ) => {
    const [run] = path.split("/");
    const about = {
      engine: "sim",
      options: { workload: "broadcast", seed: 1 },
      args: args ? args.split(" ") : [],
    };
    await keepFiles(store, path, {
      "run.json": { ...about, run, workload: "broadcast" },
      "results.json": { "valid?": valid, stats: { count: ops } },
      "record.json": { ...about, id: run, pass, "wall-ms": 1500 },
      "index.html": "<h1>its page</h1>",
    });
  };
  await add("3a/20260101T000001.000Z", { ops: 190 });
  await add("3d/20260101T000002.000Z", { ops: 2000, args: "--strategy flood" });
  await add("3c/20260101T000003.000Z", { ops: 45, pass: false, valid: false });
  await keepFiles(store, "echo/20260101T000004.000Z", {
    "run.json": { run: "echo", engine: "stdio", workload: "echo" },
    "progress.json": { phase: "main", seconds: 3, ops: 12 },
  });
  return store;
}

/** The runs that are shown, in their order. */
function runsIn(tab: Tab): Promise<string[]> {
  return tab.evaluate(
    "Array.from(document.querySelectorAll('tbody .run'), (cell) => cell.textContent)",
  );
}

/** Waits until these runs are shown. */
function untilRuns(tab: Tab, ...runs: string[]): Promise<void> {
  return tab.until(
    `Array.from(document.querySelectorAll('tbody .run'), (cell) => cell.textContent).join() === "${runs}"`,
  );
}

function type(tab: Tab, selector: string, text: string): Promise<void> {
  return tab.evaluate(`{
    const field = document.querySelector(${JSON.stringify(selector)});
    field.value = ${JSON.stringify(text)};
    field.dispatchEvent(new Event(field.tagName === "INPUT" ? "input" : "change"));
  }`);
}

for (const [width, dark] of [[1280, false], [320, true]] as const) {
  inBrowser(
    `the runs are shown ${width} pixels wide, the newest first, coloured by verdict`,
    { store: someRuns, width, dark },
    async (tab) => {
      assertEquals(
        await tab.evaluate("document.documentElement.scrollWidth"),
        width,
      );
      assertEquals(await runsIn(tab), ["echo", "3c", "3d", "3a"]);
      const verdicts = await tab.evaluate<string[]>(
        "Array.from(document.querySelectorAll('tbody .verdict span'), (span) => span.textContent)",
      );
      assertEquals(
        verdicts,
        ["▸ in progress", "✗ invalid", "✓ valid", "✓ valid"],
      );
      const colours = await tab.evaluate<string[]>(
        "Array.from(document.querySelectorAll('tbody .verdict span'), (span) => getComputedStyle(span).color)",
      );
      assertEquals(new Set(colours).size, 3);
      assertEquals(colours[2], colours[3]);
    },
  );

  inBrowser(
    `text stands out from what is behind it, ${dark ? "dark" : "light"}`,
    { store: someRuns, width, dark },
    async (tab) => {
      // WCAG's contrast ratio: AA demands 4.5.
      const faint = await tab.evaluate<string[]>(`(() => {
        const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
        const luminance = (colour) => {
          const [r, g, b] = channels(colour).map((each) => {
            const part = each / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = (element) => {
          const colour = getComputedStyle(element).backgroundColor;
          return channels(colour)[3] === 0 ? behind(element.parentElement) : colour;
        };
        document.querySelectorAll("input[type=checkbox]:not(:disabled)")
          .forEach((box, i) => i < 2 && box.click());
        const faint = [];
        for (const element of document.querySelectorAll("main *")) {
          const hasText = Array.from(element.childNodes)
            .some((node) => node.nodeType === 3 && node.data.trim() !== "");
          if (!hasText) continue;
          const [a, b] = [getComputedStyle(element).color, behind(element)]
            .map(luminance).sort((a, b) => b - a);
          const ratio = (a + 0.05) / (b + 0.05);
          if (ratio < 4.5) faint.push(element.outerHTML + " " + ratio);
        }
        return faint;
      })()`);
      assertEquals(faint, []);
    },
  );
}

inBrowser(
  "words and a verdict choose among the runs, and stay in the address",
  { store: someRuns },
  async (tab) => {
    await type(tab, "input[type=search]", "FLOOD broadcast");
    assertEquals(await runsIn(tab), ["3d"]);
    assertEquals(
      await tab.evaluate("document.querySelector('.note').textContent"),
      "1 of 4 runs, 1 in progress",
    );
    await type(tab, "input[type=search]", "");
    await type(tab, "select", "invalid");
    assertEquals(await runsIn(tab), ["3c"]);
    assertEquals(await tab.evaluate("location.search"), "?verdict=invalid");
  },
);

inBrowser(
  "an address brings back what was looked for",
  { store: someRuns, query: "?find=broadcast&verdict=valid&sort=-ops" },
  async (tab) => assertEquals(await runsIn(tab), ["3d", "3a"]),
);

inBrowser(
  "columns sort with keys alone, and say so",
  { store: someRuns },
  async (tab) => {
    const button = (title: string) =>
      `Array.from(document.querySelectorAll("th button")).find((each) => each.textContent === "${title}")`;
    const sorted = () =>
      tab.evaluate<string[]>(
        "Array.from(document.querySelectorAll('th[aria-sort]:not([aria-sort=none])'), (th) => th.textContent + ' ' + th.ariaSort)",
      );
    assertEquals(await sorted(), ["When descending"]);
    await tab.evaluate(`${button("Ops")}.focus()`);
    await tab.key(" ");
    await untilRuns(tab, "3d", "3a", "3c", "echo");
    assertEquals(await sorted(), ["Ops descending"]);
    await tab.key(" ");
    await untilRuns(tab, "echo", "3c", "3a", "3d");
    assertEquals(await sorted(), ["Ops ascending"]);
    assert(await tab.evaluate(`document.activeElement === ${button("Ops")}`));
  },
);

inBrowser(
  "runs that go on, end and begin change the table, and nothing that the reader did",
  { store: someRuns, query: "?find=o&sort=run" },
  async (tab, store) => {
    await tab.evaluate("window.sameDocument = true");
    await untilRuns(tab, "3a", "3c", "3d", "echo");
    await tab.evaluate("document.querySelector('.run a').focus()");
    await tab.evaluate("document.querySelector('.box input').click()");

    await keepFiles(store, "echo/20260101T000004.000Z", {
      "progress.json": { phase: "main", seconds: 4, ops: 1612 },
    });
    await tab.until(
      "document.querySelector('tbody tr:last-child .ops').textContent === '1,612'",
    );
    await keepFiles(store, "echo/20260101T000004.000Z", {
      "results.json": { "valid?": true, stats: { count: 2000 } },
    });
    await tab.until(
      "document.querySelector('tbody tr:last-child .verdict').textContent === '✓ valid'",
    );
    await keepFiles(store, "1/20260101T000005.000Z", {
      "run.json": { run: "1", workload: "echo" },
    });
    await untilRuns(tab, "1", "3a", "3c", "3d", "echo");
    await Deno.remove(`${store}/3d`, { recursive: true });
    await untilRuns(tab, "1", "3a", "3c", "echo");

    assertEquals(
      await tab.evaluate(`[
        window.sameDocument,
        document.activeElement.textContent,
        document.querySelector("input:checked").ariaLabel,
        document.querySelector("input[type=search]").value,
      ]`),
      [true, "3a", "Compare 3a seed 1", "o"],
    );
  },
);

inBrowser(
  "an empty store says how to make a run, and shows it when it's there",
  { store: () => Promise.resolve(tempDir()) },
  async (tab, store) => {
    assertMatch(
      await tab.evaluate("document.querySelector('main').innerText"),
      /There are no runs yet.*deno task run --store \S+$/s,
    );
    await keepFiles(store, "1/20260101T000005.000Z", {
      "run.json": { run: "1", workload: "echo" },
    });
    await untilRuns(tab, "1");
  },
);

inBrowser(
  "what a run's files say is text, whatever it looks like",
  {
    async store() {
      const store = tempDir();
      const hostile =
        `"'><img src=x onerror=alert(1)><script>alert(1)</script>`;
      await keepFiles(store, "1/20260101T000005.000Z", {
        "run.json": { workload: hostile, engine: hostile, args: [hostile] },
        "results.json": { "valid?": false },
        "record.json": {
          ...{ workload: hostile, engine: hostile, args: [hostile] },
          reason: hostile,
        },
      });
      return store;
    },
  },
  async (tab) => {
    assertEquals(await runsIn(tab), ["1"]);
    assertEquals(
      await tab.evaluate("document.querySelectorAll('main img').length"),
      0,
    );
  },
);

inBrowser(
  "two runs are chosen, and compared side by side",
  {
    async store() {
      const store = tempDir();
      const code = await pageCode(tempDir());
      const when = (day: number) => new Date(Date.UTC(2026, 0, day));
      await keep(store, "1", { when: when(1), code });
      await keep(store, "3b", { when: when(2), code });
      await keep(store, "3b", {
        args: ["--strategy", "flood"],
        when: when(3),
        code,
      });
      return store;
    },
  },
  async (tab) => {
    const choose = (row: number) =>
      tab.evaluate(`document.querySelectorAll(".box input")[${row}].click()`);
    const said = () =>
      tab.evaluate<string>(
        "document.querySelector('.comparison').innerText.replaceAll(/\\s+/g, ' ')",
      );
    assert(await tab.evaluate("document.querySelector('.comparison').hidden"));
    await choose(0);
    assertMatch(await said(), /^3b --strategy flood seed 1: choose another/);
    await choose(1);
    assertEquals(
      await said(),
      "3b --strategy flood seed 1 and 3b seed 1 Compare Clear",
    );
    assert(
      await tab.evaluate(
        "document.querySelectorAll('.box input')[2].disabled",
      ),
      "there are two",
    );
    await tab.evaluate("document.querySelector('.comparison a').click()");
    await tab.until(
      "location.pathname === '/compare' && 'ready' in document.documentElement.dataset",
    );
    assertEquals(
      await tab.evaluate(
        "Array.from(document.querySelectorAll('.verdict h1'), (h1) => h1.textContent)",
      ),
      ["3b broadcast --strategy flood", "3b broadcast"],
    );
    assertEquals(
      await tab.evaluate("document.querySelectorAll('.replay').length"),
      2,
    );
  },
);

inBrowser(
  "from a run's page one comes to all runs, to its files and logs; its moments have links",
  {
    async store() {
      const store = tempDir();
      const code = await pageCode(tempDir());
      await keep(store, "3b", { code });
      return store;
    },
  },
  async (tab) => {
    const origin = await tab.evaluate<string>("location.origin");
    const follow = async (link: string) => {
      await tab.evaluate(`document.querySelector("${link}").click()`);
      await tab.until(`document.querySelector("${link}") === null`);
    };
    // The new document may be there before its body is.
    const shows = (text: string) =>
      tab.until(`document.body.innerText.includes("${text}")`);
    await follow(".run a");
    await tab.until("'ready' in document.documentElement.dataset");
    const page = await tab.evaluate<string>("location.href");
    // The page is in a sandbox, and may still do this.
    await tab.evaluate("document.querySelector('.plot').focus()");
    await tab.key("End");
    await tab.until("/^#t=\\d/.test(location.hash)");

    await follow(".ways .logs");
    await shows("n1.log");
    await tab.goto(page);
    await tab.until("'ready' in document.documentElement.dataset");
    await follow(".ways .files");
    await shows("history.jsonl");
    await tab.goto(page);
    await tab.until("'ready' in document.documentElement.dataset");
    await follow(".ways .runs");
    assertEquals(await tab.evaluate("location.href"), `${origin}/`);
  },
);

/** The page of runs with many seeds. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { seedsPage } from "../../lib/report/page/seeds_page.ts";
import type { RunRecord } from "../../lib/report/record.ts";
import { Tally } from "../../lib/report/tally.ts";
import { chromium, withTab } from "../browser.ts";
import { tempDir } from "../temp.ts";

/** Makes a record of which only what a page needs is there. */
function record(seed: number, reason?: string): RunRecord {
  return {
    id: "3d",
    seed,
    pass: reason === undefined,
    reason,
    results: {
      "valid?": reason === undefined,
      net: { servers: { "msgs-per-op": seed / 10 } },
      workload: { "stable-latencies": { "0.5": seed, "1": 2 * seed } },
    },
  } as unknown as RunRecord;
}

function pageOf(tally: Tally, asked: number): string {
  return seedsPage(
    [{
      ...{ id: "3d", options: { workload: "broadcast" }, tally, asked },
      command: "deno task run 3d --bin <mine>",
    }],
    { shared: "", wayTo: (folder) => `${folder}/index.html` },
  );
}

Deno.test("the page has the figures of the line, and each seed that failed with the way to its page", () => {
  const tally = new Tally([record(1), record(2)]);
  tally.add(record(3, "n0 said <script>alert(1)</script>\nand more"), "3d/a b");
  for (const seed of [5, 6, 7, 9]) tally.add(record(seed, `${seed} lost`));
  const page = pageOf(tally, 7);
  assertStringIncludes(page, "<title>5 of 7 runs did not pass</title>");
  for (
    const cell of ["2 of 7", "0.10 – 0.50 – 0.90", "1 – 5 – 9", "2 – 10 – 18"]
  ) assertStringIncludes(page, `<td class="number">${cell}</td>`);
  assert(!page.includes("<script"), page);
  assertStringIncludes(page, "n0 said &#60;script&#62;alert(1)");
  assertStringIncludes(page, `Page: <a href="3d/a%20b/index.html">3</a>`);
  assertStringIncludes(page, `<td class="seeds">5..7, 9</td>`);
  assertStringIncludes(page, "such as 5: 5 lost");
  assertStringIncludes(page, "deno task run 3d --bin &#60;mine&#62;</div>");
});

Deno.test("the page of seeds that pass has no list, and one that was cut short says so", () => {
  const tally = new Tally([record(1), record(2)]);
  const page = pageOf(tally, 2);
  assertStringIncludes(page, "<h1>All 2 runs passed</h1>");
  assertEquals(page.includes("<h2>"), false);
  assertStringIncludes(pageOf(tally, 9), "2 of 2, 9 in all");
});

Deno.test({
  name: "on paper no figure is cut off",
  ignore: chromium === undefined,
  async fn() {
    const tally = new Tally([11111, 22222, 33333].map((seed) => record(seed)));
    const path = `${tempDir()}/seeds.html`;
    await Deno.writeTextFile(path, pageOf(tally, 3));
    await withTab({}, async (tab) => {
      await tab.goto(`file://${path}`);
      await tab.evaluate(
        `matchMedia("print").onchange = ({ matches }) => {
          const { scrollWidth, clientWidth } = document.querySelector(".wide");
          if (matches) window.over = scrollWidth - clientWidth;
        };`,
      );
      await tab.pdf();
      assertEquals(await tab.evaluate("window.over"), 0);
    });
  },
});

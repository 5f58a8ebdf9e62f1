/**
 * The pictures have to be what the code draws today, right, and readable
 * wherever they are shown.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { runs } from "../../challenges/runs.ts";
import { draw, keep } from "../../lib/runner/pictures.ts";
import { anomalies } from "../../lib/runner/pictures/anomalies.ts";
import * as counter from "../../lib/runner/pictures/g_counter.ts";
import { judgeOnce, messagesOf } from "../../lib/runner/pictures/judged.ts";
import {
  measureWays,
  outlive,
} from "../../lib/runner/pictures/large_clusters.ts";
import * as log from "../../lib/runner/pictures/kafka.ts";
import { storyOf } from "../../lib/runner/pictures/partition.ts";
import { journeyOf } from "../../lib/runner/pictures/strategies.ts";
import { fileOf, markup } from "../../lib/runner/pictures/svg.ts";
import { measureAll } from "../../lib/runner/pictures/trade_off.ts";
import { idsOf, repeated, ways } from "../../lib/runner/pictures/unique_ids.ts";
import type { ElleFindings } from "../../lib/workbench/checkers/elle/findings.ts";
import type { Op } from "../../lib/workbench/load/history.ts";
import { resolve } from "../../lib/workbench/test.ts";
import { checkHistory } from "../../lib/workbench/verdict.ts";
import { tempDir } from "../temp.ts";

const judged = judgeOnce();
const files = await draw(judged);

Deno.test("the pictures are those that deno task pictures draws", async () => {
  assertEquals(await quietly(() => keep(files, { check: true })), 0);
});

Deno.test("a picture that is out of date is found, and drawn anew", async () => {
  const folder = tempDir();
  const keepThere = (check: boolean) =>
    quietly(() => keep(files, { check, folder }));
  assertEquals(await keepThere(true), 1); // there are none
  assertEquals(await keepThere(false), 0);
  assertEquals(await keepThere(true), 0);
  await Deno.writeTextFile(`${folder}/kafka.svg`, "<svg/>");
  assertEquals(await keepThere(true), 1);
  assertEquals(await Deno.readTextFile(`${folder}/kafka.svg`), "<svg/>");
  assertEquals(await keepThere(false), 0);
  assertEquals(
    await Deno.readTextFile(`${folder}/kafka.svg`),
    files.get("kafka.svg"),
  );
});

Deno.test("the same run gives the same picture", async () => {
  const again = fileOf(await log.kafka(judgeOnce()));
  assertEquals(again, files.get("kafka.svg"));
});

for (const [name, text] of files) {
  Deno.test(`${name} is well-formed, self-contained and small`, () => {
    assertWellFormed(text);
    assert(/<title id="title">\S[^<]+<\/title>/.test(text));
    assert(/<desc id="description">\S[^<]+<\/desc>/.test(text));
    assert(text.includes("prefers-color-scheme: dark"));
    assert(!/<script|<image|<use|href=|@import|@font-face|\bon\w+=/.test(text));
    assertEquals(
      [...text.matchAll(/https?:[^"]*/g)].map(([url]) => url),
      ["http://www.w3.org/2000/svg"],
    );
    assert(!/url\((?!#)/.test(text));
    assertLess(text.length, 40_000);
    assert(!/NaN|undefined|Infinity/.test(text));
    const [, body = ""] = text.split("</desc>");
    assert(!/\d\.\d\d/.test(body.replace(/<style>[^]*<\/style>/, "")));
  });

  Deno.test(`in ${name} no text is too small`, () => {
    for (const [, px] of text.matchAll(/font(?:-size)?: (\d+)px/g)) {
      assert(Number(px) >= 14);
    }
  });
}

Deno.test("in large clusters the hub's work grows, and who gossips has no more than before", async () => {
  const costs = await measureWays(judged);
  const growth = (name: string) => {
    const own = costs.filter(({ way }) => way === name);
    const [few, many] = [25, 1000].map((count) =>
      own.find(({ nodes }) => nodes === count)!
    );
    return many!.busiest / few!.busiest;
  };
  assertLess(10, growth("hub"));
  for (const name of ["push-pull", "Plumtree"]) assertLess(growth(name), 2);
});

Deno.test("when a tenth of all nodes die, values are lost over a tree, and nowhere else", async () => {
  for (const { way, values } of await outlive(judged)) {
    assertLess(50, values.length);
    const lost = values.filter(({ lastMs }) => lastMs === Infinity).length;
    assertEquals(lost > 0, way === "flood over a tree", way);
  }
});

Deno.test("markup is escaped, and numbers are rounded", () => {
  assertEquals(
    markup`<text x="${1 / 3}" y="${-0.01}">${[`"a" & <b>`, 2]}</text>`.text,
    `<text x="0.3" y="0">&quot;a&quot; &amp; &lt;b&gt;\n2</text>`,
  );
});

Deno.test("text and arrows can be told from what is behind, light and dark", () => {
  const text = files.get("workbench.svg")!;
  const schemes = [...text.matchAll(/svg \{ (--page.*?) \}/g)]
    .map(([, rules = ""]) =>
      new Map(
        [...rules.matchAll(/--([\w-]+): (#\w+)/g)]
          .map(([, name, colour]) => [name, colour]),
      )
    );
  assertEquals(schemes.length, 2);
  for (const colours of schemes) {
    const contrastOf = (a: string, b: string) =>
      contrast(colours.get(a)!, colours.get(b)!);
    for (const behind of ["page", "band"]) {
      for (const text of ["text", "muted", "blue", "orange", "green"]) {
        assertLess(4.5, contrastOf(text, behind), `${text} on ${behind}`);
      }
    }
    assertLess(4.5, contrastOf("fault", "page"));
    assertLess(4.5, contrastOf("fault", "fault-band"));
    assertLess(3, contrastOf("line", "page"));
  }
});

Deno.test("unique ids: as many as the run has, and only the clock repeats", async () => {
  const judgement = await judged("2");
  const ids = idsOf(judgement);
  assertEquals(
    ids.length,
    judgement.results.workload["acknowledged-count"],
  );
  const [clock, nodeAndClock, composite] = ways
    .map(({ idOf }) => repeated(ids.map(idOf)));
  assertLess(nodeAndClock, clock);
  assertLess(0, nodeAndClock);
  assertEquals(composite, 0);
});

Deno.test("strategies: the messages that a topology of 25 makes", async () => {
  const messagesOf = async (args: string[], topology = "grid") => {
    const journey = journeyOf(await judged("3d", { args, topology }));
    assertEquals(journey.knownMs.size, 25);
    return journey.messages.length;
  };
  // Over each of the grid's 40 edges both ways, but not back to where it's from.
  assertEquals(await messagesOf(["--strategy", "flood"]), 2 * 40 - 24);
  assertEquals(await messagesOf(["--strategy", "flood"], "tree4"), 24);
  assertEquals(await messagesOf(["--strategy", "direct"]), 24);
  assertEquals(await messagesOf(["--beat-ms", "390"]), 24);
});

Deno.test("partition: what is lost is what had to cross it", async () => {
  const judgement = await judged("3c", { seed: 1 });
  const { partition: { fromMs, toMs, cuts }, carriers } = storyOf(judgement);
  assertEquals(judgement.results["valid?"], true);
  for (const { src, dest, sentMs, receivedMs } of carriers) {
    const during = fromMs <= sentMs && sentMs < toMs;
    assertEquals(
      receivedMs === undefined,
      during && cuts[dest]!.includes(src),
    );
  }
});

Deno.test("trade-off: the marked points are within the official limits", async () => {
  const { hub, rest } = await measureAll(judged);
  for (const [id, label] of [["3d", "390"], ["3e", "1350"]] as const) {
    const { limits } = runs.find((run) => run.id === id)!;
    const point = hub.find((each) => each.label === label)!;
    const figures = [point.perOp, point.medianMs, point.maxMs];
    limits!.forEach(({ below }, i) => assertLess(figures[i]!, below));
    // The runs differ in nothing but the beat.
    const { results } = await judged(id);
    assertEquals(results.net.servers["msgs-per-op"], point.perOp);
  }
  // What the heading says.
  const slower = hub.find(({ label }) => label === "390")!;
  const tree = rest.find(({ label }) => label === "tree")!;
  assertLess(slower.maxMs, tree.maxMs);
  assertLess(10 * slower.perOp, tree.perOp);
});

Deno.test("counter: final reads are wrong where the judge says so", async () => {
  for (const { strategy } of counter.panels) {
    const args = ["--strategy", strategy];
    const judgement = await judged("4", { seed: counter.seed, args });
    assertEquals(
      counter.wrongOf(counter.readsOf(judgement)).length === 0,
      judgement.results["valid?"],
    );
    assertEquals(judgement.results["valid?"], strategy !== "cas");
  }
});

Deno.test("kafka: polls show nothing beyond what is promised", async () => {
  const judgement = await judged("5c", log.difference);
  const { views, given } = log.momentOf(judgement);
  for (const { node, has, stable } of views) {
    assert(
      [...given.keys()].every((offset) => offset >= stable || has.has(offset)),
    );
    const polled = messagesOf(judgement)
      .filter(({ src, body, sentMs }) =>
        src === node && body.type === "poll_ok" && sentMs <= log.atMs
      )
      .flatMap(({ body }) =>
        Object.values(body.msgs as { [key: string]: [number, unknown][] })
          .flat().map(([offset]) => offset)
      );
    assertLess(Math.max(...polled), stable);
  }
});

for (const { name, transactions, aborted, orders } of anomalies) {
  Deno.test(`transactions: the checker finds ${name} in what is drawn`, () => {
    // A register doesn't tell in which order it was written: lists do.
    const asLists = orders !== undefined;
    const txns: { ok: boolean; ops: unknown[] }[] = transactions.map(
      (operations, i) => ({
        ok: !(aborted && i === 0),
        ops: operations.map(([f, ...rest]) => [
          asLists ? "append" : f,
          ...rest,
        ]),
      }),
    );
    if (asLists) {
      const ops = Object.entries(orders).map((order) => ["r", ...order]);
      txns.push({ ok: true, ops });
    }
    const history = txns.flatMap(({ ok, ops }, process): Op[] =>
      (["invoke", ok ? "ok" : "fail"] as const).map((type, i) => ({
        index: 2 * process + i,
        time: 2 * process + i,
        process,
        type,
        f: "txn",
        value: ops,
      }))
    );
    const found = checkHistory(
      history,
      resolve({
        workload: asLists ? "txn-list-append" : "txn-rw-register",
        "consistency-models": name === "G0"
          ? "read-uncommitted"
          : "read-committed",
      }),
    );
    const { workload } = found as { workload: ElleFindings };
    assert(
      workload["anomaly-types"]?.includes(name),
      JSON.stringify(workload),
    );
    assertEquals(workload["valid?"], false);
  });
}

/** Runs something that prints. */
async function quietly<T>(run: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => {};
  try {
    return await run();
  } finally {
    console.log = log;
  }
}

/** Every element that is opened is closed, and what isn't markup is escaped. */
function assertWellFormed(text: string) {
  const open: string[] = [];
  const tag =
    /<(\/?)([a-z]+)((?: [a-zA-Z-]+(?::[a-z]+)?="[^"<&]*(?:&\w+;[^"<&]*)*")*)(\/?)>/g;
  const rest = text.replace(tag, (_, end, name, _attributes, empty) => {
    if (end) assertEquals(open.pop(), name);
    else if (!empty) open.push(name);
    return "";
  });
  assertEquals(open, []);
  assert(!/[<>]|&(?!(amp|lt|gt|quot);)/.test(rest), rest);
}

/** Returns the contrast of two colours, from 1 to 21: WCAG's definition. */
function contrast(a: string, b: string): number {
  const [dark = NaN, light = NaN] = [luminance(a), luminance(b)].sort((a, b) =>
    a - b
  );
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const full = colour.length === 4 ? colour.replace(/\w/g, "$&$&") : colour;
  const [red = NaN, green = NaN, blue = NaN] = [1, 3, 5].map((at) => {
    const part = parseInt(full.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

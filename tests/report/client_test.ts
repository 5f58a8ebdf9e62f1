/**
 * The reckoning of the page's script, without a browser: the fragment of a
 * moment, where lost messages end, the way to all runs.
 */
import { assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { endsOf } from "../../lib/report/web/crosses.ts";
import { seconds, timeOf } from "../../lib/report/web/dom.ts";
import { wayToAllRuns } from "../../lib/report/web/header.ts";
import { lossWords } from "../../lib/report/web/message_tip.ts";
import { fragmentOf, momentOf } from "../../lib/report/web/moment.ts";
import { cases } from "../workbench/helpers.ts";

Deno.test("a moment's fragment gives back the moment, to the microsecond", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e12 }), (us) => {
      const ms = momentOf(fragmentOf(us / 1000))!;
      assertEquals(Math.round(ms * 1000), us);
    }),
    cases(),
  );
  assertEquals(fragmentOf(12_345), "#t=12.345");
  assertEquals(fragmentOf(0), "#t=0");
  assertEquals(fragmentOf(-300), "#t=0");
});

Deno.test("a fragment that names no moment is none", () => {
  for (
    const fragment of ["", "#", "#t=", "#t=-1", "#t=1e9", "#t=1.", "#t=x", "#x"]
  ) {
    assertEquals(momentOf(fragment), undefined, fragment);
  }
});

Deno.test("the set-up has no time, and what reckoning leaves below 0 is 0", () => {
  assertEquals(timeOf(-312), "set-up");
  assertEquals(timeOf(-1e-9, 0.001), "0.000000 s");
  assertEquals(timeOf(1500), seconds(1500));
});

Deno.test("messages that are lost at the same time end in different places", () => {
  const lane = fc.nat(5);
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.tuple(lane, lane).filter(([from, to]) => from !== to),
        { maxLength: 8, selector: String },
      ),
      (ways) => {
        const lost = ways.map(([from, to]) => ({ sentMs: 0, from, to }));
        const places = endsOf(lost, 1)
          .map((part, i) =>
            lost[i]!.from + part * (lost[i]!.to - lost[i]!.from)
          );
        places.sort((a, b) => a - b);
        for (let i = 1; i < places.length; i++) {
          assertGreater(places[i]! - places[i - 1]!, 0.01);
        }
      },
    ),
    cases(),
  );
});

Deno.test("a message that is lost alone ends before the middle of its way", () => {
  const lost = [0, 100, 200].map((sentMs) => ({ sentMs, from: 0, to: 1 }));
  assertEquals(endsOf(lost, 1), [0.4, 0.4, 0.4]);
});

Deno.test("a message that was on its way when the run ended isn't said to be lost", () => {
  assertEquals(lossWords.none, "not received before the run ended");
});

Deno.test("the way to all runs is right wherever the page is", () => {
  const way = (href: string) => wayToAllRuns(new URL(href), "3c");
  assertEquals(way("http://localhost:8080/run/3c/20260101T000000.000Z/"), "/");
  assertEquals(way("http://localhost:8080/compare?a=b"), "/");
  // What stands in the page is right there.
  assertEquals(
    way("file:///store/3c/20260101T000000.000Z/index.html"),
    undefined,
  );
  assertEquals(way("file:///store/3c/latest/index.html"), undefined);
  assertEquals(way("file:///store/latest/index.html"), "../?files");
});

/**
 * Statistics of every run: did operations succeed, how many, and how many
 * messages did that take?
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import {
  availability,
  net,
  stats,
} from "../../../lib/workbench/checkers/stats.ts";
import type { OpType } from "../../../lib/workbench/load/history.ts";
import type { Tallies } from "../../../lib/workbench/sim/network.ts";
import { cases, type Entry, historyOf, op } from "../helpers.ts";

/** Operations of a name that ended in these ways, one after the other. */
function ended(f: string, ...types: OpType[]): Entry[] {
  return types.flatMap((type) => [op(0, 0, "invoke", f), op(0, 0, type, f)]);
}

Deno.test("stats: counts by how operations ended, over all and for each kind", () => {
  const findings = stats(historyOf(
    ...ended("write", "ok", "ok", "fail", "info"),
    ...ended("read", "ok", "fail"),
  ));
  assertEquals(findings, {
    "valid?": true,
    count: 6,
    "ok-count": 3,
    "fail-count": 2,
    "info-count": 1,
    "by-f": {
      read: {
        "valid?": true,
        count: 2,
        "ok-count": 1,
        "fail-count": 1,
        "info-count": 0,
      },
      write: {
        "valid?": true,
        count: 4,
        "ok-count": 2,
        "fail-count": 1,
        "info-count": 1,
      },
    },
  });
  assertEquals(Object.keys(findings["by-f"]), ["read", "write"]);
});

Deno.test("stats: nothing was done, nothing is wrong", () => {
  const findings = stats([]);
  assertStrictEquals(findings["valid?"], true);
  assertStrictEquals(findings.count, 0);
  assertEquals(findings["by-f"], {});
});

Deno.test("stats: a kind of operation that never succeeded is wrong, however well the others went", () => {
  const findings = stats(historyOf(
    ...ended("write", "ok", "ok"),
    ...ended("read", "fail", "info"),
  ));
  assertStrictEquals(findings["valid?"], false);
  assertStrictEquals(findings["by-f"].read!["valid?"], false);
  assertStrictEquals(findings["by-f"].write!["valid?"], true);
});

Deno.test("stats: what never ended doesn't count", () => {
  const findings = stats(historyOf(op(0, 0, "invoke", "read")));
  assertStrictEquals(findings.count, 0);
  assertStrictEquals(findings["valid?"], true);
});

Deno.test("stats: what Kafka's clients do on purpose may always fail", () => {
  for (const f of ["crash", "debug-topic-partitions"]) {
    const alone = stats(historyOf(...ended(f, "info", "info")));
    assertStrictEquals(alone["valid?"], true);
    assertStrictEquals(alone["by-f"][f]!["valid?"], false);
    assertStrictEquals(alone["info-count"], 2);
    const beside = stats(historyOf(
      ...ended(f, "info"),
      ...ended("poll", "fail"),
    ));
    assertStrictEquals(beside["valid?"], false);
  }
});

Deno.test("stats: the nemesis's operations don't count", () => {
  const findings = stats(historyOf(
    op(0, "nemesis", "info", "start-partition"),
    op(0, "nemesis", "info", "start-partition"),
    ...ended("read", "ok"),
  ));
  assertStrictEquals(findings.count, 1);
  assertEquals(Object.keys(findings["by-f"]), ["read"]);
});

Deno.test("stats: kinds add up to all", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(
        fc.constantFrom("a", "b", "c"),
        fc.constantFrom<OpType>("ok", "fail", "info"),
      )),
      (ops) => {
        const { "by-f": byF, ...all } = stats(
          historyOf(...ops.flatMap(([f, type]) => ended(f, type))),
        );
        assertStrictEquals(all.count, ops.length);
        for (
          const key of [
            "count",
            "ok-count",
            "fail-count",
            "info-count",
          ] as const
        ) {
          assertStrictEquals(
            Object.values(byF).reduce((sum, each) => sum + each[key], 0),
            all[key],
          );
        }
        for (const type of ["ok", "fail", "info"] as const) {
          assertStrictEquals(
            all[`${type}-count`],
            ops.filter(([, each]) => each === type).length,
          );
        }
      },
    ),
    cases(),
  );
});

/** A history in which so many of so many operations succeeded. */
const succeeded = (ok: number, of: number) =>
  historyOf(
    ...ended(
      "f",
      ...Array.from(
        { length: of },
        (_, i): OpType => i < ok ? "ok" : i % 2 === 0 ? "fail" : "info",
      ),
    ),
  );

Deno.test("availability: the fraction of the invoked operations that succeeded", () => {
  assertAlmostEquals(
    availability(succeeded(2, 3), undefined)["ok-fraction"],
    2 / 3,
  );
});

Deno.test("availability: without a goal anything will do", () => {
  assertStrictEquals(availability(succeeded(0, 3), undefined)["valid?"], true);
});

Deno.test("availability: total means every single one", () => {
  assertStrictEquals(availability(succeeded(3, 3), "total")["valid?"], true);
  assertStrictEquals(
    availability(succeeded(999, 1000), "total")["valid?"],
    false,
  );
});

Deno.test("availability: a fraction is a lower bound", () => {
  const valid = (ok: number, goal: number) =>
    availability(succeeded(ok, 4), goal)["valid?"];
  assertStrictEquals(valid(2, 0.5), true);
  assertStrictEquals(valid(3, 0.5), true);
  assertStrictEquals(valid(1, 0.5), false);
  assertStrictEquals(valid(0, 0), true);
  assertStrictEquals(valid(4, 1), true);
  assertStrictEquals(valid(3, 1), false);
});

Deno.test("availability: of nothing is total", () => {
  assertEquals(availability([], "total"), { "valid?": true, "ok-fraction": 1 });
});

Deno.test("availability: what never ended did not succeed", () => {
  const findings = availability(
    historyOf(...ended("f", "ok"), op(0, 0, "invoke", "f")),
    "total",
  );
  assertEquals(findings, { "valid?": false, "ok-fraction": 0.5 });
});

Deno.test("availability: the nemesis's operations don't count", () => {
  const findings = availability(
    historyOf(
      op(0, "nemesis", "info", "start-partition"),
      op(0, "nemesis", "info", "start-partition"),
      ...ended("f", "ok"),
    ),
    "total",
  );
  assertStrictEquals(findings["ok-fraction"], 1);
});

/** Counts messages: `"n0>n1"` was received, `"n0>n1!"` was lost. */
function tallied(...messages: string[]): Tallies {
  const tallies = {
    clients: { sent: 0, received: 0, chars: 0 },
    servers: { sent: 0, received: 0, chars: 0 },
  };
  for (const text of messages) {
    const tally = text.includes("c") ? tallies.clients : tallies.servers;
    tally.sent++;
    if (!text.endsWith("!")) tally.received++;
  }
  return tallies;
}

Deno.test("net: messages of clients and of servers, those sent and those received", () => {
  const findings = net(
    tallied("c0>n0", "n0>n1", "n1>n0!", "n0>lin-kv", "lin-kv>n0", "n0>c0"),
    historyOf(...ended("f", "ok", "ok")),
  );
  assertEquals(findings, {
    "valid?": true,
    all: {
      "send-count": 6,
      "recv-count": 5,
      "msg-count": 6,
      "msgs-per-op": 3,
    },
    clients: { "send-count": 2, "recv-count": 2, "msg-count": 2 },
    servers: {
      "send-count": 4,
      "recv-count": 3,
      "msg-count": 4,
      "msgs-per-op": 2,
    },
  });
});

Deno.test("net: counts per client operation that was invoked, however it ended", () => {
  const findings = net(
    tallied("n0>n1", "n0>n1", "n0>n1", "n0>n1", "n0>n1", "n0>n1"),
    historyOf(
      op(0, "nemesis", "info", "start-partition"),
      op(0, "nemesis", "info", "start-partition"),
      ...ended("f", "ok", "fail", "info"),
      op(0, 9, "invoke", "f"),
    ),
  );
  assertStrictEquals(findings.servers["msgs-per-op"], 1.5);
});

Deno.test("net: without operations there is no count per operation", () => {
  const findings = net(tallied("c0>n0"), []);
  assert(!("msgs-per-op" in findings.all));
  assert(!("msgs-per-op" in findings.servers));
});

Deno.test("net: without messages all is 0", () => {
  const findings = net(tallied(), historyOf(...ended("f", "ok")));
  assertEquals(findings.all as unknown, {
    "send-count": 0,
    "recv-count": 0,
    "msg-count": 0,
    "msgs-per-op": 0,
  });
});

Deno.test("net: clients and servers add up to all", () => {
  const id = fc.constantFrom("c0", "c1", "n0", "n1", "lin-kv");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(id, id, fc.boolean())),
      (messages) => {
        const tallies = tallied(
          ...messages.map(([a, b, lost]) => `${a}>${b}${lost ? "!" : ""}`),
        );
        const { all, clients, servers } = net(tallies, []);
        for (
          const key of ["send-count", "recv-count", "msg-count"] as const
        ) {
          assertStrictEquals(clients[key] + servers[key], all[key]);
        }
        assertStrictEquals(all["msg-count"], messages.length);
      },
    ),
    cases(100),
  );
});

/**
 * The anomalies that models rule out, and what anomalies say of models.
 *
 * @module
 */
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  boundary,
  compareSeverity,
  friendlyName,
  modelNames,
  prohibitedBy,
} from "../../../../lib/workbench/checkers/elle/consistency.ts";
import { BadOption } from "../../../../lib/workbench/options.ts";
import { resolve } from "../../../../lib/workbench/test.ts";

Deno.test("each model rules out what it is known for", () => {
  const rulesOut = (model: string, anomaly: string) =>
    prohibitedBy([model]).has(anomaly);
  assert(rulesOut("read-uncommitted", "G0"));
  assertFalse(rulesOut("read-uncommitted", "G1a"));
  assert(rulesOut("read-committed", "G1a"));
  assert(rulesOut("read-committed", "G1c"));
  assertFalse(rulesOut("read-committed", "internal"));
  assert(rulesOut("read-atomic", "internal"));
  assert(rulesOut("snapshot-isolation", "lost-update"));
  assert(rulesOut("snapshot-isolation", "G-nonadjacent-item"));
  assertFalse(rulesOut("snapshot-isolation", "G2-item"));
  assert(rulesOut("repeatable-read", "G2-item"));
  assert(rulesOut("serializable", "G2"));
  assertFalse(rulesOut("serializable", "G-single-item-realtime"));
  assert(rulesOut("strong-session-serializable", "G2-item-process"));
  assertFalse(rulesOut("strong-session-serializable", "G2-item-realtime"));
  assert(rulesOut("strict-serializable", "G2-item-realtime"));
});

Deno.test("canonical and friendly names are the same models", () => {
  assertEquals(prohibitedBy(["PL-2"]), prohibitedBy(["read-committed"]));
  assertEquals(
    prohibitedBy(["strict-serializable"]),
    prohibitedBy(["strong-serializable"]),
  );
  assertEquals(friendlyName("PL-3"), "serializable");
});

Deno.test("an anomaly breaks the weakest models that rule it out, and all above", () => {
  assertEquals(boundary(["internal"]).not, ["read-atomic"]);
  assertEquals(boundary(["G2-item"]), {
    not: ["repeatable-read"],
    "also-not": [
      "serializable",
      "strong-serializable",
      "strong-session-serializable",
    ],
  });
  assertEquals(boundary(["G-single-item-realtime"]), {
    not: ["strong-snapshot-isolation"],
    "also-not": ["strong-serializable"],
  });
  assertEquals(boundary([]), { not: [], "also-not": [] });
});

Deno.test("worse anomalies come first", () => {
  const order = ["G0", "G1c", "G2-item", "G0-process", "G0-realtime"];
  assertEquals(order.toReversed().sort(compareSeverity), order);
});

Deno.test("--consistency-models takes every model, several at a time", () => {
  const taken = (text: string) =>
    resolve({ workload: "echo", "consistency-models": text })
      .options["consistency-models"];
  for (const model of modelNames) assertEquals(taken(model), model);
  assertEquals(
    taken("read-committed, snapshot-isolation"),
    "read-committed,snapshot-isolation",
  );
});

Deno.test("an unknown model is an error that names the nearest one", () => {
  assertThrows(
    () => resolve({ workload: "echo", "consistency-models": "serialisable" }),
    BadOption,
    "did you mean serializable?",
  );
});

/**
 * Whole runs of `broadcast` in virtual time.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { AnyMessages, App, Node } from "../../../lib/mod.ts";
import { judge, type Options } from "../../../lib/workbench/mod.ts";

const small: Options = {
  workload: "broadcast",
  "node-count": 1,
  rate: 20,
  "time-limit": 5,
};

Deno.test("broadcast: a node that says null before it has heard of anything is valid", async () => {
  const app: App<AnyMessages> = (node) => {
    let messages: number[] | null = null;
    node.on("topology", () => ({ type: "topology_ok" }));
    node.on("broadcast", ({ body }) => {
      messages = [...messages ?? [], body.message];
      return { type: "broadcast_ok" };
    });
    node.on("read", () => ({ type: "read_ok", messages }));
  };
  const firsts = new Set<unknown>();
  for (let seed = 1; seed <= 5; seed++) {
    const { results, reason, history } = await judge(app, { ...small, seed });
    assertEquals(results["valid?"], true, reason);
    const first = history.find(({ f, type }) => f === "read" && type === "ok");
    firsts.add(first!.value);
  }
  assert(firsts.has(null));
});

Deno.test("broadcast: null at the end is a read that misses everything", async () => {
  const { results, reason } = await judge((node: Node<AnyMessages>) => {
    node.on("topology", () => ({ type: "topology_ok" }));
    node.on("broadcast", () => ({ type: "broadcast_ok" }));
    node.on("read", () => ({ type: "read_ok", messages: null }));
  }, small);
  assertEquals(results.nodes["valid?"], true);
  assertEquals(results["valid?"], false, reason);
  assert(results.workload["lost-count"] as number > 30);
});

/**
 * Programs under virtual time that compute for ever: whatever they catch, they
 * are over.
 */
import { assertEquals } from "@std/assert";
import { inProcess } from "../../../lib/workbench/hosts/app.ts";
import {
  NodeEnded,
  type NodeError,
} from "../../../lib/workbench/hosts/host.ts";
import { startProgram } from "../../../lib/workbench/hosts/program.ts";
import { VirtualClock } from "../../../lib/workbench/sim/clock.ts";
import { Network } from "../../../lib/workbench/sim/network.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";

Deno.test("a program that catches its end has ended all the same", async () => {
  const clock = new VirtualClock();
  let turns = 0;
  const start = await startProgram({
    code: `
      for (;;) {
        try {
          $loop();
        } catch {
          console.error("caught");
          break;
        }
      }
      setTimeout(() => console.error("goes on"), 1);
      await new Promise(() => {});`,
    imports: [],
    url: "file:///node.ts",
    args: [],
  }, {
    onStrange() {},
    onLoop() {
      if (++turns === 3) throw new NodeEnded("computed for ever");
    },
  });
  const errors: NodeError[] = [];
  const logs: string[] = [];
  const host = inProcess(start, () => new Random("node"))("n0", {
    clock,
    network: new Network(clock, new Random("network"), {
      latencyMs: 0,
      latencyDist: "constant",
      handoverMs: [0, 0],
    }),
    onError: (error) => errors.push(error),
    onLog: (_, line) => logs.push(line),
  });
  await clock.drive(clock.sleepUntil(2e9));
  await host.stop();
  assertEquals(errors.map(({ kind, text }) => [kind, text]), [
    ["node-crashed", "n0 computed for ever"],
  ]);
  assertEquals(logs, []);
});

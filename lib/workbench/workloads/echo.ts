/**
 * `echo`: a node sends back what it was sent.
 *
 * @module
 */
import { echo as check, type EchoFindings } from "../checkers/echo.ts";
import { something } from "../checkers/judgeable.ts";
import type { RPC } from "../load/client.ts";
import { eachThread, forever } from "../load/generator.ts";
import { describeError, pairs } from "../load/history.ts";
import type { Workload } from "./workload.ts";

const echoRPC: RPC = {
  type: "echo",
  reply: { type: { is: "echo_ok" }, echo: "any" },
};

/** The workload. */
export const echo: Workload = {
  generator: () =>
    eachThread(() =>
      forever((random) => ({
        f: "echo",
        value: `Please echo ${random.integer(128)}`,
      }))
    ),
  open: (client, node) => async ({ value }) => {
    return {
      type: "ok",
      value: await client.rpc(node, echoRPC, { echo: value }),
    };
  },
  idempotent: new Set(),
  operations: { echo: { invoke: something } },
  needs: {
    // One whose end isn't known isn't held against the node.
    op: ({ type }) => type === "ok" || type === "fail",
    missing: "no echo ever came back",
  },
  check,
  anomaly: () => "wrong-echo",
  explain(findings, history) {
    const { errors } = findings as EchoFindings;
    const [first] = errors;
    if (first === undefined) return;
    const [, expected, , actual] = first;
    const echoed = (actual as { echo?: unknown } | null)?.echo;
    // The findings are in the order in which the echoes were asked for.
    const failed = pairs(history).find((op, index) =>
      history[index]!.type === "invoke" && op?.type === "fail"
    );
    return `${errors.length} of the echoes went wrong; the first was ${
      JSON.stringify(expected)
    }, and ${
      echoed === undefined
        ? `an error came back: ${describeError(failed)}`
        : `${JSON.stringify(echoed)} came back`
    }`;
  },
  drawing: { kind: "echo" },
};

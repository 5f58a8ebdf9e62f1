/**
 * `unique-ids`: every id that is ever handed out is different.
 *
 * @module
 */
import { present } from "../checkers/judgeable.ts";
import {
  uniqueIds as check,
  type UniqueIdsFindings,
} from "../checkers/unique_ids.ts";
import type { RPC } from "../load/client.ts";
import { identity } from "../sim/exact_json.ts";
import { forever } from "../load/generator.ts";
import type { Workload } from "./workload.ts";

const generateRPC: RPC = {
  type: "generate",
  reply: { type: { is: "generate_ok" }, id: "any" },
};

/** The workload. */
export const uniqueIds: Workload = {
  generator: () => forever(() => ({ f: "generate" })),
  open: (client, node) => async () => {
    const { id } = await client.rpc(node, generateRPC, {});
    return { type: "ok", value: id };
  },
  idempotent: new Set(),
  reusableClients: true,
  operations: { generate: { ok: present } },
  needs: {
    op: ({ type }) => type === "ok",
    missing: "no id was ever handed out",
  },
  check,
  anomaly: () => "duplicate",
  explain(findings, history) {
    const { "duplicated-count": count } = findings as UniqueIdsFindings;
    if (count === 0) return;
    const seen = new Set<string>();
    const repeated = history.find(({ type, value }) => {
      if (type !== "ok") return false;
      const key = identity(value);
      return seen.size === seen.add(key).size;
    });
    const ids = count === 1 ? "1 id was" : `${count} ids were`;
    return `${ids} handed out more than once; the first to come again was ${
      JSON.stringify(repeated?.value)
    }, to process ${repeated?.process}`;
  },
  drawing: { kind: "id" },
};

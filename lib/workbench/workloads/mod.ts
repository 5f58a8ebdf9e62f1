/**
 * The workloads by the names that Maelstrom gives them.
 *
 * @module
 */
import type { Test } from "../options.ts";
import { broadcast } from "./broadcast.ts";
import { echo } from "./echo.ts";
import { gCounter } from "./g_counter.ts";
import { gSet } from "./g_set.ts";
import { kafka } from "./kafka.ts";
import { linKV } from "./lin_kv.ts";
import { membership } from "./membership.ts";
import { pnCounter } from "./pn_counter.ts";
import { txnListAppend } from "./txn_list_append.ts";
import { txnRwRegister } from "./txn_rw_register.ts";
import { uniqueIds } from "./unique_ids.ts";
import type { Workload } from "./workload.ts";

/** The name of a workload. */
export type WorkloadName =
  | "echo"
  | "unique-ids"
  | "broadcast"
  | "g-set"
  | "g-counter"
  | "pn-counter"
  | "lin-kv"
  | "kafka"
  | "txn-list-append"
  | "txn-rw-register"
  | "membership";

/** All workloads that the workbench judges. */
export const workloads: { readonly [Name in WorkloadName]: Workload } = {
  echo,
  "unique-ids": uniqueIds,
  broadcast,
  "g-set": gSet,
  "g-counter": gCounter,
  "pn-counter": pnCounter,
  "lin-kv": linKV,
  kafka,
  "txn-list-append": txnListAppend,
  "txn-rw-register": txnRwRegister,
  membership,
};

/** Tells the names of workloads from other words. */
export function isWorkload(word: string): word is WorkloadName {
  return Object.hasOwn(workloads, word);
}

/** Tells whether the real Maelstrom has a workload, too. */
export function maelstromHas(workload: string): boolean {
  const known: Workload | undefined = isWorkload(workload)
    ? workloads[workload]
    : undefined;
  return !known?.isOurs;
}

/** The workload of a test, whose options have been checked. */
export function workloadOf({ options }: Pick<Test, "options">): Workload {
  return workloads[options.workload as WorkloadName];
}

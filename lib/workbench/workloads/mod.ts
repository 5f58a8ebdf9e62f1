/**
 * The workloads by the names that Maelstrom gives them.
 *
 * @module
 */
import { broadcast } from "./broadcast.ts";
import { echo } from "./echo.ts";
import { gCounter } from "./g_counter.ts";
import { gSet } from "./g_set.ts";
import { kafka } from "./kafka.ts";
import { linKV } from "./lin_kv.ts";
import { pnCounter } from "./pn_counter.ts";
import { txnListAppend } from "./txn_list_append.ts";
import { txnRwRegister } from "./txn_rw_register.ts";
import { uniqueIds } from "./unique_ids.ts";
import type { Workload } from "./workload.ts";

/** All workloads that the workbench judges. */
export const workloads: { readonly [name: string]: Workload } = {
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
};

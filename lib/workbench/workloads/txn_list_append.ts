/**
 * `txn-list-append`: transactions that append to lists, and read them.
 *
 * @module
 */
import { listAppend } from "../checkers/elle/list_append.ts";
import { transactional } from "./transactions.ts";
import type { Workload } from "./workload.ts";

/** The workload. */
export const txnListAppend: Workload = transactional({
  writeF: "append",
  read: {
    text: "list of elements or null",
    fits: (value) => value === null || Array.isArray(value),
  },
  check: listAppend,
});

/**
 * `txn-rw-register`: transactions that write registers, and read them.
 *
 * @module
 */
import { rwRegister } from "../checkers/elle/rw_register.ts";
import { transactional } from "./transactions.ts";
import type { Workload } from "./workload.ts";

/** The workload. */
export const txnRwRegister: Workload = transactional({
  writeF: "w",
  read: { text: "value", fits: () => true },
  check: rwRegister,
});

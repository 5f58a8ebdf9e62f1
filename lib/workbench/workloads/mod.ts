/**
 * The workloads by the names that Maelstrom gives them.
 *
 * @module
 */
import { broadcast } from "./broadcast.ts";
import { echo } from "./echo.ts";
import { uniqueIds } from "./unique_ids.ts";
import type { Workload } from "./workload.ts";

/** All workloads that the workbench judges. */
export const workloads: { readonly [name: string]: Workload } = {
  echo,
  "unique-ids": uniqueIds,
  broadcast,
};

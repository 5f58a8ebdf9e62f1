/**
 * The script's additions to the header, which can be read without it: buttons
 * that copy the commands, and ways that lead to the right place wherever the
 * page is.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../page/data.ts";
import { copyButton } from "./copy.ts";

/** Completes the header of all runs. */
export function completeHeader(runs: readonly PageData[]): void {
  const places = document.querySelectorAll(".again");
  for (const [i, { replay }] of runs.entries()) {
    places[i]?.append(copyButton("Copy", () => replay));
  }
  const [first] = runs;
  if (first === undefined) return;
  for (const way of document.querySelectorAll<HTMLAnchorElement>("a.runs")) {
    way.href = wayToAllRuns(location, first.record.id) ?? way.href;
  }
}

/**
 * Finds the page of all runs, if it isn't where the page's links expect it:
 * it's served, or was opened by the store's link to the latest run.
 */
export function wayToAllRuns(
  { protocol, pathname }: Pick<Location, "protocol" | "pathname">,
  id: string,
): string | undefined {
  if (protocol.startsWith("http")) return "/";
  const [, folder, run = ""] = pathname.split("/").reverse();
  return folder === "latest" && decodeURIComponent(run) !== id
    ? "../?files"
    : undefined;
}

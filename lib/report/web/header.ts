/**
 * What the script adds to the header, which can be read without it: buttons
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
  document.querySelectorAll(".again").forEach((again, i) =>
    again.append(copyButton("Copy", () => runs[i].replay))
  );
  for (const way of document.querySelectorAll<HTMLAnchorElement>("a.runs")) {
    way.href = wayToAllRuns(location, runs[0].record.id) ?? way.href;
  }
}

/**
 * Where all runs are, if the page isn't where its links expect it: it's served,
 * or was opened by the store's link to the latest run.
 */
export function wayToAllRuns(
  { protocol, pathname }: Pick<Location, "protocol" | "pathname">,
  id: string,
): string | undefined {
  if (protocol.startsWith("http")) return "/";
  const [, folder, run] = pathname.split("/").reverse();
  return folder === "latest" && decodeURIComponent(run) !== id
    ? "../?files"
    : undefined;
}

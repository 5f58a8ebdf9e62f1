/**
 * All that is told of a run in which a failure was looked for.
 *
 * @module
 */
import { type Case, failureIn, type Size } from "../workbench/search/case.ts";
import { type Judged, sizeOf } from "../workbench/search/shrink.ts";
import { story } from "../workbench/search/story.ts";

/** A run in which a failure was looked for. */
export interface Found {
  /** The size of the run; its faults are those that struck. */
  size: Size;
  /** The failure; absent if there was none. */
  failure?: {
    /** Its name, by which it's told from others. */
    name: string;
    case: Case;
    /** The events of the run, a line each, and the mistake in words. */
    story: string;
  };
  /** Set if it was made small: its size before, and how far that came. */
  shrunk?: { from: Size; runs: number; isDone: boolean };
}

/** Tells of a run. */
export function tellFound(judged: Judged): Found {
  const name = failureIn(judged.judgement);
  return {
    size: sizeOf(judged),
    ...name !== undefined && {
      failure: { name, case: judged.case, story: story(judged.judgement) },
    },
  };
}

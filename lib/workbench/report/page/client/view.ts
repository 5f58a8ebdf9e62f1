/**
 * What the page and its parts expect of each other.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../data.ts";

/** A part of the page: an element, and what it does as time is chosen. */
export interface View {
  element: HTMLElement;
  /** Shows this moment, where there's something to show of it. */
  onTime?(ms: number): void;
  /** Shows this part of the run, where it shows a part. */
  onSpan?(fromMs: number, toMs: number): void;
}

/** What a view may ask of the page. */
export interface Page {
  /** Chooses a moment for all views: the replay goes there, and so on. */
  showTime(ms: number): void;
  /** Chooses a part of the time for all diagrams: two runs stay side by side. */
  showSpan(fromMs: number, toMs: number): void;
}

/** How each view is made. */
export type MakeView = (data: PageData, page: Page) => View | undefined;

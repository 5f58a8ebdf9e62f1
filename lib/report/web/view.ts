/**
 * The interface between the page and its parts.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../page/data.ts";
import type { Colours } from "./families.ts";

/** A part of the page: an element, and what it does as time is chosen. */
export interface View {
  element: HTMLElement;
  /**
   * True if it shows single messages or operations: there one is taken to see a
   * moment.
   */
  showsDetail?: boolean;
  /** Shows this moment, where there's something to show of it. */
  onTime?(ms: number): void;
  /**
   * Shows this part of the run, where it shows a part.
   *
   * @param first whether it's just what a diagram opened on.
   */
  onSpan?(fromMs: number, toMs: number, first: boolean): void;
}

/** The services of the page to a view. */
export interface Page {
  /** Chooses a moment for all views: the replay goes there, and so on. */
  showTime(ms: number): void;
  /** Chooses a part of the time for all diagrams: two runs stay side by side. */
  showSpan(fromMs: number, toMs: number, first?: boolean): void;
  /** Takes the reader to a moment: what happened around it fills the diagrams. */
  goTo(ms: number): void;
  /** The address that opens the page at a moment. */
  linkTo(ms: number): string;
  /** The colours of messages. */
  colours: Colours;
}

/** The makers of the views. */
export type MakeView = (data: PageData, page: Page) => View | undefined;

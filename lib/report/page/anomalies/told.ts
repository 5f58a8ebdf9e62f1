/**
 * The words of every anomaly, whatever its drawing.
 *
 * @module
 */

/** The common part of all anomalies: their words, and their place in time. */
export interface Told {
  /** A title, in a line. */
  title: string;
  /** The events, in the order in which they're best understood. */
  story: string[];
  /**
   * True if the story says in its own words, and closer, what the reason says
   * below its first line.
   */
  retold?: boolean;
  /** The moment at which it shows, in milliseconds since the run began. */
  momentMs: number;
}

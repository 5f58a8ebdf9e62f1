/**
 * What every anomaly says, whatever its drawing.
 *
 * @module
 */

/** What all anomalies have: their words, and their place in time. */
export interface Told {
  /** What it is, in a line. */
  title: string;
  /** What happened, in the order in which it's best understood. */
  story: string[];
  /**
   * Whether the story says in its own words, and closer, what the reason says
   * below its first line.
   */
  retold?: boolean;
  /** When it shows, in milliseconds since the run began. */
  momentMs: number;
}

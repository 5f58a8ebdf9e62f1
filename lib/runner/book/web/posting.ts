/**
 * The form in which threads hand over what they have judged. Numbers that are
 * kept exactly are objects, which can't be posted.
 *
 * @module
 */
import type { PageData } from "../../../report/page/data.ts";

/** A value as JSON has it. */
export function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** A page's data; the columns of its messages can be posted as they are. */
export function plainData({ messages, ...others }: PageData): PageData {
  return { ...plain(others), messages };
}

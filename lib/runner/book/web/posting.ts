/**
 * The form in which threads hand over what they have judged. Numbers that are
 * kept exactly are objects, which can't be posted.
 *
 * @module
 */
import type { PageData } from "../../../report/page/data.ts";
import { firstMessages } from "../../../report/page/fit.ts";

/**
 * The most messages that are shown of a run: with millions, drawing them would
 * keep the reader's tab from all else.
 */
const maxMessages = 200_000;

/** A value as JSON has it. */
export function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** A page's data; the columns of its messages can be posted as they are. */
export function plainData(data: PageData): PageData {
  const count = Math.min(maxMessages, data.messages.body.length);
  const { messages, ...others } = firstMessages(data, count);
  return { ...plain(others), messages };
}

/**
 * As much of a run as there's room for on its page. It leaves out the end of
 * the run, and counts what it left out, so that the page can say so.
 *
 * @module
 */
import { msInNs } from "../../workbench/sim/clock.ts";
import type { LeftOut, PageData } from "./data.ts";
import { encode } from "./encode.ts";

/** The most characters of the packed data; the page's code has others. */
const maxChars = 4_500_000;

/** The part of that for what isn't a message, where all don't fit. */
const othersPart = 0.6;

/**
 * Packs a page's data, and leaves out what there's no room for.
 *
 * @returns what is left, and the same packed.
 */
export async function fit(
  data: PageData,
  room = maxChars,
): Promise<{ data: PageData; packed: string }> {
  const packed = await encode(data);
  if (packed.length <= room) return { data, packed };
  const whole = await withOthersIn(data, othersPart * room);
  let best = { data: firstMessages(whole, 0), packed: "" };
  // What messages take is known when they are packed: they may be alike.
  let [fitting, tooMany] = [0, data.messages.body.length];
  for (let step = 0; step < maxSteps; step++) {
    if (best.packed.length > enough * room) break;
    const rows = Math.floor((fitting + tooMany) / 2);
    const shown = firstMessages(whole, rows);
    const packed = await encode(shown);
    if (packed.length <= room) {
      fitting = rows;
      best = { data: shown, packed };
    } else tooMany = rows;
  }
  best.packed ||= await encode(best.data);
  return best;
}

/**
 * The most attempts at a number of messages, and the part of the room that is
 * enough.
 */
const maxSteps = 12;
const enough = 0.75;

/** Leaves out what makes a run too large without its messages, too. */
async function withOthersIn(data: PageData, room: number): Promise<PageData> {
  const bare = firstMessages(data, 0);
  const leftOut: LeftOut = { ...data.leftOut };
  let { knowledge, history } = bare;
  const measure = async () =>
    (await encode({ ...bare, knowledge, history })).length;
  let length = await measure();
  if (length > room && knowledge !== undefined) {
    knowledge = undefined;
    leftOut.knowledge = true;
    length = await measure();
  }
  while (length > room && history.length > 0) {
    const part = Math.max(0.1, Math.min(0.9, room / length));
    history = history.slice(0, Math.floor(history.length * part));
    length = await measure();
  }
  if (knowledge !== undefined) ({ knowledge } = data);
  const count = data.history.length - history.length;
  if (count > 0) {
    const afterMs = (history.at(-1)?.time ?? 0) / msInNs;
    leftOut.operations = { count, afterMs };
  }
  return { ...data, knowledge, history, leftOut };
}

/** Leaves out all messages but the first ones, of which there are so many. */
export function firstMessages(data: PageData, rows: number): PageData {
  const { messages, knowledge, leftOut } = data;
  const count = messages.body.length - rows + (leftOut?.messages?.count ?? 0);
  if (count === 0) return data;
  const first = <T>(column: ArrayLike<T>) =>
    Array.prototype.slice.call(column, 0, rows) as T[];
  return {
    ...data,
    messages: {
      ...messages,
      src: first(messages.src),
      dest: first(messages.dest),
      type: first(messages.type),
      sentMs: first(messages.sentMs),
      receivedMs: first(messages.receivedMs),
      lost: first(messages.lost),
      body: first(messages.body),
    },
    ...(knowledge && {
      knowledge: {
        ...knowledge,
        carriers: knowledge.carriers.map((own) =>
          own.filter((row) => row < rows)
        ),
      },
    }),
    leftOut: {
      ...leftOut,
      messages: { count, afterMs: messages.sentMs[rows - 1] ?? 0 },
    },
  };
}

/** Tells, in the middle of a sentence, what was left out, if anything was. */
export function leftOutText(
  { leftOut, messages, history }: PageData,
): string | undefined {
  if (leftOut === undefined) return undefined;
  const part = (
    what: string,
    left: LeftOut["messages"],
    shown: number,
  ) =>
    left === undefined ? [] : [
      `${left.count.toLocaleString("en")} of ${
        (left.count + shown).toLocaleString("en")
      } ${what}, those after ${(left.afterMs / 1000).toFixed(1)} s`,
    ];
  return [
    ...part("messages", leftOut.messages, messages.body.length),
    ...part("events of the history", leftOut.operations, history.length),
    ...(leftOut.knowledge ? ["which node knew which value when"] : []),
  ].join("; ");
}

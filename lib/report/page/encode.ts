/**
 * A page's data as text that fits into HTML: `../web/decode.ts` reads it.
 *
 * It's gzip in base64. Inside, the first line is JSON, with the columns of the
 * messages as small whole numbers that compress well; then there's a line for
 * each message, its body.
 *
 * @module
 */
import type { PageData } from "./data.ts";
import type { Knowledge } from "./knowledge.ts";

/** The first line: all but the bodies. */
export type Packed = Omit<PageData, "messages" | "knowledge"> & {
  knowledge?: Omit<Knowledge, "carriers"> & {
    /** The rows of each value's messages, counted from the one before. */
    carrierSteps: number[][];
  };
  messages: {
    parties: readonly string[];
    types: readonly string[];
    src: number[];
    dest: number[];
    type: number[];
    /** In microseconds, since the one before. */
    sentAfterUs: number[];
    /**
     * In microseconds, since it was sent. If it wasn't received, -1 and less:
     * why, as {@linkcode Messages.lost} has it.
     */
    latencyUs: number[];
  };
};

/** Packs a page's data. */
export async function encode(data: PageData): Promise<string> {
  const { messages, knowledge, ...others } = data;
  const { parties, types, src, dest, type, lost, body } = messages;
  const sentUs = Array.from(messages.sentMs, usOf);
  const packed: Packed = {
    ...others,
    ...(knowledge && { knowledge: withSteps(knowledge) }),
    messages: {
      parties,
      types,
      src: Array.from(src),
      dest: Array.from(dest),
      type: Array.from(type),
      sentAfterUs: sentUs.map((us, row) => us - (sentUs[row - 1] ?? 0)),
      latencyUs: Array.from(
        messages.receivedMs,
        (ms, row) => isNaN(ms) ? -1 - lost[row]! : usOf(ms) - sentUs[row]!,
      ),
    },
  };
  // JSON has no line breaks of its own.
  const text = [JSON.stringify(packed), ...body].join("\n");
  const zipped = await new Response(
    new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")),
  ).bytes();
  return zipped.toBase64();
}

function withSteps(
  { carriers, ...others }: Knowledge,
): Packed["knowledge"] {
  return {
    ...others,
    carrierSteps: carriers.map((rows) =>
      rows.map((row, i) => row - (rows[i - 1] ?? 0))
    ),
  };
}

function usOf(ms: number): number {
  return Math.round(ms * 1000);
}

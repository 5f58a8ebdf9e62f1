/**
 * Reads what `encode.ts` packed.
 *
 * @module
 */
import type { PageData } from "../page/data.ts";
import type { Packed } from "../page/encode.ts";
import type { Knowledge } from "../page/knowledge.ts";

/** Unpacks a page's data. */
export async function decode(text: string): Promise<PageData> {
  const zipped = bytesOf(text);
  const unzipped = await new Response(
    new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip")),
  ).text();
  const [first = "", ...body] = unzipped.split("\n");
  const { messages, knowledge, ...others }: Packed = {
    // Pages of earlier versions have none.
    mishaps: [],
    logs: { lines: [], leftOut: 0 },
    ...JSON.parse(first),
  };
  const { parties, types, src, dest, type, sentAfterUs, latencyUs } = messages;
  let sentUs = 0;
  const sentMs = new Float64Array(src.length);
  const receivedMs = new Float64Array(src.length);
  const lost = new Uint8Array(src.length);
  for (let row = 0; row < src.length; row++) {
    sentUs += sentAfterUs[row]!;
    const latency = latencyUs[row]!;
    sentMs[row] = sentUs / 1000;
    receivedMs[row] = latency < 0 ? NaN : (sentUs + latency) / 1000;
    lost[row] = latency < 0 ? -1 - latency : 0;
  }
  return {
    ...others,
    ...(knowledge && { knowledge: withCarriers(knowledge) }),
    messages: {
      parties,
      types,
      src: Uint16Array.from(src),
      dest: Uint16Array.from(dest),
      type: Uint16Array.from(type),
      sentMs,
      receivedMs,
      lost,
      body,
    },
  };
}

function withCarriers(
  { carrierSteps, ...others }: NonNullable<Packed["knowledge"]>,
): Knowledge {
  // Pages of earlier versions have the carriers themselves.
  if (carrierSteps === undefined) return others as Knowledge;
  return {
    ...others,
    carriers: carrierSteps.map((steps) => {
      let row = 0;
      return steps.map((step) => row += step);
    }),
  };
}

/** Base64 as bytes: at once where the browser can, else fifty times slower. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64?.(text) ??
    Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

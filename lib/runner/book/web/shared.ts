/**
 * Programs in addresses, in which readers share them.
 *
 * @module
 */

/** Tells whether an address holds a program, by its fragment. */
export function holdsProgram(fragment: string): boolean {
  return fragment.startsWith("#program=");
}

/** A program as the fragment of an address. */
export async function fragmentOf(text: string): Promise<string> {
  const packed = await new Response(
    new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw")),
  ).arrayBuffer();
  // Not spread into arguments, of which there may only be so many.
  const bytes = Array.from(
    new Uint8Array(packed),
    (byte) => String.fromCharCode(byte),
  );
  const code = btoa(bytes.join(""));
  return `#program=${encodeURIComponent(code)}`;
}

/** The program that an address holds. */
export async function sharedIn(fragment: string): Promise<string | undefined> {
  const [, code] = /^#program=(.*)$/.exec(fragment) ?? [];
  if (code === undefined) return undefined;
  try {
    const packed = Uint8Array.from(
      atob(decodeURIComponent(code)),
      (char) => char.charCodeAt(0),
    );
    return await new Response(
      new Blob([packed]).stream()
        .pipeThrough(new DecompressionStream("deflate-raw")),
    ).text();
  } catch {
    return undefined; // Somebody has cut it short.
  }
}

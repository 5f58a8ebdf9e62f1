/**
 * Writes all bytes, and not only as many as go at once: a disk that is almost
 * full takes some, and fails with the next.
 */
export async function writeAll(
  file: Deno.FsFile,
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await file.write(bytes.subarray(done));
  }
}

/**
 * Folders for a while.
 *
 * @module
 */
import { untilEnded } from "./ending.ts";

/**
 * Makes an empty folder, and removes it when a task is over, or when somebody
 * ends the program.
 *
 * @param dir the folder that it's made in; that of the system, unless given.
 * @throws {Ended} if the program was ended.
 */
export async function withTempDir<T>(
  act: (folder: string) => Promise<T>,
  dir?: string,
): Promise<T> {
  return await untilEnded(async (signal) => {
    const folder = await Deno.makeTempDir({ dir });
    const ended = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => ended.reject(signal.reason));
    try {
      return await Promise.race([act(folder), ended.promise]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/**
 * Gets the real Maelstrom ready, and shows how that goes.
 *
 * @module
 */
import {
  findMaelstrom,
  type InstallProgress,
  type Maelstrom,
  missingPictureTools,
  release,
  Unavailable,
} from "../maelstrom/mod.ts";
import type { CommandLine } from "./command_line.ts";
import { untilEnded } from "./ending.ts";
import { bar, liveLines } from "./live.ts";
import { complain } from "./output.ts";

/**
 * Finds the judge that the command line asks for.
 *
 * @returns the real Maelstrom; `undefined` for the workbench.
 */
export async function judgeFor(
  { engine, oursGiven }: Pick<CommandLine, "engine" | "oursGiven">,
): Promise<Maelstrom | undefined> {
  if (engine === "sim" || engine === "stdio") return undefined;
  if (engine !== "auto") return await getReady({ demanding: false });
  try {
    if (oursGiven.length > 0) {
      throw new Unavailable(`Maelstrom has no --${oursGiven[0]}`, "");
    }
    return await getReady({ demanding: true });
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    complain(`Judged by the embedded workbench: ${error.problem}`);
    return undefined;
  }
}

/**
 * Finds Maelstrom, or installs it.
 *
 * @param demanding true if failing pictures, and so failing verdicts, count as
 * no Maelstrom; otherwise there is just a warning.
 * @throws {Unavailable} if it can't be run here.
 */
async function getReady(
  { demanding }: { demanding: boolean },
): Promise<Maelstrom> {
  const env = Deno.env.toObject();
  const missing = missingPictureTools(env);
  const [first] = missing;
  if (demanding && first !== undefined) throw new Unavailable(first, "");
  const live = liveLines();
  let announced = false;
  const onProgress = (progress: InstallProgress) => {
    if (!announced) {
      announced = true;
      complain(`Installing Maelstrom from ${release.url}`);
    }
    live.show(() => [progressText(progress)]);
  };
  const maelstrom = await untilEnded((signal) =>
    findMaelstrom({ env, signal, onProgress })
  ).finally(live.clear);
  for (const text of missing) complain(text);
  return maelstrom;
}

const barWidth = 30;

/** `download  ████████░░░░  12.3 of 60.1 MB  4.5 MB/s` */
function progressText(
  { phase, doneBytes, totalBytes, seconds }: InstallProgress,
): string {
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  return [
    phase,
    ...(totalBytes === undefined ? [`${mb(doneBytes)} MB`] : [
      bar(doneBytes / totalBytes, barWidth),
      `${mb(doneBytes)} of ${mb(totalBytes)} MB`,
    ]),
    `${mb(doneBytes / Math.max(seconds, 0.001))} MB/s`,
  ].join("  ");
}

/**
 * A machine for Maelstrom to run on: a Java that only tells its version, and
 * the fake Maelstrom of `tests/fixtures/maelstrom`.
 *
 * @module
 */
import { patienceMs, root } from "../cli.ts";
import { tempDir } from "../temp.ts";

/** The folder of the fake Maelstrom: what `MAELSTROM_HOME` names. */
export const fakeHome = `${root}tests/fixtures/maelstrom`;

/** Writes a shell script; gives its path. */
export async function script(path: string, text: string): Promise<string> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`);
  await Deno.chmod(path, 0o755);
  return path;
}

/** Makes a `JAVA_HOME` whose Java says that it's of some version. */
export async function javaHome(version = "17.0.15"): Promise<string> {
  const home = tempDir();
  await Deno.mkdir(`${home}/bin`);
  await script(
    `${home}/bin/java`,
    `echo 'openjdk version "${version}" 2025-04-15' >&2`,
  );
  return home;
}

/** Waits until a process has gone, which takes a moment after it was killed. */
export async function gone(pid: number): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (await isAlive(pid)) {
    if (performance.now() > endMs) throw new Error(`${pid} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Tells whether a process is there, and not only waiting for its parent to
 * look.
 */
export async function isAlive(pid: number): Promise<boolean> {
  // Slim systems have no ps, others no /proc; Deno itself may not look there.
  const state = `ps -o stat= -p ${pid} || sed 's/.*) //' /proc/${pid}/stat`;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `(${state}) 2>/dev/null`],
  }).output();
  return /^[^Z\s]/.test(new TextDecoder().decode(stdout));
}

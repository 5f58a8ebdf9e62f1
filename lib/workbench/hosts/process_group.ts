/**
 * Programs that end together with everything that they started: each in a
 * process group of its own.
 *
 * A node may be a script that starts another program. A signal to the script
 * alone would leave that one behind, with the node's pipes in its hands. So
 * signals go to the group, and when its leader has ended, so does the rest.
 * Only a process that makes itself the leader of another group is out of reach.
 *
 * However this process ends, the groups end too: a guard, which is a small
 * shell, waits at a pipe, and kills them when the pipe's other end is gone.
 * Where there can be no guard (on Windows, or without the permission to run
 * anything), a node that outlives this process sees the end of its input, and
 * has to leave by itself.
 *
 * @module
 */

/** A program that runs, with all that it starts. */
export interface ProcessGroup {
  /** The program itself. */
  child: Deno.ChildProcess;
  /** Its end; by then the rest of its group has been killed. */
  ended: Promise<Deno.CommandStatus>;
  /** Sends a signal to all of them. */
  signal(signal: Deno.Signal): void;
}

/**
 * Starts a program in a process group of its own.
 *
 * @throws if it can't be started.
 */
export function startGroup(
  bin: string,
  options: Deno.CommandOptions,
): ProcessGroup {
  const child = new Deno.Command(bin, { ...options, detached: hasGroups() })
    .spawn();
  const { pid } = child;
  if (guarded.size === 0) guard = startGuard();
  guarded.add(pid);
  guard?.tell(`add ${pid}\n`);
  let over = false;
  const ended = child.status.then(async (status) => {
    signalGroup(child, "SIGKILL");
    over = true;
    guarded.delete(pid);
    guard?.tell(`remove ${pid}\n`);
    if (guarded.size === 0) await guard?.end();
    return status;
  });
  return {
    child,
    ended,
    // Afterwards its number may be another's.
    signal: (signal) => over || signalGroup(child, signal),
  };
}

/**
 * The time for which pipes are read after the end of their group, in
 * milliseconds. What was in them is read in far less; but they may be in the
 * hands of a process that has left the group, and then they have no end.
 */
const afterlifeMs = 1000;

/**
 * Waits until what a group has printed is read, now that it has ended.
 *
 * @param giveUp called if that takes too long; it has to end the reading.
 */
export async function allRead(
  reading: Promise<unknown>,
  giveUp: () => void,
): Promise<void> {
  const timer = setTimeout(giveUp, afterlifeMs);
  await reading;
  clearTimeout(timer);
}

function hasGroups(): boolean {
  return Deno.build.os !== "windows";
}

/** The groups that run. While there are some, they have one guard. */
const guarded = new Set<number>();

let guard: ReturnType<typeof startGuard>;

/**
 * Tells whether this process may send signals to any other, and run a shell.
 */
function mayReach(): boolean {
  return hasGroups() &&
    Deno.permissions.querySync({ name: "run" }).state === "granted";
}

function signalGroup(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    if (mayReach()) return Deno.kill(-child.pid, signal);
    child.kill(signal);
  } catch {
    // Nobody is left.
  }
}

/** Reads which groups there are, and kills them when there's no more to read. */
const guardScript = `
groups=" "
while read -r verb group; do
  case $verb in
    add) groups="$groups$group " ;;
    remove) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
`;

function startGuard() {
  if (!mayReach()) return undefined;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("sh", {
      args: ["-c", guardScript],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      // What ends this process, such as Ctrl-C, is not to end the guard.
      detached: true,
    }).spawn();
  } catch {
    return undefined; // There's no shell here.
  }
  const writer = child.stdin.getWriter();
  const encoder = new TextEncoder();
  return {
    tell(line: string): void {
      writer.write(encoder.encode(line)).catch(() => {});
    },
    async end(): Promise<void> {
      await writer.close().catch(() => {});
      await child.status;
    },
  };
}

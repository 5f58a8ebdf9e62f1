/**
 * Checks that a `--bin` can be started before anything runs, so that a problem
 * shows at once, and not as a crashed node.
 *
 * @module
 */
import { basename, resolve } from "node:path";
import { findProgram, headOf, isProgram } from "../maelstrom/machine.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { BadOption } from "../workbench/mod.ts";
import { isSource } from "./build.ts";
import { isWasm } from "./guest.ts";
import { quote } from "./shell.ts";

/**
 * Checks that a program can be started.
 *
 * @throws {BadOption} if it can't, with what to do.
 */
export function checkExecutable(path: string): void {
  const info = infoOf(path);
  if (!info.isFile) {
    throw new BadOption(`--bin ${path} isn't a file, but ${kindOf(info)}.`);
  }
  if (isSource(path) || isWasm(path)) return;
  if (headOf(path)?.startsWith("\0asm")) {
    throw new BadOption(
      `--bin ${path} is a WebAssembly module, and only run as one by a name that ends in .wasm: call it ${path}.wasm.`,
    );
  }
  if (info.mode === null) return; // Windows knows no such thing.
  if ((info.mode & 0o111) === 0) {
    throw new BadOption(
      `--bin ${path} isn't executable: chmod +x ${
        quote(path)
      }, and see that its first line names its interpreter.`,
    );
  }
  const problem = beginningProblem(path);
  if (problem !== undefined) throw new BadOption(`--bin ${path} ${problem}`);
}

function infoOf(path: string): Deno.FileInfo {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new BadOption(
        `--bin ${path} can't be inspected: ${systemReason(error)}.`,
      );
    }
    throw new BadOption(`--bin ${path} doesn't exist${placeHint(path)}.`);
  }
}

/** Tells where it was looked for, and what would be found. */
function placeHint(path: string): string {
  const env = Deno.env.toObject();
  const whole = resolve(path);
  const place = whole === path ? "" : `: there is no ${whole}`;
  // Tasks run in the folder of their deno.json, from wherever they're begun.
  const begun = resolve(env.INIT_CWD ?? "", path);
  if (begun !== whole && exists(begun)) {
    return `${place}. A task runs in the folder of its deno.json, wherever it was begun: write ${
      quote(begun)
    }`;
  }
  const [first = "", ...rest] = path.trim().split(/\s+/);
  const program = first.includes("/")
    ? isProgram(first) ? first : undefined
    : findProgram(first, env);
  if (program === undefined) return place;
  return rest.length > 0
    ? `${place}. It's a path, and no command line: write --bin ${program}, and behind all options -- ${
      rest.join(" ")
    }`
    : `${place}. It's a path, which isn't looked for in the PATH: write ${program} for that program`;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function kindOf(info: Deno.FileInfo): string {
  if (info.isDirectory) return "a folder";
  if (info.isFifo) return "a named pipe";
  if (info.isSocket) return "a socket";
  return "a device";
}

/** Tells what keeps a program from being started, by its first line. */
function beginningProblem(path: string): string | undefined {
  const head = headOf(path);
  // A file may be executable and unreadable.
  if (head === undefined) return undefined;
  if (head === "") return "is empty.";
  if (/^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)/.test(head)) {
    return "begins with a byte order mark, which hides its first line from the system: save it as UTF-8 without one.";
  }
  if (head.startsWith("#!")) return interpreterProblem(path, head);
  const system = systems.find(({ magic }) => magic.test(head));
  if (system !== undefined && !system.names.includes(Deno.build.os)) {
    return `is a program for ${system.title}, and this is ${Deno.build.os}: build it for this machine.`;
  }
  // A program of the machine's, or what the system was taught to start.
  if (head.includes("\0")) return undefined;
  return shellProblem(path);
}

/**
 * The beginnings of programs that only some systems run. Other systems hand
 * them to a shell, which takes them for scripts and does what they say.
 */
const systems: readonly {
  title: string;
  magic: RegExp;
  names: readonly string[];
}[] = [
  {
    title: "macOS",
    magic: /^(\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe\0\0\0[^\x20-\xff])/,
    names: ["darwin"],
  },
  {
    title: "Linux or BSD",
    magic: /^\x7fELF/,
    names: Deno.build.os === "darwin" ? [] : [Deno.build.os],
  },
];

/**
 * Tells what is wrong with the interpreter that a script's first line names.
 */
function interpreterProblem(path: string, head: string): string | undefined {
  const [line = ""] = head.slice(2).split("\n");
  const [, interpreter = "", rest = ""] =
    /^[ \t]*([^ \t]*)[ \t]*(.*)$/s.exec(line) ?? [];
  if (interpreter === "" || interpreter === "\r") {
    return `names no interpreter in its first line: write one behind #!, such as ${example}.`;
  }
  const named = `names ${interpreter.trimEnd()} in its first line`;
  if (interpreter.endsWith("\r")) return `${named}, ${carriageReturn(path)}`;
  if (!isProgram(interpreter)) {
    return `${named}, which isn't there, or isn't a program.`;
  }
  if (basename(interpreter) !== "env") return undefined;
  return envProblem(path, rest);
}

/** Tells what is wrong with the program that `env` is to look for. */
function envProblem(path: string, rest: string): string | undefined {
  const splits = rest.startsWith("-S") || Deno.build.os !== "linux";
  const [program = ""] = rest.replace(/^-S/, "").trimStart().split(
    splits ? /[ \t]+/ : "\n",
  );
  // Options and variables may come before it.
  if (/^-|=/.test(program)) return undefined;
  const named = `looks for ${
    JSON.stringify(program.trimEnd())
  } by its first line`;
  if (program.endsWith("\r")) return `${named}, ${carriageReturn(path)}`;
  if (program.includes("/") || findProgram(program, Deno.env.toObject())) {
    return undefined;
  }
  return /[ \t]/.test(program)
    ? `${named}, all of it as one name: write #!/usr/bin/env -S ${program}`
    : `${named}, and there is no such program on the PATH.`;
}

/** Tells what to do with a script that was saved as Windows does. */
function carriageReturn(path: string): string {
  return `with a carriage return at its end, as Windows ends lines: sed -i 's/\\r$//' ${
    quote(path)
  } takes them away.`;
}

const example = "#!/usr/bin/env python3";

/** A script without a first line that names an interpreter is the shell's. */
function shellProblem(path: string): string | undefined {
  try {
    const { success } = new Deno.Command("/bin/sh", {
      args: ["-n", resolve(path)],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync();
    if (success) return undefined;
  } catch {
    return undefined; // There's no shell here, or nobody may start it.
  }
  return `has no first line that names its interpreter, such as ${example}: a shell would run it, and to a shell it makes no sense.`;
}

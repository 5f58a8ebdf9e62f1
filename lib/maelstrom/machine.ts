/**
 * Maelstrom's needs of the machine: Java and git to run at all, and for its
 * pictures `dot` (Graphviz) and `gnuplot`.
 *
 * @module
 */
import { dirname } from "node:path";
import { Unavailable } from "./unavailable.ts";

/** Environment variables, by their names. */
export type Env = { readonly [name: string]: string | undefined };

/** A Java that is new enough. */
export interface Java {
  /** The program. */
  path: string;
  /** As it gives it itself: `"17.0.15"`. */
  version: string;
}

/** The oldest Java that runs Maelstrom, by the README of its releases. */
const oldestJava = 11;

/** The time that `java -version` may take. */
const versionTimeoutMs = 10_000;

/**
 * Finds Java: that of `JAVA_HOME`, else the first on the `PATH`.
 *
 * @throws {Unavailable} if there is none, it's too old, or it doesn't run.
 */
export async function findJava(env: Env): Promise<Java> {
  const home = env.JAVA_HOME;
  const path = home ? `${home}/bin/java` : findProgram("java", env);
  if (path === undefined || !isProgram(path)) {
    throw new Unavailable(
      home
        ? `JAVA_HOME is ${home}, and there is no program bin/java in it`
        : "Maelstrom needs Java, and there is none on the PATH",
      home
        ? "Set JAVA_HOME to the folder of a Java installation, or unset it."
        : installHint("java"),
    );
  }
  const text = await versionOf(path);
  const version = /version "([^"]+)"/.exec(text)?.[1];
  if (version === undefined) {
    throw new Unavailable(
      `${path} -version doesn't tell a version`,
      text.trim() === ""
        ? installHint("java")
        : `It said: ${text.trim()}\n${installHint("java")}`,
    );
  }
  if (majorOf(version) < oldestJava) {
    throw new Unavailable(
      `${path} is Java ${version}, and Maelstrom needs ${oldestJava} or newer`,
      installHint("java"),
    );
  }
  return { path, version };
}

/** Of `"17.0.15"` 17, of `"1.8.0_392"` 8, of `"22-ea"` 22. */
function majorOf(version: string): number {
  return Number(/^(?:1\.)?(\d+)/.exec(version)?.[1] ?? 0);
}

async function versionOf(java: string): Promise<string> {
  try {
    const { stdout, stderr } = await new Deno.Command(java, {
      args: ["-version"],
      stdin: "null",
      signal: AbortSignal.timeout(versionTimeoutMs),
    }).output();
    const decoder = new TextDecoder();
    return decoder.decode(stderr) + decoder.decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return (error as Error).message;
  }
}

/**
 * Makes sure that git is available: Jepsen notes the commit that it runs from,
 * and stops if it can't.
 *
 * @throws {Unavailable} if there is none.
 */
export function requireGit(env: Env): void {
  if (findProgram("git", env) !== undefined) return;
  throw new Unavailable(
    "Maelstrom needs git, and there is none on the PATH",
    installHint("git"),
  );
}

/** Programs without which some of Maelstrom's pictures fail. */
const pictureTools = [
  { tool: "gnuplot", verdicts: "every verdict that would be valid" },
  { tool: "dot", verdicts: "the verdict where transactions have anomalies" },
] as const;

/**
 * A warning before a run whose pictures will fail: a checker of Maelstrom's
 * that can't draw throws, and its verdict is then `unknown`.
 *
 * @returns a line for each program that is missing.
 */
export function missingPictureTools(env: Env): string[] {
  return pictureTools
    .filter(({ tool }) => findProgram(tool, env) === undefined)
    .map(({ tool, verdicts }) =>
      `${tool} isn't on the PATH: Maelstrom's pictures will fail, and turn ${verdicts} into unknown. ${
        installHint(tool)
      }`
    );
}

/** The first program of that name on the `PATH`. */
export function findProgram(name: string, env: Env): string | undefined {
  return (env.PATH ?? "").split(":")
    .filter((folder) => folder !== "")
    .map((folder) => `${folder}/${name}`)
    .find(isProgram);
}

/** Tells whether there is a file that may be executed. */
export function isProgram(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}

/** The number of bytes of a program that are read to see what it is. */
const headBytes = 512;

/** The first bytes of a file, as characters; `undefined` if it can't be read. */
export function headOf(path: string): string | undefined {
  try {
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(headBytes);
    const count = file.readSync(bytes) ?? 0;
    return String.fromCharCode(...bytes.subarray(0, count));
  } catch {
    return undefined;
  }
}

/** The words to type to run a program with this Java: the `PATH` to use. */
export function pathWith(java: Java, env: Env): string {
  return [dirname(java.path), env.PATH].filter(Boolean).join(":");
}

// ---- Packages ----

type Tool = "git" | "java" | "dot" | "gnuplot";

/**
 * The commands that install a package, as one types them; and how the packages
 * are called.
 */
interface System extends Record<Tool, string> {
  install: string;
}

/** By the ID of `/etc/os-release`, or one of its ID_LIKE. */
const systems: { readonly [id: string]: System } = {
  debian: {
    install: "apt-get install",
    git: "git",
    java: "default-jdk-headless",
    dot: "graphviz",
    gnuplot: "gnuplot-nox",
  },
  fedora: {
    install: "dnf install",
    git: "git",
    java: "java-latest-openjdk-headless",
    dot: "graphviz",
    gnuplot: "gnuplot",
  },
  alpine: {
    install: "apk add",
    git: "git",
    java: "openjdk17",
    dot: "graphviz",
    gnuplot: "gnuplot",
  },
  arch: {
    install: "pacman -S",
    git: "git",
    java: "jdk-openjdk",
    dot: "graphviz",
    gnuplot: "gnuplot",
  },
  suse: {
    install: "zypper install",
    git: "git",
    java: "java-17-openjdk-headless",
    dot: "graphviz",
    gnuplot: "gnuplot",
  },
};

const mac: System = {
  install: "brew install",
  git: "git",
  java: "openjdk",
  dot: "graphviz",
  gnuplot: "gnuplot",
};

/** Tells how to install a program on this system, or what to look for. */
function installHint(tool: Tool): string {
  const system = Deno.build.os === "darwin"
    ? mac
    : systemOf(readOsRelease() ?? "");
  if (system !== undefined) {
    return `Install it: ${system.install} ${system[tool]}`;
  }
  return tool === "java"
    ? `Install a JDK, version 17 or newer: https://adoptium.net`
    : `Install ${tool === "dot" ? "Graphviz" : tool}.`;
}

/** The system that an `/etc/os-release` describes, if it's one we know. */
export function systemOf(osRelease: string): System | undefined {
  const ids = [...osRelease.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)]
    .flatMap(([, words = ""]) => words.split(" "));
  return ids.map((id) => systems[id]).find((system) => system !== undefined);
}

function readOsRelease(): string | undefined {
  try {
    return Deno.readTextFileSync("/etc/os-release");
  } catch {
    return undefined;
  }
}

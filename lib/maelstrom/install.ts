/**
 * Finds the real Maelstrom on this machine, or downloads it.
 *
 * A download goes to a file of another name, is checked against its digest,
 * unpacked into a folder of another name, and only then moved into place, in
 * one step. A failure before that leaves nothing that looks like an
 * installation, and two installations at once don't disturb each other.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { type Env, findProgram, isProgram } from "./machine.ts";
import { Unavailable } from "./unavailable.ts";
import { writeAll } from "./write_all.ts";

/** An archive that can be downloaded. */
export interface Release {
  version: string;
  url: string;
  /** Of the archive, in hexadecimal. */
  sha256: string;
}

/** The Maelstrom of the challenges. */
export const release: Release = {
  version: "0.2.4",
  url:
    "https://github.com/jepsen-io/maelstrom/releases/download/v0.2.4/maelstrom.tar.bz2",
  sha256: "301ec71d6b12af0d765edb413f5cf5aa1046b5609bd4e31376a0b549548e5799",
};

/** The progress of an installation. */
export interface InstallProgress {
  phase: "download" | "unpack";
  doneBytes: number;
  /** `undefined` if the server doesn't say. */
  totalBytes?: number;
  /** Since the phase began. */
  seconds: number;
}

/** Settings of {@linkcode install}. */
export interface InstallSettings {
  env: Env;
  /** The release to download if there is no installation. */
  release?: Release;
  /** The time that the server may take to answer, in milliseconds. */
  answerTimeoutMs?: number;
  /** The time that it may then be silent, in milliseconds. */
  silenceTimeoutMs?: number;
  onProgress?(progress: InstallProgress): void;
  signal?: AbortSignal;
}

/**
 * Gives the path of Maelstrom's launcher: that in `MAELSTROM_HOME`; else
 * `maelstrom` on the `PATH`; else that in the user's cache folder, which is
 * downloaded unless it's there.
 *
 * @throws {Unavailable} if it isn't there and can't be downloaded.
 */
export async function install(
  { env, release: wanted = release, ...settings }: InstallSettings,
): Promise<string> {
  const home = env.MAELSTROM_HOME;
  if (home) {
    if (isProgram(`${home}/maelstrom`)) return `${home}/maelstrom`;
    throw new Unavailable(
      `MAELSTROM_HOME is ${home}, and there is no program maelstrom in it`,
      "Set it to the folder that Maelstrom's archive unpacks to, or unset it.",
    );
  }
  const onPath = findProgram("maelstrom", env);
  if (onPath !== undefined) return onPath;

  const cache = cacheFolder(env);
  const folder = `${cache}/maelstrom-${wanted.version}`;
  const launcher = `${folder}/maelstrom`;
  if (isProgram(launcher)) return launcher;
  await download(wanted, cache, folder, settings);
  return launcher;
}

/**
 * The user's cache folder, by the XDG Base Directory Specification: a relative
 * `XDG_CACHE_HOME` counts as none.
 */
function cacheFolder({ XDG_CACHE_HOME: xdg, HOME: home }: Env): string {
  if (xdg?.startsWith("/")) return `${xdg}/call-me-maybe`;
  if (home) return `${home}/.cache/call-me-maybe`;
  throw new Unavailable(
    "there is no folder to install Maelstrom in: neither HOME nor XDG_CACHE_HOME is set",
    "Set one of them, or MAELSTROM_HOME to an installation.",
  );
}

/** People who can't reach the server are to know within ten seconds. */
const defaultAnswerTimeoutMs = 6000;

/** A download that has begun deserves more patience. */
const defaultSilenceTimeoutMs = 30_000;

/** After that, what an installation left that was killed is thrown away. */
const leftoverMs = 24 * 60 * 60 * 1000;

/** The beginning of names under which an installation isn't whole yet. */
const unfinished = ".unfinished-";

async function download(
  wanted: Release,
  cache: string,
  folder: string,
  settings: Omit<InstallSettings, "env" | "release">,
): Promise<void> {
  const work = `${cache}/${unfinished}${crypto.randomUUID()}`;
  try {
    await onDisk(cache, async () => {
      await Deno.mkdir(cache, { recursive: true });
      await removeLeftovers(cache);
      await Deno.mkdir(work);
    });
    const archive = `${work}/archive`;
    await fetchArchive(wanted, archive, cache, settings);
    await onDisk(cache, () => unpack(archive, `${work}/whole`, settings));
    if (!isProgram(`${work}/whole/maelstrom`)) {
      throw new Unavailable(
        `${wanted.url} holds no program maelstrom/maelstrom`,
        byHand(wanted),
      );
    }
    try {
      await Deno.rename(`${work}/whole`, folder);
    } catch (error) {
      // Somebody else was faster: theirs is as good.
      if (!isProgram(`${folder}/maelstrom`)) throw error;
    }
  } catch (error) {
    settings.signal?.throwIfAborted();
    throw error;
  } finally {
    await Deno.remove(work, { recursive: true }).catch(() => {});
  }
}

/** Downloads the archive, and holds it against its digest. */
async function fetchArchive(
  wanted: Release,
  path: string,
  cache: string,
  {
    answerTimeoutMs = defaultAnswerTimeoutMs,
    silenceTimeoutMs = defaultSilenceTimeoutMs,
    onProgress,
    signal,
  }: Omit<InstallSettings, "env" | "release">,
): Promise<void> {
  const { url } = wanted;
  const fail = (problem: string) => new Unavailable(problem, byHand(wanted));
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expectWithin = (timeoutMs: number, silent: string) => {
    clearTimeout(timer);
    timer = setTimeout(
      () => silence.abort(fail(`${url} ${silent} ${timeoutMs / 1000} seconds`)),
      timeoutMs,
    );
  };
  const either = AbortSignal.any([
    silence.signal,
    ...(signal ? [signal] : []),
  ]);
  expectWithin(answerTimeoutMs, "doesn't answer within");
  try {
    const response = await fetch(url, { signal: either });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw fail(
        `${url} answered ${`${response.status} ${response.statusText}`.trim()}`,
      );
    }
    const length = Number(response.headers.get("content-length"));
    const totalBytes = length > 0 ? length : undefined;
    const tell = progressOf("download", totalBytes, onProgress);
    const hash = createHash("sha256");
    using file = await onDisk(
      cache,
      () => Deno.open(path, { write: true, createNew: true }),
    );
    for await (const chunk of response.body) {
      expectWithin(silenceTimeoutMs, "has sent nothing for");
      hash.update(chunk);
      await onDisk(cache, () => writeAll(file, chunk));
      tell(chunk.length);
    }
    const digest = hash.digest("hex");
    if (digest !== wanted.sha256) {
      throw fail(
        `what ${url} sent isn't Maelstrom ${wanted.version}: its SHA-256 is ${digest} instead of ${wanted.sha256}`,
      );
    }
  } catch (error) {
    if (silence.signal.aborted) throw silence.signal.reason;
    if (error instanceof Unavailable) throw error;
    if (error instanceof Deno.errors.NotCapable) {
      throw fail(
        `Maelstrom isn't installed, and this process may not download it (${
          systemReason(error)
        })`,
      );
    }
    throw fail(`${url} can't be downloaded: ${firstLine(causeOf(error))}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Unpacks `archive` into `folder`, without the folder that all is in. */
async function unpack(
  archive: string,
  folder: string,
  { onProgress, signal }: Pick<InstallSettings, "onProgress" | "signal">,
): Promise<void> {
  const [{ unpackTar }, { default: unbzip2 }] = await unpackers();
  const { size } = await Deno.stat(archive);
  const tell = progressOf("unpack", size, onProgress);
  const meter = new Transform({
    transform(chunk, _encoding, done) {
      tell(chunk.length);
      done(null, chunk);
    },
  });
  await pipeline(
    createReadStream(archive),
    meter,
    unbzip2(),
    // Asking how many processors there are would take a permission.
    unpackTar(folder, { strip: 1, concurrency: 1 }),
    { signal },
  );
}

/** No literals: Deno would download them before it runs anything at all. */
async function unpackers() {
  const [tar, bzip2]: [string, string] = ["modern-tar/fs", "unbzip2-stream"];
  return [
    await import(tar) as typeof import("modern-tar/fs"),
    await import(bzip2) as { default: typeof import("unbzip2-stream") },
  ] as const;
}

function progressOf(
  phase: InstallProgress["phase"],
  totalBytes: number | undefined,
  onProgress?: (progress: InstallProgress) => void,
) {
  const start = performance.now();
  let doneBytes = 0;
  return (bytes: number) => {
    doneBytes += bytes;
    const seconds = (performance.now() - start) / 1000;
    onProgress?.({ phase, doneBytes, totalBytes, seconds });
  };
}

/** Does something with the disk; says where if it can't be done. */
async function onDisk<T>(cache: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new Unavailable(
      `Maelstrom can't be installed in ${cache}: ${
        firstLine(systemReason(error))
      }`,
      "Make room there or permit writing, set XDG_CACHE_HOME to a better place, or MAELSTROM_HOME to an installation.",
    );
  }
}

/** Removes what installations left that were killed: nobody else can. */
async function removeLeftovers(cache: string): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    if (!name.startsWith(unfinished)) continue;
    const path = `${cache}/${name}`;
    // Another installation may be ending just now.
    const { mtime } = await Deno.stat(path).catch(() => ({ mtime: null }));
    if (mtime !== null && Date.now() - mtime.getTime() > leftoverMs) {
      await Deno.remove(path, { recursive: true }).catch(() => {});
    }
  }
}

function byHand({ url }: Release): string {
  return `To install it by hand, download ${url} elsewhere, unpack it, and set MAELSTROM_HOME to the folder "maelstrom" that it unpacks to.`;
}

/** The last of an error's causes says most: "Connection refused". */
function causeOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error
    ? causeOf(cause)
    // The address has been told.
    : message.replace(/^error sending request for url \(\S+\): /, "");
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

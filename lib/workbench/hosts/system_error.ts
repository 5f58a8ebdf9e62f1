/**
 * The reasons of the system for refusing something, in words. Deno's own
 * mention flags and error numbers, which don't help a person who mistyped a
 * path.
 *
 * @module
 */

const reasons: ReadonlyMap<unknown, string> = new Map(Object.entries({
  EACCES: "the system doesn't permit it",
  EAGAIN: "the system has no room for it at the moment",
  EPERM: "the system doesn't permit it",
  EBUSY: "something is using it",
  EDQUOT: "there is no room left for you there",
  EEXIST: "something else is in its place",
  EFBIG: "it would be too long a file",
  EINVAL: "there can be no such path",
  EIO: "the device fails",
  EISDIR: "it's a folder",
  ELOOP: "its symbolic links lead round in circles",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "its name is too long",
  ENFILE: "too many files are open",
  ENODEV: "there is no such device",
  ENOENT: "it doesn't exist",
  ENOEXEC: "it's no program for this machine",
  ENOMEM: "there is no memory left",
  ENOSPC: "there is no room left on the device",
  ENOTDIR: "a file stands on the way, where there should be a folder",
  EROFS: "it can only be read there",
  ETXTBSY: "something is writing to it",
}));

/** The codes of refusals that say nothing about what was asked for. */
const busy: ReadonlySet<unknown> = new Set(
  ["EAGAIN", "EMFILE", "ENFILE", "ENOMEM", "ETXTBSY"],
);

/** Tells whether the system might do the same another time. */
export function isBusy(error: unknown): boolean {
  return busy.has(codeOf(error));
}

function codeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  // Deno has no code for a program that's being written.
  return (error as { code?: unknown }).code ??
    (/\(os error 26\)/.test(error.message) ? "ETXTBSY" : undefined);
}

/**
 * Returns the reason why the system, or Deno, refused something, to follow a
 * colon; of any other error its message.
 */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Deno.errors.NotCapable) {
    const [, what] = /^Requires (\w+) access/.exec(error.message) ?? [];
    return what === "all"
      ? "Deno keeps programs out of there"
      : `Deno wasn't told to permit it${what ? ` (--allow-${what})` : ""}`;
  }
  return reasons.get(codeOf(error)) ?? error.message;
}

/**
 * Returns the words of an error, with the path that it's about if the system
 * made it.
 */
export function errorText(error: unknown): string {
  const reason = systemReason(error);
  const message = error instanceof Error ? error.message : reason;
  if (reason === message) return reason;
  const [, path] =
    /(?:^Requires .* access to |: \w+ |^Failed to spawn )['"](.*?)['"]/s
      .exec(message) ?? [];
  return path === undefined ? reason : `${path}: ${reason}`;
}

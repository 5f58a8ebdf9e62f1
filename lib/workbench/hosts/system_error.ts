/**
 * The reasons of the system for refusing something, in words. Deno's own
 * mention flags and error numbers, which don't help a person who mistyped a
 * path.
 *
 * @module
 */

const reasons: ReadonlyMap<unknown, string> = new Map(Object.entries({
  EACCES: "the system doesn't permit it",
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
  ENOSPC: "there is no room left on the device",
  ENOTDIR: "a file stands on the way, where there should be a folder",
  EROFS: "it can only be read there",
  ETXTBSY: "something is writing to it",
}));

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
  const { code } = error as { code?: unknown };
  return reasons.get(code) ?? error.message;
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

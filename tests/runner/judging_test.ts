/**
 * What the runs of a command come to together.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { exitCodeOf } from "../../lib/runner/judging.ts";

const run = (valid: unknown, others: object = {}) => ({
  pass: valid === true,
  results: { "valid?": valid },
  ...others,
});

Deno.test("the exit code: a run that is wrong outweighs those that are unknown, and a crash all", () => {
  const [valid, invalid, unknown] = [true, false, "unknown"].map((each) =>
    run(each)
  );
  const overLimit = run(true, { pass: false });
  const crashed = run("unknown", { crashed: true });
  for (
    const [runs, code] of [
      [[], 0],
      [[valid, valid], 0],
      [[invalid], 1],
      [[overLimit], 1],
      [[unknown], 2],
      [[valid, unknown, unknown], 2],
      [[unknown, invalid], 1],
      [[invalid, unknown], 1],
      [[unknown, overLimit, valid], 1],
      [[crashed], 255],
      [[invalid, unknown, crashed, valid], 255],
    ] as const
  ) {
    assertEquals(exitCodeOf(runs), code, JSON.stringify(runs));
  }
});

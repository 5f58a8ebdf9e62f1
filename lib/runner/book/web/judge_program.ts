/**
 * Judges a reader's program in the browser, in a thread of its own.
 *
 * @module
 */
/// <reference lib="dom" />
import { type Ask, judgeProgram, type Told } from "./program.ts";

// What of Deno a program may look at.
Object.assign(globalThis, {
  Deno: {
    version: { deno: "", v8: "", typescript: "" },
    build: { os: "linux", arch: "x86_64" },
    errors: {},
    inspect: String,
    noColor: true,
  },
});

const worker = self as unknown as {
  onmessage: (event: MessageEvent<Ask>) => void;
  postMessage(told: Told): void;
};

worker.onmessage = async ({ data }) => {
  worker.postMessage(await judgeProgram(data));
};

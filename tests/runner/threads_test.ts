/**
 * Threads that a worker has its parent start.
 */
import { assertEquals } from "@std/assert";
import {
  StartedThreads,
  type Wish,
  WishedThreads,
} from "../../lib/runner/threads.ts";
import { tempDir } from "../temp.ts";

/** Starts a thread as a worker does, whose parent is here, too. */
async function startedFor(code: string, isLocked: boolean) {
  const path = `${tempDir()}/thread.js`;
  await Deno.writeTextFile(path, code);
  const wishes: Wish["type"][] = [];
  const worker = new WishedThreads((wish) => {
    wishes.push(wish.type);
    parent.fulfil(wish);
  });
  const parent = new StartedThreads((failure) => worker.failed(failure));
  const heard = Promise.withResolvers<unknown>();
  const thread = worker.start(new URL(`file://${path}`), {
    message: heard.resolve,
    error: heard.reject,
  }, isLocked);
  return { thread, parent, wishes, heard: heard.promise };
}

const echo = `
  import { parentPort } from "node:worker_threads";
  (parentPort ?? self).onmessage = ({ data: { port } }) => {
    port.onmessage = ({ data }) => port.postMessage([data, isLocked()]);
  };
  const isLocked = () =>
    Deno.permissions.querySync({ name: "read" }).state !== "granted";
`;

for (const isLocked of [false, true]) {
  const kind = isLocked ? "a locked thread" : "a thread";
  Deno.test(`${kind} answers its worker, and is ended by it`, async () => {
    const { thread, parent, wishes, heard } = await startedFor(echo, isLocked);
    using _all = parent;
    thread.post("hello");
    assertEquals(await heard, ["hello", isLocked]);
    thread.end();
    assertEquals(wishes, ["start thread", "end thread"]);
  });
}

Deno.test("a worker hears that its thread failed", () => {
  const worker = new WishedThreads(() => {});
  const heard: string[] = [];
  const on = { message() {}, error: (text: string) => heard.push(text) };
  const thread = worker.start(new URL("file:///thread.js"), on, false);
  worker.failed({ id: 1, message: "no such thing" });
  thread.end();
  worker.failed({ id: 1, message: "that was over" });
  assertEquals(heard, ["no such thing"]);
});

/**
 * Waiting for files to change, in a file system of the test's own: nothing here
 * takes time.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { FileChanges, type FileSystem } from "../../lib/runner/file_changes.ts";
import { tempDir } from "../temp.ts";

type Event = Pick<Deno.FsEvent, "kind" | "paths">;

/** Files, folders, and events that the test makes. */
function fakeSystem(start: { [path: string]: string }) {
  const files = new Map(Object.entries(start));
  const folders = new Set(["/", "/p", "/p/sub"]);
  const armed: string[][] = [];
  let send: ((event?: Event) => void) | undefined;
  let due: (() => void) | undefined;
  const system: FileSystem = {
    stateOf: (path) => files.get(path) ?? "absent",
    isFolder: (path) => folders.has(path),
    watch(folders) {
      armed.push([...folders]);
      const queue: (Event | undefined)[] = [];
      let wake = () => {};
      const own = send = (event) => (queue.push(event), wake());
      return {
        async *[Symbol.asyncIterator]() {
          for (;;) {
            while (queue.length > 0) {
              const event = queue.shift();
              if (event === undefined) return;
              yield event;
            }
            await new Promise<void>((resolve) => wake = resolve);
          }
        },
        close: () => own(undefined),
      };
    },
    debounce: (act) =>
      Object.assign(() => due = act, { clear: () => due = undefined }),
  };
  const event = async (kind: Event["kind"], ...paths: string[]) => {
    send!({ kind, paths });
    await turn();
  };
  return {
    system,
    files,
    folders,
    armed,
    event,
    /** Writes a file, with the event that this causes. */
    async write(path: string, text: string) {
      files.set(path, text);
      await event("modify", path);
    },
    /** Tells whether something has happened that isn't settled. */
    isDue: () => due !== undefined,
    /** Lets so much time go by that all is settled. */
    async settle() {
      const act = due;
      due = undefined;
      act?.();
      await turn();
    },
  };
}

/** Lets promises do what they can. */
const turn = () => new Promise((resolve) => setTimeout(resolve));

/** Waits for a change, and tells which it was. */
function waitFor(fake: ReturnType<typeof fakeSystem>, ...paths: string[]) {
  const ending = new AbortController();
  const seen: { changed?: string[] } = {};
  const end = new FileChanges(paths, fake.system).next(ending.signal)
    .then((changed) => seen.changed = changed);
  return { seen, end, ending };
}

Deno.test("a file that is saved has changed, once it's quiet", async () => {
  const fake = fakeSystem({ "/p/a.ts": "1", "/p/b.ts": "1" });
  const { seen } = waitFor(fake, "/p/a.ts", "/p/b.ts");
  await fake.write("/p/a.ts", "");
  await fake.write("/p/a.ts", "2");
  assertEquals(seen.changed, undefined);
  await fake.settle();
  assertEquals(seen.changed, ["/p/a.ts"]);
});

Deno.test("all files that are saved at once are one change", async () => {
  const fake = fakeSystem({ "/p/a.ts": "1", "/p/sub/b.ts": "1" });
  const { seen } = waitFor(fake, "/p/a.ts", "/p/sub/b.ts");
  assertEquals(fake.armed, [["/p", "/p/sub"]]);
  await fake.write("/p/a.ts", "2");
  await fake.write("/p/sub/b.ts", "2");
  await fake.settle();
  assertEquals(seen.changed, ["/p/a.ts", "/p/sub/b.ts"]);
});

Deno.test("another file that takes its place is a change", async () => {
  const fake = fakeSystem({ "/p/a.ts": "1" });
  const { seen } = waitFor(fake, "/p/a.ts");
  fake.files.set("/p/a.ts", "2");
  await fake.event("rename", "/p/a.ts~", "/p/a.ts");
  await fake.settle();
  assertEquals(seen.changed, ["/p/a.ts"]);
});

Deno.test("what changed before the watching began is told at once", async () => {
  const fake = fakeSystem({ "/p/a.ts": "1" });
  const changes = new FileChanges(["/p/a.ts"], fake.system);
  fake.files.set("/p/a.ts", "2");
  assertEquals(await changes.next(AbortSignal.any([])), ["/p/a.ts"]);
});

Deno.test("reading, other files, and what comes to the same are no changes", async () => {
  const fake = fakeSystem({ "/p/a.ts": "1" });
  const { seen } = waitFor(fake, "/p/a.ts");
  await fake.event("access", "/p/a.ts");
  await fake.event("modify", "/p/store");
  assertEquals(fake.isDue(), false);
  await fake.write("/p/a.ts", "2");
  await fake.write("/p/a.ts", "1");
  await fake.settle();
  assertEquals(seen.changed, undefined);
  await fake.write("/p/a.ts", "3");
  await fake.settle();
  assertEquals(seen.changed, ["/p/a.ts"]);
});

Deno.test("where the system has lost count of events, the files are looked at", async () => {
  const fake = fakeSystem({ "/p/a.ts": "1" });
  const { seen } = waitFor(fake, "/p/a.ts");
  fake.files.set("/p/a.ts", "2");
  await fake.event("other");
  await fake.settle();
  assertEquals(seen.changed, ["/p/a.ts"]);
});

Deno.test("files that go away, and come back, are changes, and so with their folders", async () => {
  const fake = fakeSystem({ "/p/sub/b.ts": "1" });
  const gone = waitFor(fake, "/p/sub/b.ts");
  fake.files.clear();
  fake.folders.delete("/p/sub");
  await fake.event("remove", "/p/sub");
  await fake.settle();
  assertEquals(gone.seen.changed, ["/p/sub/b.ts"]);

  const back = waitFor(fake, "/p/sub/b.ts");
  assertEquals(fake.armed.at(-1), ["/p"]);
  fake.folders.add("/p/sub");
  await fake.event("create", "/p/sub");
  await fake.settle();
  assertEquals(fake.armed.at(-1), ["/p/sub"]);
  assertEquals(back.seen.changed, undefined);
  await fake.write("/p/sub/b.ts", "1");
  await fake.settle();
  assertEquals(back.seen.changed, ["/p/sub/b.ts"]);
});

Deno.test("it waits until it's told to end", async () => {
  const fake = fakeSystem({ "/p/a.ts": "1" });
  const { end, ending } = waitFor(fake, "/p/a.ts");
  const why = new Error("enough");
  ending.abort(why);
  assertEquals(await assertRejects(() => end), why);
});

Deno.test("files on a disk are watched", async () => {
  const folder = tempDir();
  const [a, absent] = [`${folder}/a.ts`, `${folder}/sub/b.ts`];
  await Deno.writeTextFile(a, "1");
  const { signal } = new AbortController();
  const wait = () => new FileChanges([a, absent]).next(signal);
  const act = async (change: () => Promise<unknown>) => {
    const changed = wait();
    await change();
    return await changed;
  };
  assertEquals(await act(() => Deno.writeTextFile(a, "22")), [a]);
  assertEquals(
    await act(async () => {
      await Deno.writeTextFile(`${a}~`, "3");
      await Deno.rename(`${a}~`, a);
    }),
    [a],
  );
  assertEquals(
    await act(async () => {
      await Deno.mkdir(`${folder}/sub`);
      await Deno.writeTextFile(absent, "1");
    }),
    [absent],
  );
  assertEquals(
    await act(() => Deno.remove(`${folder}/sub`, { recursive: true })),
    [absent],
  );
  assertEquals(await act(() => Deno.remove(a)), [a]);
});

/**
 * The disk of a node: what it gives back is what was synced, however it was cut
 * short; and what it can't have been is an error.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { Disk, DiskError, Node, type StableStorage } from "../lib/mod.ts";
import { FileStorage } from "../lib/file_storage.ts";
import type { Runtime } from "../lib/runtime.ts";
import { tempDir } from "./temp.ts";

/** A disk whose bytes, and whose moments, a test holds in its hand. */
class Memory implements StableStorage {
  readonly name = "n1's disk";
  bytes = new Uint8Array();
  writes = 0;
  failure: Error | undefined;
  /** Holds writes up until it's resolved. */
  gate: Promise<void> = Promise.resolve();

  read() {
    return Promise.resolve(this.bytes);
  }

  async append(bytes: Uint8Array) {
    await this.#write();
    this.bytes = new Uint8Array([...this.bytes, ...bytes]);
  }

  async replace(bytes: Uint8Array) {
    await this.#write();
    this.bytes = bytes.slice();
  }

  async #write() {
    await this.gate;
    if (this.failure) throw this.failure;
    this.writes++;
  }
}

/** A disk with each list of records in a frame of its own. */
async function written(frames: unknown[][], memory = new Memory()) {
  const disk = await Disk.open<unknown>(memory);
  const ends = [0];
  for (const frame of frames) {
    for (const record of frame) disk.append(record);
    await disk.sync();
    ends.push(memory.bytes.length);
  }
  return { memory, ends };
}

const someFrames = fc.array(
  fc.array(fc.json().map((json) => JSON.parse(json)), {
    minLength: 1,
    maxLength: 4,
  }),
  { minLength: 1, maxLength: 5 },
);

Deno.test("a new disk has nothing", async () => {
  const { snapshot, records } = await Disk.open(new Memory());
  assertEquals([snapshot, records], [undefined, []]);
});

Deno.test("what was synced is there, in order, whatever it is", async () => {
  await fc.assert(
    fc.asyncProperty(someFrames, async (frames) => {
      const { memory } = await written(frames);
      const { records } = await Disk.open<unknown>(memory);
      assertEquals(JSON.stringify(records), JSON.stringify(frames.flat()));
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("what JSON can't hold is refused, and leaves the rest readable", async () => {
  const memory = new Memory();
  const disk = await Disk.open<unknown, unknown>(memory);
  for (const value of [undefined, () => {}, Symbol("s"), 7n]) {
    assertThrows(() => disk.append(value), TypeError);
    assertThrows(() => disk.replace(value), TypeError);
  }
  await disk.sync();
  assertEquals(memory.writes, 0);
  disk.append(7);
  await disk.sync();
  assertEquals((await Disk.open(memory)).records, [7]);
});

Deno.test("what wasn't synced isn't there", async () => {
  const memory = new Memory();
  const disk = await Disk.open<number>(memory);
  disk.append(1);
  await disk.sync();
  disk.append(2);
  assertEquals((await Disk.open<number>(memory)).records, [1]);
});

Deno.test("a disk that ends anywhere gives all whole frames, and is mended", async () => {
  await fc.assert(
    fc.asyncProperty(someFrames, fc.nat(), async (frames, at) => {
      const { memory, ends } = await written(frames);
      const length = at % (memory.bytes.length + 1);
      memory.bytes = memory.bytes.subarray(0, length);
      const whole = ends.filter((end) => end <= length).length - 1;
      const disk = await Disk.open<unknown>(memory);
      const expected = frames.slice(0, whole).flat();
      assertEquals(JSON.stringify(disk.records), JSON.stringify(expected));
      assertEquals(memory.bytes.length, length, "to read it takes no room");
      disk.append("more");
      await disk.sync();
      assert(memory.bytes.length > ends[whole]!);
      const { records } = await Disk.open<unknown>(memory);
      assertEquals(
        JSON.stringify(records),
        JSON.stringify([...expected, "more"]),
      );
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("one byte that changes is an error, but in the last frame", async () => {
  await fc.assert(
    fc.asyncProperty(
      someFrames,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (frames, at, change) => {
        const { memory, ends } = await written(frames);
        const place = at % memory.bytes.length;
        memory.bytes[place]! ^= change;
        const last = ends.at(-2)!;
        if (place < last) {
          const error = await assertRejects(
            () => Disk.open(memory),
            DiskError,
          );
          assertMatch(error.message, /^n1's disk is damaged: at byte \d+ /);
        } else if (last === 0 && place <= memory.bytes.indexOf(10)) {
          // Of the first line of all, it may not be a frame's any more.
          const disk = await Disk.open<unknown>(memory).catch((error) => {
            assertMatch(error.message, /^n1's disk isn't what a node has kept/);
          });
          assertEquals(disk?.records ?? [], []);
        } else {
          const { records } = await Disk.open<unknown>(memory);
          assertEquals(
            JSON.stringify(records),
            JSON.stringify(frames.slice(0, -1).flat()),
          );
        }
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("a broken snapshot is an error, though nothing follows it: none was ever cut short", async () => {
  const memory = new Memory();
  const disk = await Disk.open<number, number[]>(memory);
  await disk.replace([1, 2, 3]);
  const whole = memory.bytes;
  const message =
    /^n1's disk is damaged: its snapshot isn't what was written\. .* remove it/;
  for (let place = whole.indexOf(91); place < whole.length; place++) { // from [ on
    for (const bytes of [whole.with(place, 0x7f), whole.subarray(0, place)]) {
      memory.bytes = bytes.slice();
      const error = await assertRejects(() => Disk.open(memory), DiskError);
      assertMatch(error.message, message);
      assertEquals(memory.bytes, bytes);
    }
  }
  // A record behind a sound one is cut off as ever.
  memory.bytes = whole;
  const again = await Disk.open<number, number[]>(memory);
  again.append(4);
  await again.sync();
  memory.bytes = memory.bytes.subarray(0, -1);
  assertEquals((await Disk.open<number, number[]>(memory)).snapshot, [1, 2, 3]);
});

Deno.test("what nobody kept there is an error, and stays as it is", async () => {
  const beginnings = ["#!/bin/sh\n", "[1]", "12\n", "1 0000000g", " ", "\xff"];
  for (const text of beginnings) {
    const memory = new Memory();
    memory.bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    const before = memory.bytes.slice();
    const error = await assertRejects(() => Disk.open(memory), DiskError);
    assertMatch(
      error.message,
      /^n1's disk isn't what a node has kept: .* Move/,
    );
    assertEquals(memory.bytes, before);
  }
});

Deno.test("a first write of which nothing is there but its place is none", async () => {
  const memory = new Memory();
  memory.bytes = new Uint8Array(4096);
  const disk = await Disk.open<number>(memory);
  assertEquals(disk.records, []);
  disk.append(1);
  await disk.sync();
  assertEquals((await Disk.open<number>(memory)).records, [1]);
});

Deno.test("whatever else is there, nothing crashes, and nothing is made up", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const memory = new Memory();
      memory.bytes = new Uint8Array(bytes);
      const disk = await Disk.open(memory).catch((error) => {
        assertInstanceOf(error, DiskError);
        assertEquals(memory.bytes, bytes);
      });
      assertEquals(disk?.records ?? [], []);
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("while one frame is written, all that comes shares the next", async () => {
  const memory = new Memory();
  const gate = Promise.withResolvers<void>();
  memory.gate = gate.promise;
  const disk = await Disk.open<number>(memory);
  disk.append(0);
  const synced = [disk.sync()];
  await Promise.resolve();
  for (let i = 1; i < 100; i++) {
    disk.append(i);
    synced.push(disk.sync());
  }
  gate.resolve();
  await Promise.all(synced);
  assertEquals(memory.writes, 2);
  const { records } = await Disk.open<number>(memory);
  assertEquals(records, Array.from({ length: 100 }, (_, i) => i));
});

Deno.test("a sync waits for what others have asked to be written", async () => {
  const memory = new Memory();
  const gate = Promise.withResolvers<void>();
  memory.gate = gate.promise;
  const disk = await Disk.open<number>(memory);
  disk.append(1);
  const first = disk.sync();
  await Promise.resolve();
  let done = false;
  const second = disk.sync().then(() => done = true);
  await Promise.resolve();
  assert(!done);
  gate.resolve();
  await Promise.all([first, second]);
  assertEquals(memory.writes, 1);
});

Deno.test("a snapshot stands for all before it, and records follow it", async () => {
  const memory = new Memory();
  const disk = await Disk.open<number, number[]>(memory);
  disk.append(1);
  const first = disk.sync();
  disk.append(2); // written with the first, or covered by the snapshot
  const replaced = disk.replace([1, 2]);
  disk.append(3);
  await Promise.all([first, replaced, disk.sync()]);
  const { snapshot, records } = await Disk.open<number, number[]>(memory);
  assertEquals([snapshot, records], [[1, 2], [3]]);
});

Deno.test("whatever is added and replaced, all that was synced is there once", async () => {
  const action = fc.constantFrom("append", "sync", "replace", "turn");
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
      const memory = new Memory();
      const disk = await Disk.open<number, number[]>(memory);
      const added: number[] = [];
      let promised = 0;
      for (const each of actions) {
        if (each === "append") {
          added.push(added.length);
          disk.append(added.length - 1);
        } else if (each === "turn") await Promise.resolve();
        else {
          promised = added.length;
          if (each === "sync") disk.sync();
          else disk.replace([...added]);
        }
      }
      await disk.sync();
      for (const opened of [await Disk.open<number, number[]>(memory)]) {
        const all = [...opened.snapshot ?? [], ...opened.records];
        assertEquals(all, added);
        assert(all.length >= promised);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("after a write that failed, no sync succeeds", async () => {
  const memory = new Memory();
  const disk = await Disk.open<number>(memory);
  memory.failure = new Error("no space is left");
  disk.append(1);
  const error = await assertRejects(() => disk.sync(), DiskError);
  assertEquals(
    error.message,
    "n1's disk can't be written: no space is left",
  );
  memory.failure = undefined;
  await assertRejects(() => disk.sync(), DiskError);
  disk.append(2);
  await assertRejects(() => disk.sync(), DiskError);
  await assertRejects(() => disk.replace(1), DiskError);
  // What nobody will ever write isn't gathered.
  let taken = false;
  disk.append({ toJSON: () => taken = true } as unknown as number);
  assert(!taken);
});

/** A runtime in which nothing ever happens. */
const idle: Runtime = {
  send: () => {},
  now: () => 0,
  setTimer: () => () => {},
  random: () => 0,
  log: () => {},
};

Deno.test("without a folder nothing is kept, and nothing waits", async () => {
  const node = new Node(idle);
  const disk = await node.openDisk<number, number>("");
  disk.append(1);
  await disk.sync();
  await disk.replace(1);
  assertEquals(disk.records, []);
  await assertRejects(() => node.openDisk("data"), TypeError, "before init");
});

Deno.test("a node opens its disk once, unless that failed", async () => {
  const memory = new Memory();
  let unreadable = true;
  const node = new Node({
    ...idle,
    storage: () => ({
      name: "disk",
      read() {
        if (unreadable) throw new DiskError("it can't be read");
        return memory.read();
      },
      append: (bytes) => memory.append(bytes),
      replace: (bytes) => memory.replace(bytes),
    }),
  });
  const body = { type: "init", node_id: "n1", node_ids: ["n1"] };
  node.receive({ src: "c1", dest: "n1", body });
  await assertRejects(() => node.openDisk("data"), DiskError);
  unreadable = false;
  await node.openDisk("data");
  for (const folder of ["data", "elsewhere"]) {
    await assertRejects(() => node.openDisk(folder), TypeError, "open already");
  }
});

Deno.test("a file keeps what was synced, and is replaced as a whole", async () => {
  const folder = `${tempDir()}/run 1`;
  const open = () => Disk.open<string, string>(new FileStorage(folder, "n/1"));
  const disk = await open();
  disk.append("a");
  await disk.sync();
  disk.append("b");
  await disk.sync();
  assertEquals((await open()).records, ["a", "b"]);
  await disk.replace("ab");
  disk.append("c");
  await disk.sync();
  const { snapshot, records } = await open();
  assertEquals([snapshot, records], ["ab", ["c"]]);
  // One file for each node, whatever its name.
  assertEquals(
    [...Deno.readDirSync(folder)].map(({ name }) => name),
    ["n%2F1"],
  );
});

Deno.test("a file that can't be written is an error with its path", async () => {
  const folder = tempDir();
  await Deno.writeTextFile(`${folder}/file`, "");
  const disk = await Disk.open<number>(
    new FileStorage(`${folder}/file/folder`, "n1"),
  ).catch((error) => error);
  if (disk instanceof DiskError) {
    assertMatch(disk.message, /file\/folder\/n1 can't be read: /);
  } else {
    disk.append(1);
    const error = await assertRejects(() => disk.sync(), DiskError);
    assertMatch(error.message, /file\/folder\/n1 can't be written: /);
  }
});

/**
 * The disks of simulated nodes: they survive their nodes, and lose what their
 * faults let them lose.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DiskError } from "../../../lib/mod.ts";
import { msInNs, VirtualClock } from "../../../lib/workbench/sim/clock.ts";
import {
  type DiskOptions,
  SimulatedDisk,
} from "../../../lib/workbench/sim/disk.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";

function diskOf(options: Partial<DiskOptions> = {}, seed = "disk") {
  const clock = new VirtualClock();
  const disk = new SimulatedDisk("n1's disk", clock, new Random(seed), {
    faults: [],
    maxBytes: Infinity,
    ...options,
  });
  return { clock, disk, storage: disk.storage((action) => action()) };
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function contents(disk: SimulatedDisk): Promise<string> {
  const all = await disk.storage((action) => action()).read();
  return new TextDecoder().decode(all);
}

Deno.test("a write takes a moment, and then it's there for the next life", async () => {
  const { clock, disk, storage } = diskOf();
  const written = storage.append(bytes("abc"));
  assertEquals(await contents(disk), "");
  await clock.drive(written);
  assert(clock.nowNs >= 0.5 * msInNs && clock.nowNs <= 2 * msInNs);
  assertEquals(await contents(disk), "abc");
  assertEquals(disk.syncCount, 1);
  disk.crash();
  assertEquals(await contents(disk), "abc");
});

Deno.test("writes come one after the other, and a replacement replaces all before", async () => {
  const { clock, disk, storage } = diskOf();
  const done: string[] = [];
  const all = [
    storage.append(bytes("a")).then(() => done.push("a")),
    storage.append(bytes("b")).then(() => done.push("b")),
    storage.replace(bytes("c")).then(() => done.push("c")),
    storage.append(bytes("d")).then(() => done.push("d")),
  ];
  await clock.drive(Promise.all(all));
  assertEquals(done, ["a", "b", "c", "d"]);
  assertEquals(await contents(disk), "cd");
});

/** Kills a node while it adds to what was synced. */
async function killed(options: Partial<DiskOptions>, seed?: string) {
  const { clock, disk, storage } = diskOf(options, seed);
  await clock.drive(storage.append(bytes("synced;")));
  storage.append(bytes("under way;"));
  disk.crash();
  await clock.drive(clock.sleepUntil(clock.nowNs + 100 * msInNs));
  return await contents(disk);
}

Deno.test("what was under way when a node is killed is with the system, which goes on", async () => {
  assertEquals(await killed({}), "synced;under way;");
});

Deno.test("clear-cache loses it", async () => {
  assertEquals(await killed({ faults: ["clear-cache"] }), "synced;");
});

Deno.test("torn-op keeps some first part of it, another each time", async () => {
  const kept = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const text = await killed({ faults: ["torn-op"] }, String(seed));
    assert("synced;under way;".startsWith(text) && text.length >= 7);
    assert(text.length < 17, "the last byte is never there");
    kept.add(text);
  }
  assert(kept.size > 5);
});

Deno.test("a replacement that was under way hasn't happened", async () => {
  for (const faults of [[], ["torn-op"], ["clear-cache"]] as const) {
    const { clock, disk, storage } = diskOf({ faults });
    await clock.drive(storage.append(bytes("old")));
    storage.replace(bytes("new"));
    disk.crash();
    assertEquals(await contents(disk), "old");
  }
});

Deno.test("a full disk takes no more, and keeps what it has", async () => {
  const { clock, disk, storage } = diskOf({ maxBytes: 5 });
  await clock.drive(storage.append(bytes("abc")));
  await clock.drive(
    assertRejects(() => storage.append(bytes("def")), DiskError, "ENOSPC"),
  );
  assertEquals(await contents(disk), "abc");
  await clock.drive(storage.replace(bytes("12345")));
  assertEquals(await contents(disk), "12345");
});

Deno.test("nobody hears of a write of a life that has ended", async () => {
  const { clock, disk } = diskOf();
  const done: string[] = [];
  const storage = disk.storage((action) => {
    done.push("acts");
    action();
  });
  storage.append(bytes("a"));
  disk.crash();
  await clock.drive(clock.sleepUntil(100 * msInNs));
  assertEquals(done, []);
});

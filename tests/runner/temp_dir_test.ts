import { assert, assertEquals, assertRejects } from "@std/assert";
import { Ended } from "../../lib/runner/ending.ts";
import { withTempDir } from "../../lib/runner/temp_dir.ts";
import { patienceMs } from "../cli.ts";
import { tempDir } from "../temp.ts";

Deno.test("a folder for a while is gone when its task is over, or fails", async () => {
  const place = tempDir();
  const use = async (folder: string) => {
    assert(folder.startsWith(`${place}/`));
    await Deno.writeTextFile(`${folder}/file`, "");
  };
  await withTempDir(use, place);
  await assertRejects(
    () =>
      withTempDir(async (folder) => {
        await use(folder);
        throw new RangeError();
      }, place),
    RangeError,
  );
  assertEquals([...Deno.readDirSync(place)], []);
});

Deno.test({
  name: "a folder for a while is gone when the program is ended",
  ignore: Deno.build.os === "windows", // has no such signals
  async fn() {
    const place = tempDir();
    const patience = setTimeout(() => {}, patienceMs);
    const { exitCode } = await assertRejects(
      () =>
        withTempDir(() => {
          Deno.kill(Deno.pid, "SIGTERM");
          return new Promise(() => {});
        }, place),
      Ended,
    );
    clearTimeout(patience);
    assertEquals(exitCode, 143);
    assertEquals([...Deno.readDirSync(place)], []);
  },
});

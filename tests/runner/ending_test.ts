/**
 * Ctrl-C, which comes more than once: from the terminal, and from who passes it
 * on.
 */
import { assertEquals } from "@std/assert";
import { tempDir } from "../temp.ts";

const module = import.meta.resolve("../../lib/runner/ending.ts");

/** Is ended while it works, and once more while it tells how far it came. */
const source = `
  import { untilEnded } from "${module}";
  const moment = () => new Promise((resolve) => setTimeout(resolve, 50));
  const end = () => Deno.kill(Deno.pid, "SIGINT");
  try {
    await untilEnded((signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        end();
      })
    );
  } catch (error) {
    end();
    await moment();
    console.log("so far");
    Deno.exit(error.exitCode);
  }`;

Deno.test({
  name:
    "Ctrl-C that is passed on late doesn't end who tells the results so far",
  ignore: Deno.build.os === "windows",
  async fn() {
    const path = `${tempDir()}/ended.ts`;
    await Deno.writeTextFile(path, source);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-config",
        "--no-check",
        "--allow-run",
        path,
      ],
    }).output();
    assertEquals([code, new TextDecoder().decode(stdout)], [130, "so far\n"]);
  },
});

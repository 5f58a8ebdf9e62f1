import { assert, assertEquals } from "@std/assert";
import { tempDir } from "./temp.ts";

const own = new URL("./temp.ts", import.meta.url).href;

Deno.test("what a test file has made in the temporary folder is gone when it ends", async () => {
  const system = tempDir();
  const folder = tempDir();
  for (
    const end of ["", "throw new Error();", "await new Promise(() => {});"]
  ) {
    await Deno.writeTextFile(
      `${folder}/a_test.ts`,
      `import { tempDir, tempFile } from "${own}";
       Deno.test("makes some", async () => {
         await Deno.writeTextFile(\`\${tempDir()}/a\`, tempFile());
         console.log(Array.from(Deno.readDirSync("${system}")).length);
         ${end}
       });`,
    );
    const { stdout, success } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-config", "--allow-all", `${folder}/a_test.ts`],
      env: { TMPDIR: system, NO_COLOR: "1" },
    }).output();
    assert(new TextDecoder().decode(stdout).includes("\n1\n"));
    assertEquals(success, end === "");
    assertEquals([...Deno.readDirSync(system)], []);
  }
});

/**
 * Programs that were built for other processors: the crash says so, whatever the
 * shell says that got hold of them.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { otherProcessor } from "../../../lib/workbench/hosts/processor.ts";
import { judge } from "../../../lib/workbench/mod.ts";
import { tempFile } from "../../temp.ts";

const [ours, ourNumber, theirs, theirNumber, olderNumber] =
  Deno.build.arch === "x86_64"
    ? ["x86-64", 62, "64-bit Arm", 183, 3]
    : ["64-bit Arm", 183, "x86-64", 62, 40];

/** Makes an executable file with an ELF header, or a part of it. */
async function program(
  { machine, isBig = false, length = 64 }: {
    machine: number;
    isBig?: boolean;
    length?: number;
  },
): Promise<string> {
  const path = tempFile();
  const bytes = new Uint8Array(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, isBig ? 2 : 1, 1]);
  new DataView(bytes.buffer).setUint16(18, machine, !isBig);
  bytes.set(new TextEncoder().encode("\nexit 2\n"), 40);
  await Deno.writeFile(path, bytes.subarray(0, length), { mode: 0o755 });
  return path;
}

const sentence = (name: string) =>
  `It's built for ${name}, and this machine is ${ours}: build it for this machine.`;

for (
  const [what, path, expected] of [
    ["another processor's", program({ machine: theirNumber }), theirs],
    [
      "one's with its bytes the other way",
      program({ machine: 22, isBig: true }),
      "IBM Z",
    ],
    ["this machine's", program({ machine: ourNumber })],
    ["this machine's ancestor's", program({ machine: olderNumber })],
    ["nobody's", program({ machine: 9999 })],
    ["a program cut short", program({ machine: theirNumber, length: 19 })],
    ["no file", Promise.resolve("/no/such/file")],
    ["a folder", Promise.resolve("/")],
  ] as [string, Promise<string>, string?][]
) {
  Deno.test(`${what} is ${expected ? "told" : "not"} a program for other processors`, async () => {
    assertEquals(otherProcessor(await path), expected && sentence(expected));
  });
}

Deno.test({
  name: "a node for another processor ends with these words",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const bin = await program({ machine: theirNumber });
    const { reason, results } = await judge({ bin, args: [] }, {
      workload: "echo",
      "node-count": 1,
      "time-limit": 1,
    });
    assertEquals(results["valid?"], false);
    assertStringIncludes(reason!, `input ends. ${sentence(theirs)} `);
  },
});

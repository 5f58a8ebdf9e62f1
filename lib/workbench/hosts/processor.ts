/**
 * The processor that a native program was built for. A system hands a program
 * that it can't run to a shell, whose complaint about such a script explains
 * nothing.
 *
 * @module
 */

/**
 * The processors by their numbers in an ELF header (System V ABI, `e_machine`).
 */
const processors: ReadonlyMap<number, string> = new Map([
  [3, "x86"],
  [8, "MIPS"],
  [21, "PowerPC"],
  [22, "IBM Z"],
  [40, "32-bit Arm"],
  [62, "x86-64"],
  [183, "64-bit Arm"],
  [243, "RISC-V"],
  [258, "LoongArch"],
]);

/** The numbers of the programs that a machine may run: its own, and older ones. */
const own: Readonly<Record<typeof Deno.build.arch, readonly number[]>> = {
  x86_64: [62, 3],
  aarch64: [183, 40],
};

/** The length of the header's part that names the processor, in bytes. */
const headBytes = 20;

/**
 * Tells, as a sentence, that a program was built for other processors than this
 * machine's. An emulator may run it all the same, so this explains a failure,
 * and foretells none.
 *
 * @returns `undefined` if it wasn't, or if that can't be seen.
 */
export function otherProcessor(path: string): string | undefined {
  const head = headOf(path);
  const isElf = head !== undefined && head.getUint32(0) === 0x7f454c46;
  if (!isElf) return undefined;
  const machine = head.getUint16(18, head.getUint8(5) === 1);
  const name = processors.get(machine);
  const [ours = 0, ...older] = own[Deno.build.arch];
  if (name === undefined || machine === ours || older.includes(machine)) {
    return undefined;
  }
  return `It's built for ${name}, and this machine is ${
    processors.get(ours)
  }: build it for this machine.`;
}

/** The first bytes of a file; `undefined` if they can't be had. */
function headOf(path: string): DataView | undefined {
  // Without the permission, Deno would ask for it.
  const { state } = Deno.permissions.querySync({ name: "read", path });
  if (state !== "granted") return undefined;
  try {
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(headBytes);
    return file.readSync(bytes) === headBytes
      ? new DataView(bytes.buffer)
      : undefined;
  } catch {
    return undefined;
  }
}

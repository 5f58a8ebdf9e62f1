/**
 * The hosts of guests: of programs, and of WebAssembly modules.
 *
 * @module
 */
import { inProcess, type StartNode } from "./hosts/app.ts";
import type { StartHost } from "./hosts/host.ts";
import { type NotSimulated, startProgram } from "./hosts/program.ts";
import { wasmModule } from "./hosts/wasm.ts";
import { wasmProblem } from "./hosts/wasm_module.ts";
import { BadOption } from "./options.ts";
import type { Guest } from "./sandbox.ts";

/**
 * Makes the hosts of what is to be run, and what puts back that they have
 * changed for all others.
 */
export async function hostsOf(
  guest: Guest,
  { random, onMemory, onStrange, onLoop, onFailedStart }: {
    random: Parameters<typeof inProcess>[1];
    onMemory: (bytes: number) => void;
    onStrange: (error: NotSimulated) => void;
    onLoop: () => void;
    /** Called with the error that keeps a program from starting. */
    onFailedStart?: (error: unknown) => void;
  },
): Promise<{ start: StartHost; restore(): void }> {
  if ("code" in guest) {
    const program = await startProgram(guest, { onStrange, onLoop });
    const start: StartNode = onFailedStart === undefined
      ? program.start
      : (runtime, node) =>
        program.start(runtime, node).catch((error) => {
          onFailedStart(error);
          throw error;
        });
    return { ...program, start: inProcess(start, random, program.placed) };
  }
  const module = guest.wasm instanceof WebAssembly.Module
    ? guest.wasm
    : await WebAssembly.compile(guest.wasm);
  const problem = wasmProblem(module);
  if (problem !== undefined) throw new BadOption(problem);
  return {
    start: wasmModule({ module, args: guest.args ?? [] }, random, onMemory),
    restore() {},
  };
}

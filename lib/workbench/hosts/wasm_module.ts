/**
 * The facts that a WebAssembly module tells of itself, before it's run.
 *
 * @module
 */

/** The module that all imports of WASI preview 1 come from. */
export const preview1 = "wasi_snapshot_preview1";

/**
 * The functions of WASI preview 1
 * (https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md).
 */
const functions = new Set([
  ...["args_get", "args_sizes_get", "environ_get", "environ_sizes_get"],
  ...["clock_res_get", "clock_time_get", "random_get", "sched_yield"],
  ...["poll_oneoff", "proc_exit", "proc_raise"],
  ...["fd_advise", "fd_allocate", "fd_close", "fd_datasync", "fd_fdstat_get"],
  ...["fd_fdstat_set_flags", "fd_fdstat_set_rights", "fd_filestat_get"],
  ...["fd_filestat_set_size", "fd_filestat_set_times", "fd_pread"],
  ...["fd_prestat_get", "fd_prestat_dir_name", "fd_pwrite", "fd_read"],
  ...["fd_readdir", "fd_renumber", "fd_seek", "fd_sync", "fd_tell"],
  ...["fd_write", "path_create_directory", "path_filestat_get"],
  ...["path_filestat_set_times", "path_link", "path_open", "path_readlink"],
  ...["path_remove_directory", "path_rename", "path_symlink"],
  ...["path_unlink_file"],
  ...["sock_accept", "sock_recv", "sock_send", "sock_shutdown"],
]);

/**
 * Looks at what a module needs of its surroundings.
 *
 * @returns what is in the way of running it here, and what to do; `undefined`
 * if nothing is.
 */
export function wasmProblem(module: WebAssembly.Module): string | undefined {
  const imports = WebAssembly.Module.imports(module);
  const strange = imports.filter(({ module, name }) =>
    module !== preview1 || !functions.has(name)
  );
  const [first] = strange;
  if (first) return `${listed(strange)} ${adviceFor(first)}`;
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  if (!exports.includes("_start")) {
    return `It exports no _start: build a program (a "command" to WASI), not a library.`;
  }
  if (!exports.includes("memory")) return "It exports no memory.";
}

function listed(imports: readonly WebAssembly.ModuleImportDescriptor[]) {
  const names = imports.slice(0, 3).map(({ module, name }) =>
    `${module}.${name}`
  );
  const more = imports.length > 3 ? ` and ${imports.length - 3} more` : "";
  return `It needs ${
    names.join(", ")
  }${more}, which WASI preview 1 doesn't have.`;
}

function adviceFor(
  { module, name }: WebAssembly.ModuleImportDescriptor,
): string {
  if (module === "gojs" || module === "go") {
    return "Go made it for a browser: build with GOOS=wasip1 GOARCH=wasm.";
  }
  if (module === "wasi_unstable") {
    return "That's an older WASI: build for wasm32-wasip1.";
  }
  if (module.startsWith("wasi:")) {
    return "That's WASI preview 2: build for wasm32-wasip1.";
  }
  if (module === "wasi" && name === "thread-spawn" || name === "memory") {
    return "That's for threads: build for wasm32-wasip1, without threads.";
  }
  if (module.startsWith("__wbindgen") || module === "wbg") {
    return "wasm-bindgen made it for a browser: build for wasm32-wasip1.";
  }
  if (name.startsWith("sock_")) {
    return "A node has no sockets: it talks through stdin and stdout.";
  }
  if (module === "env" && name === "abort") {
    return "AssemblyScript's modules need it, unless they are built with @assemblyscript/wasi-shim: asc --config node_modules/@assemblyscript/wasi-shim/asconfig.json.";
  }
  if (module === "env") {
    return "The linker didn't find it: link what defines it, or leave it out.";
  }
  return "Build for WASI preview 1 alone: wasm32-wasip1.";
}

/**
 * Tells whether Go's own compiler made a module. It waits for input with its other
 * goroutines in mind, and so wants to be told that there's none.
 */
export function isGo(module: WebAssembly.Module): boolean {
  return WebAssembly.Module.customSections(module, "go:buildid").length > 0 ||
    WebAssembly.Module.customSections(module, "producers").some((section) =>
      new TextDecoder("latin1").decode(section).includes(goProducer)
    );
}

/** Go's name as a module's language, each text behind its length. */
const goProducer = "\x08language\x01\x02Go";

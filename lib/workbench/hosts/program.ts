/**
 * Nodes as whole programs under virtual time: scripts that end in `serve(app)`.
 * Each node runs a program of its own, so that what lies at the top level of its
 * modules is the node's own, as it is in a process. Clock, timers and dice are
 * the run's.
 *
 * @module
 */
import { format } from "node:util";
import { type Hosting, hostingKey } from "../../hosting.ts";
import type { Runtime } from "../../runtime.ts";
import type { StartNode } from "./app.ts";
import { CrashReader, endingOf, untimely } from "./crash.ts";
import { NodeEnded } from "./host.ts";
import { LineSplitter } from "./lines.ts";
import { codeName, inFiles, type Places } from "./places.ts";
import { msInNs } from "../sim/clock.ts";
import { SharedBuiltIns } from "./shared_built_ins.ts";
import { epochMs, type SimulatedNode } from "./simulated.ts";

/** A program as one script, and what it's called with. */
export interface Program {
  /**
   * The body of an async function. In it `$importMeta` stands for `import.meta`,
   * `$imported` has the modules that are named below, and each turn of a loop
   * calls `$loop`.
   */
  code: string;
  /** The modules of the runtime that it imports, such as `node:path`. */
  imports: readonly string[];
  /** Its file's address, for `import.meta`. */
  url: string;
  args: readonly string[];
  /** The places of its lines. Absent: traces name the code's. */
  places?: Places;
}

/** Something that a program uses, and that can't be had under virtual time. */
export class NotSimulated extends Error {
  /** Always `"NotSimulated"`. */
  override name = "NotSimulated";
}

/**
 * The modules of the runtime that a program may import: they need nothing, and
 * always come to the same.
 */
export const pureModules: { readonly [name: string]: () => Promise<unknown> } =
  {
    "node:assert": () => import("node:assert"),
    "node:buffer": () => import("node:buffer"),
    "node:path": () => import("node:path"),
    "node:querystring": () => import("node:querystring"),
    "node:string_decoder": () => import("node:string_decoder"),
    "node:url": () => import("node:url"),
    "node:util": () => import("node:util"),
  };

/** The shortest time of a timer, in milliseconds, as in a process. */
const leastTimerMs = 1;

/** The longest time of a timer: beyond it, it goes off at once. */
const maxTimerMs = 2 ** 31 - 1;

type Globals = { [name: string]: unknown };

// deno-lint-ignore no-explicit-any -- whatever programs call it with
type Any = any;

const AsyncFunction = (async () => {}).constructor as new (
  ...parametersAndBody: string[]
) => (...values: unknown[]) => Promise<void>;

/** A program that is ready for its nodes. */
export interface Prepared {
  start: StartNode;
  /**
   * Puts back what nodes have changed for all others.
   *
   * @throws {NotSimulated} if they have.
   */
  restore(): void;
  /** Names the program's own files in a trace. */
  placed(trace: string): string;
}

/**
 * Prepares a program for its nodes.
 *
 * @param on `onStrange` is called when a node uses something that isn't
 * simulated: the run is then worthless. `onLoop` is called at each turn of a
 * loop.
 */
export async function startProgram(
  program: Program,
  { onStrange, onLoop }: {
    onStrange: (error: NotSimulated) => void;
    onLoop: () => void;
  },
): Promise<Prepared> {
  const { places } = program;
  const imported: Globals = {};
  for (const name of program.imports) {
    imported[name] = await pureModules[name]?.();
  }
  const strange = (what: string): never => {
    const error = new NotSimulated(what);
    onStrange(error);
    throw error;
  };
  const shared = new SharedBuiltIns({
    ...sharedGlobals(),
    ...Object.fromEntries(
      Object.entries(imported)
        .map(([name, module]) => [name, (module as Globals).default]),
    ),
  });
  const restore = () => {
    const changed = shared.restore();
    if (changed !== undefined) strange(`changes ${changed}`);
  };
  const names = [...Object.keys(globalsOf(noNode, strange)), "$importMeta"];
  const main = new AsyncFunction(
    ...[...names, "$imported", "$loop"],
    `"use strict"; await (async () => {\n${program.code}\n})();${
      places ? `\n//# sourceURL=${codeName}` : ""
    }`,
  );
  const placed = (text: string) =>
    places && text.includes(codeName) ? inFiles(text, places) : text;
  const start: StartNode = (runtime, node) =>
    new Promise((resolve, reject) => {
      let serves = false;
      const pending: Place["pending"] = new Map();
      const hosting: Hosting = (start) => {
        restore(); // mostly, it's done at the beginning if at all
        if (serves) strange("calls serve twice");
        serves = true;
        start(runtime).then(resolve, reject);
        return new Promise(() => {});
      };
      const globals = globalsOf(
        { ...program, runtime, node, hosting, pending },
        strange,
      );
      const importMeta = {
        url: program.url,
        filename: new URL(program.url).pathname,
        main: true,
        resolve: (path: string) => new URL(path, program.url).href,
      };
      main(...Object.values(globals), importMeta, imported, onLoop).then(() => {
        if (serves) return;
        if (pending.size > 0) strange("never calls serve");
        globals.close(); // There's nothing left that it could do.
      }).catch(reject);
    });
  return { start, restore, placed };
}

/** The globals that all nodes share. */
function sharedGlobals(): Globals {
  const all = globalThis as unknown as Globals;
  return Object.fromEntries(
    [...alwaysTheSame].filter((name) => name in all && name !== "console")
      .map((name) => [name, all[name]]),
  );
}

/** The ground that a node's globals stand on. */
interface Place {
  runtime: Runtime;
  node: SimulatedNode;
  hosting: Hosting;
  args: readonly string[];
  /** Its timers, and what takes them back. */
  pending: Map<number, () => void>;
}

/** A place that only tells which names there are. */
const noNode = { args: [] as string[] } as unknown as Place;

/** The globals of a program, apart from those that are always the same. */
function globalsOf(
  place: Place,
  strange: (what: string) => never,
): Globals & { close(): void } {
  const { runtime, node } = place;
  const dateMs = () => epochMs + node.lookAtDate() / msInNs;
  const own = {
    ...timers(place, strange),
    Date: virtualDate(dateMs),
    Intl: virtualIntl(dateMs),
    Math: Object.defineProperties({}, {
      ...Object.getOwnPropertyDescriptors(Math),
      random: { value: () => runtime.random() },
    }),
    performance: only("performance", {
      now: () => runtime.now(),
      timeOrigin: epochMs,
    }, strange),
    crypto: virtualCrypto(() => runtime.random(), strange),
    AbortSignal: new Proxy(AbortSignal, {
      get(target, key) {
        if (key !== "timeout") return Reflect.get(target, key, target);
        return (delayMs: number) => {
          const controller = new AbortController();
          runtime.setTimer(
            () =>
              controller.abort(
                new DOMException("Signal timed out.", "TimeoutError"),
              ),
            delayMs,
          );
          return controller.signal;
        };
      },
    }),
    ...streams(place, strange),
  };
  for (const name of namesOfGlobals()) {
    if (!(name in own) && !alwaysTheSame.has(name) && isName(name)) {
      (own as Globals)[name] = nothing(name, strange);
    }
  }
  const everything: Globals & { [hostingKey]?: Hosting } = {
    ...own,
    [hostingKey]: place.hosting,
  };
  const global: unknown = new Proxy(everything, {
    get: (target, key) =>
      globalNames.has(key)
        ? global
        : key in target
        ? target[key as string]
        : (globalThis as unknown as Globals)[key as string],
    has: (target, key) => key in target || key in globalThis,
    set: (_, key) => strange(`sets globalThis.${String(key)}`),
    defineProperty: (_, key) => strange(`sets globalThis.${String(key)}`),
  });
  for (const name of globalNames) (own as Globals)[name as string] = global;
  return own;
}

/** The names of the object of all globals. */
const globalNames = new Set<string | symbol>(["globalThis", "self", "window"]);

/** The globals that come to the same at any time, and need no permission. */
const alwaysTheSame = new Set([
  ...["Object", "Function", "Array", "Number", "parseFloat", "parseInt"],
  ...["Infinity", "NaN", "undefined", "Boolean", "String", "Symbol", "eval"],
  ...["Promise", "RegExp", "Error", "AggregateError", "EvalError"],
  ...["RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"],
  ...["SuppressedError", "JSON", "ArrayBuffer", "Atomics"],
  ...["Uint8Array", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array"],
  ...["Int32Array", "Float16Array", "Float32Array", "Float64Array"],
  ...["Uint8ClampedArray", "BigUint64Array", "BigInt64Array", "DataView"],
  ...["Map", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry"],
  ...["BigInt", "Iterator", "Proxy", "Reflect", "SharedArrayBuffer"],
  ...["DisposableStack", "AsyncDisposableStack", "decodeURI"],
  ...["decodeURIComponent", "encodeURI", "encodeURIComponent", "escape"],
  ...["unescape", "isFinite", "isNaN", "AbortController", "DOMException"],
  ...["Event", "EventTarget", "CustomEvent", "ErrorEvent"],
  ...["PromiseRejectionEvent", "TextDecoder", "TextEncoder"],
  ...["TextDecoderStream", "TextEncoderStream", "ReadableStream"],
  ...["ReadableStreamDefaultReader", "ReadableStreamBYOBReader"],
  ...["ReadableStreamDefaultController", "ReadableByteStreamController"],
  ...["ReadableStreamBYOBRequest", "WritableStream"],
  ...["WritableStreamDefaultWriter", "WritableStreamDefaultController"],
  ...["TransformStream", "TransformStreamDefaultController"],
  ...["ByteLengthQueuingStrategy", "CountQueuingStrategy", "URL"],
  ...["URLSearchParams", "URLPattern", "atob", "btoa", "structuredClone"],
  ...["Buffer", "console"],
]);

/** The names of all globals: in browsers, some are those of prototypes. */
function namesOfGlobals(): Set<string> {
  const names = new Set<string>();
  let from: object | null = globalThis;
  while (from !== null && from !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(from)) {
      if (from === globalThis || name !== "constructor") names.add(name);
    }
    from = Object.getPrototypeOf(from);
  }
  return names;
}

function isName(text: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(text);
}

/** Stands for what isn't simulated: it can be named, but not used. */
function nothing(name: string, strange: (what: string) => never): unknown {
  return new Proxy(function () {}, {
    get: (_, key) =>
      strange(`uses ${name}${typeof key === "string" ? `.${key}` : ""}`),
    apply: () => strange(`calls ${name}`),
    construct: () => strange(`makes a ${name}`),
  });
}

/** An object that has this, and nothing else that is simulated. */
function only(
  name: string,
  own: Globals,
  strange: (what: string) => never,
): unknown {
  return new Proxy(own, {
    get: (target, key) =>
      typeof key === "symbol" || Object.hasOwn(target, key)
        ? Reflect.get(target, key)
        : strange(`uses ${name}.${key}`),
    has: (target, key) => key in target,
  });
}

function virtualDate(nowMs: () => number): unknown {
  const date: unknown = new Proxy(Date, {
    get: (target, key) =>
      key === "now" ? () => Math.floor(nowMs()) : Reflect.get(target, key),
    construct: (target, args, newTarget) =>
      Reflect.construct(
        target,
        args.length === 0 ? [Math.floor(nowMs())] : args,
        newTarget === date ? target : newTarget,
      ),
    apply: (target) => new target(Math.floor(nowMs())).toString(),
  });
  return date;
}

/** An `Intl` that writes the run's date where it's given none. */
function virtualIntl(nowMs: () => number): unknown {
  const create = (target: Any, args: unknown[], newTarget: Any) => {
    const format: Any = Reflect.construct(target, args, newTarget);
    for (const name of ["format", "formatToParts"]) {
      const original = format[name].bind(format);
      const value = (date: unknown = nowMs()) => original(date);
      Object.defineProperty(format, name, { value });
    }
    return format;
  };
  const DateTimeFormat: unknown = new Proxy(Intl.DateTimeFormat, {
    apply: (target, _, args) => create(target, args, target),
    construct: (target, args, newTarget) =>
      create(target, args, newTarget === DateTimeFormat ? target : newTarget),
  });
  return Object.create(Intl, { DateTimeFormat: { value: DateTimeFormat } });
}

function virtualCrypto(
  random: () => number,
  strange: (what: string) => never,
): unknown {
  const getRandomValues = (view: ArrayBufferView) => {
    const { buffer, byteOffset, byteLength } = view;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    for (let i = 0; i < bytes.length; i++) bytes[i] = random() * 256;
    return view;
  };
  const randomUUID = () => {
    const bytes = new Uint8Array(16);
    getRandomValues(bytes);
    bytes[6] = bytes[6]! & 0x0f | 0x40; // version 4 (RFC 9562)
    bytes[8] = bytes[8]! & 0x3f | 0x80;
    return bytes.toHex().replace(
      /^(.{8})(.{4})(.{4})(.{4})/,
      "$1-$2-$3-$4-",
    );
  };
  return only("crypto", { getRandomValues, randomUUID }, strange);
}

function timers(
  { runtime, pending }: Place,
  strange: (what: string) => never,
): Globals {
  let last = 0;
  const start =
    (name: string, leastMs: number, again: boolean) =>
    (callback: Any, delayMs: Any = 0, ...args: unknown[]) => {
      if (typeof callback !== "function") strange(`calls ${name} with a text`);
      const id = ++last;
      const fits = delayMs >= leastMs && delayMs <= maxTimerMs;
      const restMs = fits ? Number(delayMs) : leastMs;
      const arm = () => {
        const cancel = runtime.setTimer(() => {
          if (again) arm();
          else pending.delete(id);
          callback(...args);
        }, restMs);
        pending.set(id, cancel);
      };
      arm();
      return id;
    };
  const clear = (id: number) => {
    pending.get(id)?.();
    pending.delete(id);
  };
  const immediately = start("setImmediate", 0, false);
  return {
    setTimeout: start("setTimeout", leastTimerMs, false),
    setInterval: start("setInterval", leastTimerMs, true),
    setImmediate: (callback: Any, ...args: unknown[]) =>
      immediately(callback, 0, ...args),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    queueMicrotask: (callback: () => void) =>
      void Promise.resolve().then(callback),
  };
}

/** The ways out of a program: its streams, and its end. */
function streams(
  { runtime, node, args }: Place,
  strange: (what: string) => never,
) {
  const crash = new CrashReader();
  const log = (line: string) => {
    crash.read(line);
    runtime.log(line);
  };
  const print = (line: string) => void node.print(line);
  const exit = (code = 0): never => {
    const how = endingOf({ code, signal: null });
    const text = untimely(how, crash.lastWords());
    node.crashed(text);
    throw new NodeEnded(text);
  };
  const say = (line: (text: string) => void) => (...values: unknown[]) =>
    format(...values).split("\n").forEach(line);
  const out = say(print);
  const err = say(log);
  const console = only("console", {
    ...{ log: out, info: out, debug: out, error: err, warn: err },
    assert(condition: unknown, ...values: unknown[]) {
      if (!condition) err("Assertion failed", ...values);
    },
    trace: (...values: unknown[]) => err("Trace", ...values),
  }, strange);
  const { version, build, errors, inspect, noColor } = Deno;
  return {
    console,
    Deno: only("Deno", {
      ...{ version, build, errors, inspect, noColor, exit },
      args: [...args],
      stdout: only("Deno.stdout", sink(print), strange),
      stderr: only("Deno.stderr", sink(log), strange),
      stdin: only("Deno.stdin", { isTerminal: () => false }, strange),
    }, strange),
    close: () => exit(0),
  };
}

/** A stream that a program writes to by itself. */
function sink(onLine: (line: string) => void): Globals {
  const decoder = new TextDecoder();
  const splitter = new LineSplitter();
  const writeSync = (bytes: Uint8Array) => {
    const text = decoder.decode(bytes, { stream: true });
    splitter.push(text).forEach(onLine);
    return bytes.length;
  };
  return {
    writeSync,
    write: (bytes: Uint8Array) => Promise.resolve(writeSync(bytes)),
    isTerminal: () => false,
  };
}

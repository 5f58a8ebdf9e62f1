/**
 * Is every key a linearizable register? That is: can each operation be given a
 * moment between its invocation and its completion, such that all results are
 * what one register would have said at these moments? It holds null at first,
 * and knows `read`, `write` and `cas`; each key is one by itself.
 *
 * The rules, and the names of what is found, are those of Jepsen's checker for
 * `independent` registers and of Knossos's `cas-register`
 * (https://github.com/jepsen-io/knossos). Failed operations didn't happen; those
 * whose end isn't known may happen at any time after their invocation, or never;
 * a read of null says nothing.
 *
 * The search is just-in-time linearization, from Gavin Lowe's "Testing for
 * linearizability" (2017), whose other algorithm is Knossos's and Porcupine's
 * Wing-Gong search. It goes through the history once, with all configurations in
 * which the register can be at that point: its value, and which of the open
 * operations have had their moment. Operations get theirs as late as possible:
 * when one completes, each configuration in which it hasn't is replaced by those
 * that follow when it has, after others if need be. When none is left, the
 * history up to there is the shortest part that can't be explained. Memory is
 * needed for one point only.
 *
 * What there is to try grows with two to the power of how many operations are
 * open at a time. These observations keep it small in practice:
 *
 * - A read that sees the value it returns may as well have its moment at once.
 * - Of two open operations that do the same, the one that completes first may
 *   as well come first, and those that never complete come last.
 * - A write may be overwritten unseen. So once another write has had its moment,
 *   all writes open by then may have had theirs just before, without a trace:
 *   they can still be used, and don't have to be.
 * - A configuration is given up for one that can do all that it can: with the
 *   same value, where more reads are done, fewer operations that need never
 *   complete are used up, and more writes may have passed without a trace.
 * - One order that works is enough. So only the most promising configurations
 *   are kept at first, which takes a valid history time in proportion to its
 *   length. Only when that fails are more kept, and finally all.
 *
 * @module
 */
import { compareExact, identity } from "../sim/exact_json.ts";
import {
  describeError,
  excerpt,
  type History,
  isClientOp,
  type Op,
} from "../load/history.ts";
import { invariant } from "../sim/invariant.ts";
import { type Findings, mergeValid, type Validity } from "./validity.ts";

/** The description of an operation. Values are without the key. */
export type KeyOp = Pick<Op, "index" | "process" | "f" | "type" | "value">;

/** The findings for one key. */
export interface KeyFindings extends Findings {
  /** The operation at which it can't go on. */
  op?: KeyOp;
  /** The last one before it that succeeded. */
  "previous-ok"?: KeyOp;
  /**
   * Some of the values that the key can have held by then. Ours, like `error`:
   * Jepsen describes whole configurations.
   */
  "possible-values"?: unknown[];
  /** The reason why there is no telling. */
  error?: string;
}

/** The findings of {@linkcode linearizable}. */
export interface LinearizableFindings extends Findings {
  "valid?": Validity;
  results: {
    [key: string]: { "valid?": Validity; linearizable: KeyFindings };
  };
  /** The keys that aren't valid. */
  failures: unknown[];
}

/**
 * The number of configurations that are compared before a key is given up on.
 */
export interface Limits {
  /** For each entry that a key has in the history. */
  perOp?: number;
  /** Beyond that, for all keys together. */
  reserve?: number;
}

/** The most possible values that are listed. */
const maxListed = 8;

/**
 * Checks a history of reads, writes and cas whose values are `[key, value]`.
 *
 * @param limits the effort. It's counted, not timed, so that the same history
 * always gets the same verdict.
 */
export function linearizable(
  history: History,
  { perOp = 1000, reserve = 100_000_000 }: Limits = {},
): LinearizableFindings {
  const failures: unknown[] = [];
  const results = registersOf(history).map((register) => {
    const { key, name, ops, problem } = register;
    const budget = { left: perOp * ops.length + reserve };
    const found: KeyFindings = problem === undefined
      ? judgeRegister(register, budget)
      : { "valid?": "unknown", error: problem };
    // What a hard key takes from the reserve, later keys don't have.
    reserve = Math.max(0, Math.min(reserve, budget.left));
    if (found["valid?"] === false) failures.push(key);
    return [name, { "valid?": found["valid?"], linearizable: found }] as const;
  });
  return {
    "valid?": mergeValid(results.map(([, each]) => each["valid?"])),
    results: Object.fromEntries(results),
    failures,
  };
}

// ---- From a history to the operations of each key ----

/** An operation that matters: it has an effect, or a result. */
interface Call {
  kind: "read" | "write" | "cas";
  /** Identities of values: what is read or expected, and what is stored. */
  from: string;
  to: string;
  invocation: Op;
  /** Absent if nobody knows how it ended: then it may happen at any time. */
  completion?: Op | undefined;
  /** Its place in a set of operations of its kind that are open. */
  bit: bigint;
}

/** The operations on one key. */
interface Register {
  key: unknown;
  /** Its name in the results. */
  name: string;
  /** All entries of the history that matter, in order. */
  ops: Op[];
  calls: Map<Op, Call>;
  /** The values behind the identities. */
  values: Map<string, unknown>;
  /** The reason why it can't be understood. */
  problem?: string;
}

function registersOf(history: History): Register[] {
  const registers = new Map<string, Register>();
  const open = new Map<unknown, Op>();
  const ends = new Map<Op, Op>();
  for (const op of history) {
    if (!isClientOp(op)) continue;
    if (op.type === "invoke") {
      // One that is still open then stays so for ever.
      open.set(op.process, op);
      registerOf(op, registers).ops.push(op);
      continue;
    }
    const invocation = open.get(op.process);
    open.delete(op.process);
    const register = registerOf(invocation ?? op, registers);
    if (invocation === undefined) {
      register.problem ??= `operation ${op.index} ended and had never begun`;
      continue;
    }
    if (register !== registerOf(op, registers)) {
      register.problem ??=
        `operation ${op.index} ended on another key than it began on`;
    }
    ends.set(invocation, op);
    if (op.type === "ok") register.ops.push(op);
  }
  for (const register of registers.values()) {
    const { key } = register;
    // The text "0" isn't the number 0, and only one of them can be called that.
    if (typeof key === "string" && !registers.has(key)) register.name = key;
    addCalls(register, ends);
  }
  return [...registers.values()].sort((a, b) => compareExact(a.key, b.key));
}

/** The register that an operation is about. */
function registerOf(op: Op, registers: Map<string, Register>): Register {
  const { value } = op;
  const keyed = Array.isArray(value) && value.length === 2;
  const key = keyed ? value[0] : null;
  const id = identity(key);
  let register = registers.get(id);
  if (register === undefined) {
    register = {
      key,
      name: id,
      ops: [],
      calls: new Map(),
      values: new Map([[absent, null]]),
    };
    registers.set(id, register);
  }
  if (!keyed) {
    register.problem ??= `operation ${op.index} names no key: its value is ${
      excerpt(value)
    }`;
  }
  return register;
}

/** The identity of null, which is what a key holds that was never written. */
const absent = identity(null);

/** Finds out what the operations of a key do, and leaves out what does nothing. */
function addCalls(register: Register, ends: Map<Op, Op>): void {
  const { ops, calls, values } = register;
  const idOf = (value: unknown) => {
    const id = identity(value);
    if (!values.has(id)) values.set(id, value);
    return id;
  };
  for (const op of ops) {
    if (op.type !== "invoke") continue;
    const end = ends.get(op);
    if (end?.type === "fail") continue;
    const completion = end?.type === "ok" ? end : undefined;
    const last = completion ?? op;
    const argument = Array.isArray(last.value) ? last.value[1] : undefined;
    const call = { invocation: op, completion, bit: 0n };
    const add = (kind: Call["kind"], from: string, to: string) => {
      const whole: Call = { ...call, kind, from, to };
      calls.set(op, whole);
      if (completion) calls.set(completion, whole);
    };
    if (op.f === "read") {
      const id = idOf(argument);
      if (completion && id !== absent) add("read", id, id);
    } else if (op.f === "write") {
      add("write", absent, idOf(argument));
    } else if (
      op.f === "cas" && Array.isArray(argument) && argument.length === 2
    ) {
      const [from, to] = [idOf(argument[0]), idOf(argument[1])];
      if (from !== to) add("cas", from, to);
      else if (completion) add("read", from, from); // it only looks
    } else {
      register.problem ??= op.f === "cas"
        ? `operation ${op.index} is a cas of ${
          JSON.stringify(argument)
        }, which isn't [from, to]`
        : `operation ${op.index} is a ${op.f}, and registers know only read, write and cas`;
    }
  }
  register.ops = ops.filter((op) => calls.has(op));
}

// ---- The search ----

/** One way in which everything so far can have happened. */
interface Configuration {
  /** The value that the register holds. */
  value: string;
  /** Open writes and cas that will complete, and have had their moment. */
  used: bigint;
  /** Open reads that have had theirs. */
  read: bigint;
  /** Writes and cas without a known end that have had theirs. */
  spent: bigint;
  /** The number of these. */
  spentCount: number;
  /**
   * The time at which the last write had its moment: an index of the history.
   */
  writtenAt: number;
  /** True if that write came last, and nothing has seen its value yet. */
  unseen: boolean;
}

/**
 * The number of configurations that are kept, in one attempt after the other. A
 * few nearly always do for a valid history, however many there would be; it
 * takes all of them to say that a history isn't valid.
 */
const widths = [16, 512, Infinity] as const;

/**
 * The number that follow from those that are kept before the rest is left out.
 */
const maxExtended = 16;

function judgeRegister(register: Register, budget: Budget): KeyFindings {
  for (const width of widths) {
    const search = { width, narrowed: false, budget };
    const findings = attempt(register, search);
    if (findings["valid?"] !== false || !search.narrowed) return findings;
  }
  invariant(false, "the last attempt keeps everything");
}

/** The number of configurations that may still be compared. */
interface Budget {
  left: number;
}

/** One attempt. */
interface Search {
  readonly width: number;
  /** True if anything was left out for the width. */
  narrowed: boolean;
  readonly budget: Budget;
}

function attempt(
  { ops, calls, values }: Register,
  search: Search,
): KeyFindings {
  const { budget } = search;
  const open = new OpenCalls();
  let configurations = new Configurations(budget);
  configurations.add({
    value: absent,
    used: 0n,
    read: 0n,
    spent: 0n,
    spentCount: 0,
    writtenAt: -1,
    unseen: false,
  });
  let previous: Op | undefined;

  for (const op of ops) {
    const call = calls.get(op)!;
    if (op.type === "invoke") {
      open.add(call);
      if (call.kind === "read") configurations.see(call);
      continue;
    }
    const { done, left } = complete(call, configurations, open, search);
    if (budget.left < 0) {
      return {
        "valid?": "unknown",
        error:
          `too many orders to try them all: gave up at operation ${op.index}, where ${open.size} operations are open`,
      };
    }
    if (done.size === 0) {
      return {
        "valid?": false,
        op: keyOp(op),
        ...(previous && { "previous-ok": keyOp(previous) }),
        "possible-values": left.values().slice(0, maxListed)
          .map((id) => values.get(id)),
      };
    }
    configurations = done;
    open.remove(call);
    previous = op;
  }
  return { "valid?": true };
}

/**
 * Gives an operation that completes its moment, wherever it hasn't had it.
 *
 * @returns the configurations in which it has had it, without their note of it;
 * and those in which it hasn't.
 */
function complete(
  call: Call,
  before: Configurations,
  open: OpenCalls,
  search: Search,
): { done: Configurations; left: Configurations } {
  const { budget, width } = search;
  invariant(call.completion, "only what has completed is judged");
  const now = call.completion.index;
  const done = new Configurations(budget);
  const left = new Configurations(budget);
  const toExtend: Configuration[] = [];
  for (const configuration of before) {
    if (hadMoment(configuration, call)) done.add(forget(configuration, call));
    else {
      if (passedUnseen(configuration, call)) done.add(configuration);
      // Writes of earlier moments have no later order to be tried in.
      configuration.unseen = false;
      if (left.add(configuration)) toExtend.push(configuration);
    }
  }
  // First those with the fewest moments given: they leave the most open.
  for (const next of toExtend) {
    if (done.size + left.size >= maxExtended * width) {
      search.narrowed = true;
      break;
    }
    for (const other of open.choices(next)) {
      if (budget.left < 0) return { done, left };
      const configuration = takeEffect(next, other, open, now);
      if (hadMoment(configuration, call)) done.add(forget(configuration, call));
      else if (left.add(configuration)) toExtend.push(configuration);
    }
  }
  if (done.size <= width) return { done, left };
  search.narrowed = true;
  return { done: narrow(done, width, budget), left };
}

/** The best: those that spend the least of what may never have happened. */
function narrow(
  configurations: Configurations,
  width: number,
  budget: Budget,
): Configurations {
  const best = new Configurations(budget);
  [...configurations]
    .sort((a, b) => a.spentCount - b.spentCount)
    .slice(0, width)
    .forEach((configuration) => best.add(configuration));
  return best;
}

function hadMoment({ used, read }: Configuration, { kind, bit }: Call) {
  return ((kind === "read" ? read : used) & bit) !== 0n;
}

/** Its bit will be another's, so nothing may remain of it. */
function forget(configuration: Configuration, { kind, bit }: Call) {
  return kind === "read"
    ? { ...configuration, read: configuration.read ^ bit }
    : { ...configuration, used: configuration.used ^ bit };
}

/** Tells whether it's a write that another can have overwritten at once. */
function passedUnseen(
  { writtenAt }: Configuration,
  { kind, invocation }: Call,
): boolean {
  return kind === "write" && invocation.index < writtenAt;
}

/** Returns what follows when an open write or cas has its moment now. */
function takeEffect(
  before: Configuration,
  { kind, to, bit, completion }: Call,
  open: OpenCalls,
  now: number,
): Configuration {
  const read = before.read | open.readsOf(to);
  return {
    value: to,
    used: completion ? before.used | bit : before.used,
    read,
    spent: completion ? before.spent : before.spent | bit,
    spentCount: before.spentCount + (completion ? 0 : 1),
    writtenAt: kind === "write" ? now : before.writtenAt,
    unseen: kind === "write" && read === before.read,
  };
}

/** The cost of adding a configuration: so many times comparing two. */
const costOfAdding = 20;

/**
 * A set of configurations, without those for which another will do.
 */
class Configurations {
  #byValue = new Map<string, Map<bigint, Configuration[]>>();
  #budget: Budget;
  size = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Adds one, unless there is one that will do for it. */
  add(configuration: Configuration): boolean {
    const { value, used } = configuration;
    this.#budget.left -= costOfAdding;
    let byUsed = this.#byValue.get(value);
    if (byUsed === undefined) this.#byValue.set(value, byUsed = new Map());
    const alike = byUsed.get(used);
    if (alike === undefined) {
      byUsed.set(used, [configuration]);
      this.size++;
      return true;
    }
    this.#budget.left -= alike.length;
    if (alike.some((other) => willDoFor(other, configuration))) return false;
    const others = alike.filter((other) => !willDoFor(configuration, other));
    others.push(configuration);
    byUsed.set(used, others);
    this.size += others.length - alike.length;
    return true;
  }

  /** A read begins: where its value is there already, it has had its moment. */
  see({ from, bit }: Call): void {
    for (const alike of this.#byValue.get(from)?.values() ?? []) {
      for (const configuration of alike) configuration.read |= bit;
    }
  }

  /** The values that the register can hold. */
  values(): string[] {
    return [...this.#byValue.keys()];
  }

  *[Symbol.iterator](): Iterator<Configuration> {
    for (const byUsed of this.#byValue.values()) {
      for (const alike of byUsed.values()) yield* alike;
    }
  }
}

/**
 * Tells whether one can do all that another can, given that value and use
 * agree.
 */
function willDoFor(one: Configuration, other: Configuration): boolean {
  return (one.read & other.read) === other.read &&
    (one.spent & other.spent) === one.spent &&
    one.writtenAt >= other.writtenAt;
}

/** Open calls that do the same, in the order in which they should be used. */
type Alike = Call[];

/** The operations that have begun, and haven't completed. */
class OpenCalls {
  /** By what they write, and for cas by what they expect before that. */
  #writes = new Map<string, Alike>();
  #cas = new Map<string, Map<string, Alike>>();
  /** The open reads of each value, as a set. */
  #reads = new Map<string, bigint>();
  #bits = { read: new Bits(), used: new Bits(), spent: new Bits() };
  size = 0;

  add(call: Call): void {
    this.size++;
    call.bit = this.#bitsFor(call).take();
    if (call.kind === "read") {
      this.#reads.set(call.from, this.readsOf(call.from) | call.bit);
      return;
    }
    const alike = this.#alike(call);
    const place = alike.findLastIndex((other) =>
      deadline(other) <= deadline(call)
    );
    alike.splice(place + 1, 0, call);
  }

  remove(call: Call): void {
    this.size--;
    this.#bitsFor(call).giveBack(call.bit);
    if (call.kind === "read") {
      this.#reads.set(call.from, this.readsOf(call.from) ^ call.bit);
      return;
    }
    const alike = this.#alike(call);
    alike.splice(alike.indexOf(call), 1);
    if (alike.length === 0) this.#group(call).delete(call.to);
  }

  /** The reads that see their value when it is this. */
  readsOf(value: string): bigint {
    return this.#reads.get(value) ?? 0n;
  }

  /** The writes and cas that can come next, one of each sort. */
  *choices(configuration: Configuration): Iterable<Call> {
    if (!configuration.unseen) {
      yield* firstUnused(this.#writes.values(), configuration);
    }
    const cas = this.#cas.get(configuration.value);
    if (cas) yield* firstUnused(cas.values(), configuration);
  }

  #alike(call: Call): Alike {
    const group = this.#group(call);
    let alike = group.get(call.to);
    if (alike === undefined) group.set(call.to, alike = []);
    return alike;
  }

  #group({ kind, from }: Call): Map<string, Alike> {
    if (kind === "write") return this.#writes;
    let group = this.#cas.get(from);
    if (group === undefined) this.#cas.set(from, group = new Map());
    return group;
  }

  #bitsFor({ kind, completion }: Call): Bits {
    if (kind === "read") return this.#bits.read;
    return completion ? this.#bits.used : this.#bits.spent;
  }
}

function* firstUnused(
  sorts: Iterable<Alike>,
  { used, spent }: Configuration,
): Iterable<Call> {
  for (const alike of sorts) {
    const unused = alike.find(({ bit, completion }) =>
      ((completion ? used : spent) & bit) === 0n
    );
    if (unused) yield unused;
  }
}

function deadline({ completion }: Call): number {
  return completion?.index ?? Infinity;
}

/** Hands out bits, lowest first, so that sets stay small numbers. */
class Bits {
  #free: bigint[] = [];
  #count = 0n;

  take(): bigint {
    return this.#free.pop() ?? 1n << this.#count++;
  }

  giveBack(bit: bigint): void {
    this.#free.push(bit);
  }
}

// ---- In words ----

function keyOp({ index, process, f, type, value }: Op): KeyOp {
  const [, argument] = value as [unknown, unknown];
  return { index, process, f, type, value: argument };
}

/** The first key that isn't valid, in time: others may follow from it. */
export function firstFailure(
  { results }: LinearizableFindings,
): KeyFindings & { name: string } | undefined {
  const all = Object.entries(results);
  const [first] = all.filter(([, each]) => each["valid?"] === false)
    .toSorted(([, a], [, b]) =>
      a.linearizable.op!.index - b.linearizable.op!.index
    );
  const [name, found] = first ??
    all.find(([, each]) => each["valid?"] !== true) ?? [];
  return name === undefined ? undefined : { ...found!.linearizable, name };
}

/** In words, where the first key that isn't valid goes wrong. */
export function explainLinearizable(
  findings: LinearizableFindings,
  history: History = [],
): string | undefined {
  const found = firstFailure(findings);
  if (found === undefined) return;
  const { name, op, error, "possible-values": values } = found;
  if (error !== undefined) return `key ${name}: ${error}`;
  const count = findings.failures.length;
  const others = count > 1
    ? ` (${count} keys of ${Object.keys(findings.results).length} aren't)`
    : "";
  return `key ${name} isn't linearizable${others}: process ${op!.process} ${
    deed(op!)
  } (operation ${op!.index}), but by then the key held ${
    alternatives(values!)
  }, in whatever order the operations before took effect${
    tellRefused(op!, history)
  }`;
}

/** Tells that a value was read which only a refused operation can have written. */
function tellRefused(
  { index, f, value }: KeyOp,
  history: History,
): string {
  const whole = history.find((op) => op.index === index);
  if (whole === undefined || f === "write") return "";
  const [key] = whole.value as [unknown];
  const seen = identity(f === "cas" ? (value as unknown[])[0] : value);
  const writes = history.filter((op) =>
    op.index < index && isClientOp(op) && op.f !== "read" &&
    Array.isArray(op.value) && identity(op.value[0]) === identity(key) &&
    identity(op.f === "cas" ? op.value[1]?.[1] : op.value[1]) === seen
  );
  const ends = writes.filter(({ type }) => type !== "invoke");
  const [first] = ends;
  // Those that are open, or succeeded, may have written it as well.
  if (
    first === undefined || ends.length * 2 < writes.length ||
    ends.some(({ type }) => type !== "fail")
  ) return "";
  return `\nOnly what was refused wrote that, such as process ${first.process}'s ${first.f} (operation ${first.index}): ${
    describeError(first)
  }. Who answers with such an error promises that nothing was done.`;
}

function deed({ f, value }: KeyOp): string {
  if (f === "read") return `read ${JSON.stringify(value)}`;
  if (f === "write") return `wrote ${JSON.stringify(value)}`;
  const [from, to] = value as unknown[];
  return `changed it from ${JSON.stringify(from)} to ${JSON.stringify(to)}`;
}

function alternatives(values: unknown[]): string {
  const texts = values.map((value) =>
    value === null ? "nothing" : JSON.stringify(value)
  );
  if (texts.length === maxListed) texts.push("something else");
  const last = texts.slice(-1).join();
  return texts.length > 1
    ? `${texts.slice(0, -1).join(", ")} or ${last}`
    : last;
}

/**
 * The plan of a run, client by client: generators of operations, after Jepsen's
 * (https://github.com/jepsen-io/generator). Asked for its plan, a generator says
 * when the next operation is due; asked again, it makes another. Nothing changes
 * until an operation is really taken, or the generator is told of one that began or
 * ended.
 *
 * @module
 */
import { secondInNs } from "../sim/clock.ts";
import { invariant } from "../sim/invariant.ts";
import type { History, Op, OpType, Process } from "./history.ts";
import type { Random } from "../sim/random.ts";

/** A worker: a client's number, or the nemesis. */
export type Thread = number | "nemesis";

/** An operation that is to begin, at its time or later. */
export interface PlannedOp {
  timeNs: number;
  process: Process;
  /** `sleep` and `log` occupy a thread, and are not part of the history. */
  type: OpType | "sleep" | "log";
  f: string;
  value: unknown;
  [key: string]: unknown;
}

/** A run, as its generators see it. */
export interface RunState {
  /** Nanoseconds since the test began: the same until the next question. */
  readonly timeNs: number;
  readonly random: Random;
  /** The events so far. */
  readonly history: History;
  /** Tells whether a thread isn't busy. */
  isFree(thread: Thread): boolean;
  /** The process that a thread currently is. */
  processOf(thread: Thread): Process;
  /** The thread that currently is a process, unless that never comes back. */
  threadOf(process: Process): Thread | undefined;
  /** The thread whose turn it is among those that are free. */
  freeThread(threads: readonly Thread[]): Thread | undefined;
}

// Contexts, and the generators that every operation goes through, are of classes:
// a thousand operations a second ask each of them three thousand times.

/** A generator's knowledge when it is asked. */
export class Context {
  private readonly run: RunState;
  /** All threads that this generator may use. */
  readonly threads: readonly Thread[];

  constructor(run: RunState, threads: readonly Thread[]) {
    this.run = run;
    this.threads = threads;
  }

  /** The same for some of the threads. */
  of(threads: readonly Thread[]): Context {
    return new Context(this.run, threads);
  }

  /** Nanoseconds since the test began. */
  get timeNs(): number {
    return this.run.timeNs;
  }

  /** The dice. */
  get random(): Random {
    return this.run.random;
  }

  /** The events so far. */
  get history(): History {
    return this.run.history;
  }

  /** The thread whose turn it is among those that are free. */
  get freeThread(): Thread | undefined {
    return this.run.freeThread(this.threads);
  }

  /** Tells whether a thread isn't busy. */
  isFree(thread: Thread): boolean {
    return this.run.isFree(thread);
  }

  /** The process that a thread currently is. */
  processOf(thread: Thread): Process {
    return this.run.processOf(thread);
  }

  /** The place of an event's thread among the generator's; -1: it's none. */
  placeOf({ process }: Op | PlannedOp): number {
    const thread = this.run.threadOf(process);
    return thread === undefined ? -1 : this.threads.indexOf(thread);
  }
}

/**
 * The time at which the next operation is due; `"pending"`, as long as the
 * generator can't know before some operation has ended; or `null` when there is
 * nothing more to come.
 */
export type Plan = number | "pending" | null;

/** A source of operations. */
export interface Generator {
  /** Plans the next operation, in place of what it had planned. */
  plan(context: Context): Plan;
  /** Takes the operation that it has just planned. */
  take(context: Context): PlannedOp;
  /** Takes note that an operation began or ended. */
  update?(context: Context, event: Op | PlannedOp): void;
}

/** A workload's words for an operation; the rest is filled in. */
export type OpTemplate = { f: string; value?: unknown; [key: string]: unknown };

/** One operation, as soon as a thread is free. */
export function once(template: OpTemplate): Generator {
  let isTaken = false;
  return {
    plan: (context) => isTaken ? null : planOfFree(context),
    take(context) {
      isTaken = true;
      return ofFree(template, context);
    },
  };
}

/** A generator that is made when it's asked for the first time. */
export function lazily(make: (context: Context) => Generator): Generator {
  let made: Generator | undefined;
  return {
    plan: (context) => (made ??= make(context)).plan(context),
    take: (context) => made!.take(context),
    update: (context, event) => made?.update?.(context, event),
  };
}

/** Operations without end, each from a call of the function. */
export function forever(
  next: (random: Random) => OpTemplate,
): Generator {
  return drawn(undefined, (_, random) => ({ template: next(random) }));
}

/** Operations numbered from 0, without end. */
export function numbered(
  template: (number: number) => OpTemplate,
): Generator {
  return drawn(0, (number) => ({
    template: template(number),
    after: number + 1,
  }));
}

/**
 * Operations without end, each drawn from a state. Those that are taken leave
 * another.
 *
 * @param draw must not change the state: it's asked again for what isn't taken.
 */
export function drawn<State>(
  first: State,
  draw: (state: State, random: Random) => Draw<State>,
): Generator {
  return new Drawn(first, draw);
}

/** An operation that was drawn, and the state that it leaves, if it's another. */
export interface Draw<State> {
  template: OpTemplate;
  after?: State;
}

class Drawn<State> implements Generator {
  private state: State;
  private readonly draw: (state: State, random: Random) => Draw<State>;
  private planned: Draw<State> | undefined;

  constructor(
    first: State,
    draw: (state: State, random: Random) => Draw<State>,
  ) {
    this.state = first;
    this.draw = draw;
  }

  plan(context: Context): Plan {
    const plan = planOfFree(context);
    if (plan !== "pending") {
      this.planned = this.draw(this.state, context.random);
    }
    return plan;
  }

  take(context: Context): PlannedOp {
    const { template, after = this.state } = this.planned!;
    this.state = after;
    return ofFree(template, context);
  }
}

/** The plan to do something at once, if a thread is free. */
export function planOfFree(context: Context): number | "pending" {
  return context.freeThread === undefined ? "pending" : context.timeNs;
}

/** An operation of the free thread whose turn it is. */
export function ofFree(template: OpTemplate, context: Context): PlannedOp {
  const { freeThread } = context;
  invariant(freeThread !== undefined, "what is planned has a thread");
  return filled(template, context, freeThread);
}

function filled(
  template: OpTemplate,
  context: Context,
  thread: Thread,
): PlannedOp {
  const { f, value = null } = template;
  const op: PlannedOp = {
    timeNs: context.timeNs,
    process: context.processOf(thread),
    type: "invoke",
    f,
    value,
  };
  for (const key in template) {
    if (key !== "f" && key !== "value") op[key] = template[key];
  }
  return op;
}

/** There is nothing to do. */
export const nothing: Generator = { plan: () => null, take: takeNothing };

function takeNothing(): never {
  invariant(false, "only what is planned is taken");
}

/**
 * Each operation from one of the generators, chosen at random.
 *
 * @param chosen the place of the one whose turn it is first.
 */
export function mix(
  generators: readonly Generator[],
  chosen?: number,
): Generator {
  return new Mix(generators, chosen);
}

class Mix implements Generator {
  /** Those that may have more to come. */
  private generators: readonly Generator[];
  /** The place of the one whose turn it is. */
  private chosen: number | undefined;
  /** The plan: those that are left, the place whose turn it is, and the next one's. */
  private rest: readonly Generator[] = [];
  private turn = 0;
  private next = 0;

  constructor(generators: readonly Generator[], chosen?: number) {
    this.generators = generators;
    this.chosen = chosen;
  }

  plan(context: Context): Plan {
    const { random } = context;
    let { generators: rest, chosen } = this;
    while (rest.length > 0) {
      const turn = chosen ?? random.integer(rest.length);
      const plan = rest[turn]!.plan(context); // it's one of their places
      if (plan === "pending") return plan;
      if (plan === null) rest = rest.toSpliced(turn, 1);
      chosen = random.integer(rest.length);
      if (plan === null) continue;
      this.rest = rest;
      this.turn = turn;
      this.next = chosen;
      return plan;
    }
    return null;
  }

  take(context: Context): PlannedOp {
    this.generators = this.rest;
    this.chosen = this.next;
    return this.rest[this.turn]!.take(context);
  }
}

/** An operation from one, then from the other, and so on; ends when one does. */
export function flipFlop(first: Generator, second: Generator): Generator {
  let [now, next] = [first, second];
  return {
    plan: (context) => now.plan(context),
    take(context) {
      const op = now.take(context);
      [now, next] = [next, now];
      return op;
    },
  };
}

/** Another generator, with something of its own around it. */
abstract class Around implements Generator {
  protected readonly inner: Generator;

  constructor(inner: Generator) {
    this.inner = inner;
  }

  plan(context: Context): Plan {
    return this.inner.plan(context);
  }

  take(context: Context): PlannedOp {
    return this.inner.take(context);
  }

  update(context: Context, event: Op | PlannedOp): void {
    this.inner.update?.(context, event);
  }
}

/**
 * Spreads operations over time, at random intervals between 0 and twice the
 * mean. It is the mean over all threads together, and lost time is not made up.
 */
export function stagger(meanNs: number, generator: Generator): Generator {
  return new Stagger(meanNs, generator);
}

class Stagger extends Around {
  private readonly meanNs: number;
  private nextNs: number | undefined;
  /** The time of what is planned, and of what comes after that. */
  private plannedNs = 0;
  private laterNs = 0;

  constructor(meanNs: number, inner: Generator) {
    super(inner);
    this.meanNs = meanNs;
  }

  override plan(context: Context): Plan {
    const plan = this.inner.plan(context);
    if (plan === null || plan === "pending") return plan;
    const timeNs = Math.max(plan, this.nextNs ?? context.timeNs);
    const intervalNs = Math.floor(context.random.float() * 2 * this.meanNs);
    this.plannedNs = timeNs;
    this.laterNs = timeNs + intervalNs;
    return timeNs;
  }

  override take(context: Context): PlannedOp {
    const op = this.inner.take(context);
    op.timeNs = this.plannedNs;
    this.nextNs = this.laterNs;
    return op;
  }
}

/** Ends once an operation would begin so long after the first one. */
export function timeLimit(limitNs: number, generator: Generator): Generator {
  return new TimeLimit(limitNs, generator);
}

class TimeLimit extends Around {
  private readonly limitNs: number;
  private endNs: number | undefined;

  constructor(limitNs: number, inner: Generator) {
    super(inner);
    this.limitNs = limitNs;
  }

  override plan(context: Context): Plan {
    const plan = this.inner.plan(context);
    if (plan === null || plan === "pending") return plan;
    return plan < (this.endNs ?? plan + this.limitNs) ? plan : null;
  }

  override take(context: Context): PlannedOp {
    const op = this.inner.take(context);
    this.endNs ??= op.timeNs + this.limitNs;
    return op;
  }
}

/** Whichever operation comes first; ties are broken at random. */
export function any(...generators: Generator[]): Generator {
  return new Any(generators);
}

class Any implements Generator {
  private readonly generators: readonly Generator[];
  private readonly plans: Plan[];
  /** The place of the one that comes first. */
  private first = -1;

  constructor(generators: readonly Generator[]) {
    this.generators = generators;
    this.plans = generators.map((): Plan => null);
  }

  plan(context: Context): Plan {
    const { generators, plans } = this;
    for (let i = 0; i < generators.length; i++) {
      plans[i] = generators[i]!.plan(context);
    }
    this.first = soonest(plans, context.random);
    return planOf(plans, this.first);
  }

  take(context: Context): PlannedOp {
    return this.generators[this.first]!.take(context);
  }

  update(context: Context, event: Op | PlannedOp): void {
    for (const each of this.generators) each.update?.(context, event);
  }
}

/** The place of the earliest of plans; -1 if there's no operation among them. */
function soonest(plans: readonly Plan[], random: Random): number {
  let first = -1;
  let firstNs = Infinity;
  let ties = 0;
  for (let i = 0; i < plans.length; i++) {
    const plan = plans[i]!;
    if (plan === null || plan === "pending" || plan > firstNs) continue;
    ties = plan < firstNs ? 1 : ties + 1;
    if (ties === 1 || random.integer(ties) === 0) [first, firstNs] = [i, plan];
  }
  return first;
}

/** Sums up plans, the earliest of which has this place. */
function planOf(plans: readonly Plan[], first: number): Plan {
  return plans[first] ?? (plans.includes("pending") ? "pending" : null);
}

/** An operation of a schedule, in whose turn it is when. */
export interface ScheduledEntry {
  /** Nanoseconds since the test began. */
  timeNs: number;
  thread: Thread;
  template: OpTemplate;
}

/**
 * Operations at their times, each by its thread: as soon as that has ended the one
 * before.
 *
 * @param entries in any order.
 */
export function scheduled(entries: readonly ScheduledEntry[]): Generator {
  const queues = [
    ...Map.groupBy(
      entries.toSorted((a, b) => a.timeNs - b.timeNs),
      ({ thread }) => thread,
    ).values(),
  ];
  // For each queue, how much of it is over.
  const places = queues.map(() => 0);
  const timeOf = (entry: ScheduledEntry, { timeNs }: Context) =>
    Math.max(entry.timeNs, timeNs);
  let turn: number | undefined;
  return {
    plan(context) {
      turn = undefined;
      let next: ScheduledEntry | undefined;
      for (const [i, queue] of queues.entries()) {
        const entry = queue[places[i]!];
        if (entry === undefined || !context.isFree(entry.thread)) continue;
        if (next && next.timeNs <= entry.timeNs) continue;
        [turn, next] = [i, entry];
      }
      if (next !== undefined) return timeOf(next, context);
      const isOver = queues.every(({ length }, i) => length === places[i]);
      return isOver ? null : "pending";
    },
    take(context) {
      const entry = queues[turn!]![places[turn!]!]!; // it's what was planned
      places[turn!]!++;
      const op = filled(entry.template, context, entry.thread);
      op.timeNs = timeOf(entry, context);
      return op;
    },
  };
}

/** Only these threads take operations from the generator, or hear of them. */
export function on(
  allowed: (thread: Thread) => boolean,
  generator: Generator,
): Generator {
  return new Among(generator, allowed);
}

class Among extends Around {
  private readonly contextOf: (context: Context) => readonly Context[];

  constructor(inner: Generator, allowed: (thread: Thread) => boolean) {
    super(inner);
    this.contextOf = parted((threads) => [threads.filter(allowed)]);
  }

  override plan(context: Context): Plan {
    return this.inner.plan(this.contextOf(context)[0]!);
  }

  override take(context: Context): PlannedOp {
    return this.inner.take(this.contextOf(context)[0]!);
  }

  override update(context: Context, event: Op | PlannedOp): void {
    const own = this.contextOf(context)[0]!;
    if (own.placeOf(event) !== -1) this.inner.update?.(own, event);
  }
}

/**
 * Parts a context by its threads. It remembers the last: a generator's context in a
 * run is always the same.
 */
function parted(
  part: (threads: readonly Thread[]) => readonly (readonly Thread[])[],
): (context: Context) => readonly Context[] {
  let last: Context | undefined;
  let parts: readonly Context[] = [];
  return (context) => {
    if (context !== last) {
      parts = part(context.threads).map((threads) => context.of(threads));
    }
    last = context;
    return parts;
  };
}

/** Only clients. */
export function clients(generator: Generator): Generator {
  return on((thread) => thread !== "nemesis", generator);
}

/** Only the nemesis. */
export function nemesis(generator: Generator): Generator {
  return on((thread) => thread === "nemesis", generator);
}

/** A generator for each thread. */
export function eachThread(make: () => Generator): Generator {
  const aloneIn = parted((threads) => threads.map((thread) => [thread]));
  /** Those of the threads, by their places. */
  const own: Generator[] = [];
  const ownOf = (place: number) => own[place] ??= make();
  let first = -1;
  return {
    plan(context) {
      const alone = aloneIn(context);
      const plans = context.threads.map((thread, place): Plan =>
        context.isFree(thread) ? ownOf(place).plan(alone[place]!) : "pending"
      );
      first = soonest(plans, context.random);
      return planOf(plans, first);
    },
    take: (context) => ownOf(first).take(aloneIn(context)[first]!),
    update(context, event) {
      const place = context.placeOf(event);
      if (place === -1) return;
      ownOf(place).update?.(aloneIn(context)[place]!, event);
    },
  };
}

/** Ends once an operation was such a one; after Jepsen's `until-ok`. */
export function until(
  isEnough: (event: Op | PlannedOp) => boolean,
  generator: Generator,
): Generator {
  return new Until(isEnough, generator);
}

class Until extends Around {
  private readonly isEnough: (event: Op | PlannedOp) => boolean;
  private isOver = false;

  constructor(
    isEnough: (event: Op | PlannedOp) => boolean,
    inner: Generator,
  ) {
    super(inner);
    this.isEnough = isEnough;
  }

  override plan(context: Context): Plan {
    return this.isOver ? null : this.inner.plan(context);
  }

  override update(context: Context, event: Op | PlannedOp): void {
    this.isOver ||= this.isEnough(event);
    if (!this.isOver) super.update(context, event);
  }
}

/**
 * Ends once too many processes could have taken part: those that did, and those
 * that would have been free to.
 */
export function processLimit(most: number, generator: Generator): Generator {
  return new ProcessLimit(most, generator);
}

class ProcessLimit extends Around {
  private readonly most: number;
  private known: ReadonlySet<Process> = new Set();
  private planned: ReadonlySet<Process> = new Set();

  constructor(most: number, inner: Generator) {
    super(inner);
    this.most = most;
  }

  override plan(context: Context): Plan {
    const plan = this.inner.plan(context);
    if (plan === null || plan === "pending") return plan;
    const processes = new Set(this.known);
    for (const thread of context.threads) {
      processes.add(context.processOf(thread));
    }
    this.planned = processes;
    return processes.size <= this.most ? plan : null;
  }

  override take(context: Context): PlannedOp {
    this.known = this.planned;
    return this.inner.take(context);
  }
}

/** A key, and the generator that a group of threads has for it. */
interface Keyed {
  key: number;
  generator: Generator;
}

/**
 * Divides the threads into groups of a size. Each group works on a key of its
 * own, and takes the next one when there is nothing more to do on it. Values
 * become `[key, value]`. After `jepsen.independent/concurrent-generator`.
 *
 * @param forKey makes the generator of a key. It must have something to do.
 */
export function independent(
  groupSize: number,
  forKey: (key: number, random: Random) => Generator,
): Generator {
  const groupsIn = parted((threads) =>
    Array.from(
      { length: Math.floor(threads.length / groupSize) },
      (_, group) => threads.slice(group * groupSize, (group + 1) * groupSize),
    )
  );
  /** The groups' keys, and the key that is next. */
  let keys: readonly Keyed[] = [];
  let nextKey = 0;
  let planned = { keys, nextKey, first: -1 };
  return {
    plan(context) {
      let next = nextKey;
      const fresh = (): Keyed => ({
        key: next,
        generator: forKey(next++, context.random),
      });
      const groups = groupsIn(context);
      const current = groups.map((_, group) => keys[group] ?? fresh());
      const plans = groups.map((own, group): Plan => {
        if (!own.threads.some((thread) => context.isFree(thread))) {
          return "pending";
        }
        const plan = current[group]!.generator.plan(own);
        if (plan !== null) return plan;
        current[group] = fresh();
        return current[group].generator.plan(own);
      });
      const first = soonest(plans, context.random);
      planned = { keys: current, nextKey: next, first };
      return plans[first] ?? "pending";
    },
    take(context) {
      ({ keys, nextKey } = planned);
      const { key, generator } = keys[planned.first]!; // each group has one
      const op = generator.take(groupsIn(context)[planned.first]!);
      op.value = [key, op.value];
      return op;
    },
    update(context, event) {
      const group = Math.floor(context.placeOf(event) / groupSize);
      const { value } = event;
      keys[group]?.generator.update?.(groupsIn(context)[group]!, {
        ...event,
        value: Array.isArray(value) ? value[1] : null,
      });
    },
  };
}

/** One after the other; each begins when all threads are free. */
export function phases(...generators: Generator[]): Generator {
  return new Sequence(
    generators.map((generator) => new Synchronized(generator)),
  );
}

class Sequence implements Generator {
  private readonly generators: readonly Generator[];
  /** The place of the one that is on, and of the one that has planned. */
  private current = 0;
  private planned = 0;

  constructor(generators: readonly Generator[]) {
    this.generators = generators;
  }

  plan(context: Context): Plan {
    const { generators } = this;
    for (let i = this.current; i < generators.length; i++) {
      const plan = generators[i]!.plan(context);
      this.planned = i;
      if (plan !== null) return plan;
    }
    return null;
  }

  take(context: Context): PlannedOp {
    this.current = this.planned;
    return this.generators[this.current]!.take(context);
  }

  update(context: Context, event: Op | PlannedOp): void {
    this.generators[this.current]?.update?.(context, event);
  }
}

class Synchronized extends Around {
  private hasBegun = false;

  override plan(context: Context): Plan {
    return this.hasBegun ||
        context.threads.every((thread) => context.isFree(thread))
      ? this.inner.plan(context)
      : "pending";
  }

  override take(context: Context): PlannedOp {
    this.hasBegun = true;
    return this.inner.take(context);
  }
}

/** Keeps a thread busy for some time, doing nothing. */
export function sleep(seconds: number): Generator {
  return once({
    f: "sleep",
    type: "sleep",
    value: Math.round(seconds * secondInNs),
  });
}

/** Announces what comes now to an observer. */
export function log(text: string): Generator {
  return once({ f: "log", type: "log", value: text });
}

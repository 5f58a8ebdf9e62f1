/**
 * The plan of a run, client by client: generators of operations, after Jepsen's
 * (https://github.com/jepsen-io/generator). A generator is a value. Asked for
 * an operation, it gives one and the generator that comes after it; told of an
 * operation that began or ended, it gives the generator that it is from then
 * on. Nothing changes until an operation is really taken.
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

/** A generator's knowledge when it is asked. */
export interface Context {
  /** Nanoseconds since the test began. */
  readonly timeNs: number;
  readonly random: Random;
  /** The events so far. */
  readonly history: History;
  /** All threads that this generator may use. */
  readonly threads: readonly Thread[];
  /** Tells whether a thread isn't busy. */
  isFree(thread: Thread): boolean;
  /** The process that a thread currently is. */
  processOf(thread: Thread): Process;
  /** The thread that currently is a process, unless that never comes back. */
  threadOf(process: Process): Thread | undefined;
  /** The thread whose turn it is among those that are free. */
  freeThread(threads: readonly Thread[]): Thread | undefined;
}

/**
 * A generator's answer: an operation and what comes after; `"pending"`, as long
 * as it can't know before some operation has ended; or `null` when there is
 * nothing more to come.
 */
export type Answer = readonly [PlannedOp, Generator] | "pending" | null;

/** A source of operations. */
export interface Generator {
  /** The next operation. */
  op(context: Context): Answer;
  /** Takes note that an operation began or ended. */
  update?(context: Context, event: Op | PlannedOp): Generator;
}

/** A workload's words for an operation; the rest is filled in. */
export type OpTemplate = { f: string; value?: unknown; [key: string]: unknown };

/** There is nothing (more) to do. */
export const nothing: Generator = { op: () => null };

/** One operation, as soon as a thread is free. */
export function once(template: OpTemplate): Generator {
  return {
    op(context) {
      const filled = fill(template, context);
      return filled === "pending" ? filled : [filled, nothing];
    },
  };
}

/** A generator that is made when it's asked for the first time. */
export function lazily(make: (context: Context) => Generator): Generator {
  let made: Generator | undefined;
  return {
    op: (context) => (made ??= make(context)).op(context),
    update(context, event) {
      return made ? update(made, context, event) : this;
    },
  };
}

/** Operations without end, each from a call of the function. */
export function forever(
  next: (random: Random) => OpTemplate,
): Generator {
  const self: Generator = {
    op(context) {
      const thread = context.freeThread(context.threads);
      if (thread === undefined) return "pending";
      return [fill(next(context.random), context) as PlannedOp, self];
    },
  };
  return self;
}

/** Operations numbered from 0, without end. */
export function numbered(
  template: (number: number) => OpTemplate,
  number = 0,
): Generator {
  return {
    op(context) {
      const filled = fill(template(number), context);
      return filled === "pending"
        ? filled
        : [filled, numbered(template, number + 1)];
    },
  };
}

function fill(template: OpTemplate, context: Context): PlannedOp | "pending" {
  const thread = context.freeThread(context.threads);
  return thread === undefined ? "pending" : filled(template, context, thread);
}

function filled(
  template: OpTemplate,
  context: Context,
  thread: Thread,
): PlannedOp {
  return {
    timeNs: context.timeNs,
    process: context.processOf(thread),
    type: "invoke",
    ...template,
    value: template.value ?? null,
  };
}

/** Each operation from one of the generators, chosen at random. */
export function mix(
  generators: readonly Generator[],
  chosen?: number,
): Generator {
  return {
    op(context) {
      if (generators.length === 0) return null;
      const turn = chosen ?? context.random.integer(generators.length);
      const chosenOne = generators[turn];
      invariant(chosenOne, "it's the turn of one of the generators");
      const answer = chosenOne.op(context);
      if (answer === "pending") return answer;
      if (answer === null) {
        const rest = generators.toSpliced(turn, 1);
        return mix(rest, context.random.integer(rest.length)).op(context);
      }
      const [op, after] = answer;
      return [
        op,
        mix(
          generators.with(turn, after),
          context.random.integer(generators.length),
        ),
      ];
    },
  };
}

/** An operation from one, then from the other, and so on; ends when one does. */
export function flipFlop(first: Generator, second: Generator): Generator {
  return {
    op(context) {
      const answer = first.op(context);
      if (answer === null || answer === "pending") return answer;
      return [answer[0], flipFlop(second, answer[1])];
    },
  };
}

/**
 * Spreads operations over time, at random intervals between 0 and twice the
 * mean. It is the mean over all threads together, and lost time is not made up.
 */
export function stagger(meanNs: number, generator: Generator): Generator {
  return new Stagger(meanNs, generator);
}

// Those that every operation goes through are of a class: a thousand operations a
// second make as many of each, and a closure takes more than an instance.

/** Another generator, with something of its own around it. */
abstract class Around implements Generator {
  protected readonly inner: Generator;

  constructor(inner: Generator) {
    this.inner = inner;
  }

  abstract op(context: Context): Answer;

  /** The same around another generator. */
  protected abstract around(inner: Generator): Generator;

  update(context: Context, event: Op | PlannedOp): Generator {
    const updated = update(this.inner, context, event);
    return updated === this.inner ? this : this.around(updated);
  }
}

class Stagger extends Around {
  private readonly meanNs: number;
  private readonly nextNs: number | undefined;

  constructor(meanNs: number, inner: Generator, nextNs?: number) {
    super(inner);
    this.meanNs = meanNs;
    this.nextNs = nextNs;
  }

  op(context: Context): Answer {
    const { meanNs, inner, nextNs } = this;
    const answer = inner.op(context);
    if (answer === null || answer === "pending") return answer;
    const [op, after] = answer;
    const timeNs = Math.max(op.timeNs, nextNs ?? context.timeNs);
    const interval = Math.floor(context.random.float() * 2 * meanNs);
    return [
      op.timeNs === timeNs ? op : { ...op, timeNs },
      new Stagger(meanNs, after, timeNs + interval),
    ];
  }

  protected around(inner: Generator): Generator {
    return new Stagger(this.meanNs, inner, this.nextNs);
  }
}

/** Ends once an operation would begin so long after the first one. */
export function timeLimit(limitNs: number, generator: Generator): Generator {
  return new TimeLimit(limitNs, generator);
}

class TimeLimit extends Around {
  private readonly limitNs: number;
  private readonly cutoffNs: number | undefined;

  constructor(limitNs: number, inner: Generator, cutoffNs?: number) {
    super(inner);
    this.limitNs = limitNs;
    this.cutoffNs = cutoffNs;
  }

  op(context: Context): Answer {
    const { limitNs, inner, cutoffNs } = this;
    const answer = inner.op(context);
    if (answer === null || answer === "pending") return answer;
    const [op, after] = answer;
    const endNs = cutoffNs ?? op.timeNs + limitNs;
    return op.timeNs < endNs
      ? [op, new TimeLimit(limitNs, after, endNs)]
      : null;
  }

  protected around(inner: Generator): Generator {
    return new TimeLimit(this.limitNs, inner, this.cutoffNs);
  }
}

/** Whichever operation comes first; ties are broken at random. */
export function any(...generators: Generator[]): Generator {
  return new Any(generators);
}

class Any implements Generator {
  private readonly generators: readonly Generator[];

  constructor(generators: readonly Generator[]) {
    this.generators = generators;
  }

  op(context: Context): Answer {
    const { generators } = this;
    const answers = generators.map((generator) => generator.op(context));
    const first = soonest(answers, context.random);
    if (first === undefined) {
      return answers.includes("pending") ? "pending" : null;
    }
    const [i, [op, after]] = first;
    return [op, new Any(generators.with(i, after))];
  }

  update(context: Context, event: Op | PlannedOp): Generator {
    const { generators } = this;
    const updated = generators.map((each) => update(each, context, event));
    return updated.every((each, i) => each === generators[i])
      ? this
      : new Any(updated);
  }
}

/** The answer with the earliest operation, and its place in the list. */
function soonest(
  answers: readonly Answer[],
  random: Random,
): [number, readonly [PlannedOp, Generator]] | undefined {
  let best: [number, readonly [PlannedOp, Generator]] | undefined;
  let ties = 0;
  for (let i = 0; i < answers.length; i++) {
    const answer = answers[i] ?? null;
    if (answer === null || answer === "pending") continue;
    const lead = best ? best[1][0].timeNs - answer[0].timeNs : 1;
    if (lead < 0) continue;
    ties = lead > 0 ? 1 : ties + 1;
    if (ties === 1 || random.integer(ties) === 0) best = [i, answer];
  }
  return best;
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
  const queues = Map.groupBy(
    entries.toSorted((a, b) => a.timeNs - b.timeNs),
    ({ thread }) => thread,
  );
  return scheduledFrom([...queues.values()], [...queues].map(() => 0));
}

/** @param places for each queue, how much of it is over. */
function scheduledFrom(
  queues: readonly (readonly ScheduledEntry[])[],
  places: readonly number[],
): Generator {
  return {
    op(context) {
      let turn: number | undefined;
      let next: ScheduledEntry | undefined;
      for (const [i, queue] of queues.entries()) {
        const entry = queue[places[i]!];
        if (entry === undefined || !context.isFree(entry.thread)) continue;
        if (next && next.timeNs <= entry.timeNs) continue;
        [turn, next] = [i, entry];
      }
      if (turn === undefined || next === undefined) {
        const isOver = queues.every(({ length }, i) => length === places[i]);
        return isOver ? null : "pending";
      }
      const op = {
        ...filled(next.template, context, next.thread),
        timeNs: Math.max(next.timeNs, context.timeNs),
      };
      return [op, scheduledFrom(queues, places.with(turn, places[turn]! + 1))];
    },
  };
}

/** Only these threads take operations from the generator, or hear of them. */
export function on(
  allowed: (thread: Thread) => boolean,
  generator: Generator,
): Generator {
  return new Among(filterOf(allowed), generator);
}

class Among implements Generator {
  private readonly allowed: (threads: readonly Thread[]) => readonly Thread[];
  private readonly generator: Generator;

  constructor(
    allowed: (threads: readonly Thread[]) => readonly Thread[],
    generator: Generator,
  ) {
    this.allowed = allowed;
    this.generator = generator;
  }

  op(context: Context): Answer {
    const answer = this.generator.op(this.#own(context));
    if (answer === null || answer === "pending") return answer;
    return [answer[0], new Among(this.allowed, answer[1])];
  }

  update(context: Context, event: Op | PlannedOp): Generator {
    const own = this.#own(context);
    if (placeOf(event, own) === -1) return this;
    const updated = update(this.generator, own, event);
    return updated === this.generator ? this : new Among(this.allowed, updated);
  }

  #own(context: Context): Context {
    return { ...context, threads: this.allowed(context.threads) };
  }
}

/** A filter that remembers: the threads of a run are always the same. */
function filterOf(
  allowed: (thread: Thread) => boolean,
): (threads: readonly Thread[]) => readonly Thread[] {
  let last: readonly Thread[] | undefined;
  let chosen: readonly Thread[] = [];
  return (threads) => {
    if (threads !== last) chosen = threads.filter(allowed);
    last = threads;
    return chosen;
  };
}

/** The place of an event's thread among those of a generator; -1: it's none. */
function placeOf(
  { process }: Op | PlannedOp,
  { threads, threadOf }: Context,
): number {
  const thread = threadOf(process);
  return thread === undefined ? -1 : threads.indexOf(thread);
}

/** Only clients. */
export function clients(generator: Generator): Generator {
  return on((thread) => thread !== "nemesis", generator);
}

/** Only the nemesis. */
export function nemesis(generator: Generator): Generator {
  return on((thread) => thread === "nemesis", generator);
}

/**
 * A copy of the generator for each thread.
 *
 * @param own those of the threads, by their places; the others have a fresh one.
 */
export function eachThread(
  fresh: Generator,
  own: readonly (Generator | undefined)[] = [],
): Generator {
  const alone = (context: Context, thread: Thread): Context => ({
    ...context,
    threads: [thread],
  });
  const having = (place: number, generator: Generator): Generator => {
    const changed = own.slice();
    changed[place] = generator;
    return eachThread(fresh, changed);
  };
  return {
    op(context) {
      const answers = context.threads.map((thread, place): Answer => {
        if (!context.isFree(thread)) return "pending";
        const generator = own[place] ?? fresh;
        // A thousand threads are asked a thousand times who reads next.
        if (generator === nothing) return null;
        return generator.op(alone(context, thread));
      });
      const first = soonest(answers, context.random);
      if (first === undefined) {
        return answers.includes("pending") ? "pending" : null;
      }
      const [place, [op, after]] = first;
      return [op, having(place, after)];
    },
    update(context, event) {
      const place = placeOf(event, context);
      if (place === -1) return this;
      const generator = own[place] ?? fresh;
      const thread = context.threads[place]!;
      const updated = update(generator, alone(context, thread), event);
      return updated === generator ? this : having(place, updated);
    },
  };
}

/** Only those operations that pass; others are drawn, and passed over. */
export function filter(
  passes: (op: PlannedOp) => boolean,
  generator: Generator,
): Generator {
  return {
    op(context) {
      for (let rest = generator;;) {
        const answer = rest.op(context);
        if (answer === null || answer === "pending") return answer;
        const [op, after] = answer;
        if (passes(op)) return [op, filter(passes, after)];
        rest = after;
      }
    },
    update(context, event) {
      const updated = update(generator, context, event);
      return updated === generator ? this : filter(passes, updated);
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

  constructor(
    isEnough: (event: Op | PlannedOp) => boolean,
    inner: Generator,
  ) {
    super(inner);
    this.isEnough = isEnough;
  }

  op(context: Context): Answer {
    const answer = this.inner.op(context);
    if (answer === null || answer === "pending") return answer;
    return [answer[0], this.around(answer[1])];
  }

  protected around(inner: Generator): Generator {
    return new Until(this.isEnough, inner);
  }

  override update(context: Context, event: Op | PlannedOp): Generator {
    return this.isEnough(event) ? nothing : super.update(context, event);
  }
}

/**
 * Ends once too many processes could have taken part: those that did, and those
 * that would have been free to.
 */
export function processLimit(
  most: number,
  generator: Generator,
  known: ReadonlySet<Process> = new Set(),
): Generator {
  return {
    op(context) {
      const answer = generator.op(context);
      if (answer === null || answer === "pending") return answer;
      const [op, after] = answer;
      const processes = new Set(known);
      for (const thread of context.threads) {
        processes.add(context.processOf(thread));
      }
      return processes.size <= most
        ? [op, processLimit(most, after, processes)]
        : null;
    },
    update(context, event) {
      const updated = update(generator, context, event);
      return updated === generator ? this : processLimit(most, updated, known);
    },
  };
}

/** A key, and the generator that its group of threads has for it. */
type Keyed = readonly [key: number, generator: Generator];

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
  groups: readonly Keyed[] = [],
  nextKey = 0,
): Generator {
  const restrict = (context: Context, group: number): Context => ({
    ...context,
    threads: context.threads.slice(group * groupSize, (group + 1) * groupSize),
  });
  return {
    op(context) {
      let next = nextKey;
      const fresh = (): Keyed => [next, forKey(next++, context.random)];
      const current = Array.from(
        { length: Math.floor(context.threads.length / groupSize) },
        (_, group) => groups[group] ?? fresh(),
      );
      const answers = current.map(([, generator], group): Answer => {
        const own = restrict(context, group);
        if (!own.threads.some((thread) => context.isFree(thread))) {
          return "pending";
        }
        const answer = generator.op(own);
        if (answer !== null) return answer;
        const [, another] = current[group] = fresh();
        return another.op(own);
      });
      const first = soonest(answers, context.random);
      if (first === undefined) return "pending";
      const [group, [op, after]] = first;
      const [key] = current[group]!; // each has its answer
      return [
        { ...op, value: [key, op.value] },
        independent(groupSize, forKey, current.with(group, [key, after]), next),
      ];
    },
    update(context, event) {
      const group = Math.floor(placeOf(event, context) / groupSize);
      const keyed = groups[group];
      if (keyed === undefined) return this;
      const [key, generator] = keyed;
      const { value } = event;
      const inner = { ...event, value: Array.isArray(value) ? value[1] : null };
      return independent(
        groupSize,
        forKey,
        groups.with(group, [
          key,
          update(generator, restrict(context, group), inner),
        ]),
        nextKey,
      );
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

  constructor(generators: readonly Generator[]) {
    this.generators = generators;
  }

  op(context: Context): Answer {
    let left = this.generators;
    for (const generator of this.generators) {
      const answer = generator.op(context);
      if (answer === "pending") return answer;
      if (answer !== null) {
        return [answer[0], new Sequence(left.with(0, answer[1]))];
      }
      left = left.slice(1);
    }
    return null;
  }

  update(context: Context, event: Op | PlannedOp): Generator {
    const [first] = this.generators;
    if (first === undefined) return this;
    const updated = update(first, context, event);
    return updated === first
      ? this
      : new Sequence(this.generators.with(0, updated));
  }
}

class Synchronized extends Around {
  op(context: Context): Answer {
    return context.threads.every((thread) => context.isFree(thread))
      ? this.inner.op(context)
      : "pending";
  }

  protected around(inner: Generator): Generator {
    return new Synchronized(inner);
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

function update(
  generator: Generator,
  context: Context,
  event: Op | PlannedOp,
): Generator {
  return generator.update?.(context, event) ?? generator;
}

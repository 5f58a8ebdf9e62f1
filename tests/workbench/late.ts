/**
 * A busy machine, without one: a clock in virtual time whose events are
 * late, and that says so.
 *
 * @module
 */
import type { AnyMessages, App } from "../../lib/mod.ts";
import { inProcess, startApp } from "../../lib/workbench/hosts/app.ts";
import { type Judgement, judgementOf } from "../../lib/workbench/judge.ts";
import type { Options } from "../../lib/workbench/options.ts";
import { randomOf, run } from "../../lib/workbench/run.ts";
import { VirtualClock } from "../../lib/workbench/sim/clock.ts";
import { LatenessMeter } from "../../lib/workbench/sim/lateness.ts";
import { msInNs, secondInNs } from "../../lib/workbench/sim/units.ts";
import { resolve } from "../../lib/workbench/test.ts";

/** The span of time in which things happen late, and by how much. */
export interface Busy {
  fromMs: number;
  toMs: number;
  lateMs: number;
}

/** Longer waits end in time, though what they wait for may be late. */
const longWaitNs = secondInNs;

/** A clock whose events are late. */
export class LateClock extends VirtualClock {
  override readonly meter = new LatenessMeter();
  #busy: Busy;

  constructor(busy: Busy) {
    super();
    this.#busy = busy;
  }

  override at(timeNs: number, action: () => void): () => void {
    const { fromMs, toMs, lateMs } = this.#busy;
    const dueNs = Math.max(timeNs, this.nowNs);
    const isLate = fromMs * msInNs <= dueNs && dueNs < toMs * msInNs &&
      dueNs - this.nowNs < longWaitNs;
    return super.at(isLate ? dueNs + lateMs * msInNs : timeNs, () => {
      this.meter.timer(dueNs, this.nowNs);
      action();
    });
  }
}

/** Judges an app on a busy machine. */
export async function judgeLate<M = AnyMessages>(
  app: App<M>,
  options: Options,
  busy: Busy,
): Promise<Judgement> {
  const test = resolve(options);
  const random = randomOf(test);
  const happened = await run(test, {
    clock: new LateClock(busy),
    start: inProcess(startApp(app, []), (id) => random(`node/${id}`)),
    random,
  });
  return judgementOf("stdio", test, happened);
}

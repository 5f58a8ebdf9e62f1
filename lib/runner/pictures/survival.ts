/**
 * Broadcast: what nodes still show when they have died and come back, without a
 * disk and with one.
 *
 * @module
 */
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import { faultsIn } from "../../workbench/load/nemesis.ts";
import { pairs } from "../../workbench/load/history.ts";
import { secondInNs } from "../../workbench/sim/clock.ts";
import type { Judgement } from "../../workbench/mod.ts";
import type { JudgeRun } from "./judged.ts";
import { type Drawing, group, margin, markup, width } from "./svg.ts";

/** The seed of the run that is drawn. */
const seed = 31;

/** The time that a value has to get everywhere, in seconds. */
const patience = 3;

/** One read: when, at which node, and which part it shows of what it should. */
export interface Shown {
  node: string;
  seconds: number;
  part: number;
}

/**
 * For each read, the part that it shows of all values that had been acknowledged
 * so many seconds before it began.
 */
export function shownBy({ history, test }: Judgement): Shown[] {
  const acknowledged: { value: unknown; time: number }[] = [];
  const invocations = pairs(history);
  const reads: Shown[] = [];
  for (const op of history) {
    if (op.type !== "ok") continue;
    if (op.f === "broadcast") {
      acknowledged.push({ value: op.value, time: op.time });
    } else if (op.f === "read") {
      const begun = invocations[op.index]!.time;
      const since = begun - patience * secondInNs;
      const due = acknowledged.filter(({ time }) => time <= since);
      if (due.length === 0) continue;
      const shown = new Set(op.value as unknown[]);
      reads.push({
        node: test.nodes[op.process as number % test.nodes.length]!,
        seconds: op.time / secondInNs,
        part: due.filter(({ value }) => shown.has(value)).length / due.length,
      });
    }
  }
  return reads;
}

const left = 62;
const right = width - margin;
const panelHeight = 130;
const top = 96;
const step = 212;

/** Draws it. */
export async function survival(judged: JudgeRun): Promise<Drawing> {
  const killed = { seed, nemesis: "kill", "nemesis-interval": 3 };
  const runs = [
    { label: "in memory", judgement: await judged("3c", killed) },
    {
      label: "with a disk",
      judgement: await judged("3c", { ...killed, args: ["--data-dir", "d"] }),
    },
  ].map((run) => ({ ...run, reads: shownBy(run.judgement) }));
  return {
    title: "Who dies forgets, unless it's on a disk",
    description: describe(runs),
    height: top + runs.length * step - 20,
    style: `
.node { stroke: var(--blue); stroke-width: 1.25; opacity: 0.75 }
.dot { fill: var(--blue) }
.gone { fill: var(--orange) }`,
    body: [
      markup`<text class="small muted" x="${margin}" y="60">The part of the acknowledged values that reads show: orange where some is missing</text>`,
      runs.map((run, i) => group([0, top + i * step], panel(run))),
    ],
  };
}

/** One of the two runs. */
interface Panel {
  label: string;
  judgement: Judgement;
  reads: readonly Shown[];
}

function describe(runs: readonly Panel[]): string {
  const tell = ({ label, judgement, reads }: Panel) => {
    const last = judgement.test.nodes.map((node) =>
      reads.findLast((read) => read.node === node)!.part
    );
    const percent = (part: number) => `${Math.round(part * 100)} %`;
    return `${label}, the last reads show ${percent(Math.min(...last))} to ${
      percent(Math.max(...last))
    } of what was acknowledged`;
  };
  const [first] = runs;
  const kills = killsOf(first!.judgement)
    .map(({ words, from, to }) =>
      `${words} from ${from.toFixed(1)} to ${to.toFixed(1)} s`
    );
  return `Broadcast, challenge 3c, five nodes, seed ${seed}. Killed are ${
    kills.join("; ")
  }. ${runs.map(tell).join("; ")}.`;
}

/** The kills of a run: who, and from when to when, in seconds. */
function killsOf({ history, test }: Judgement) {
  return faultsIn(history).flatMap((fault) => {
    if (fault.kind !== "kill" || fault.nodes.length === 0) return [];
    const isAll = fault.nodes.length === test.nodes.length;
    return [{
      nodes: fault.nodes,
      words: isAll ? "all" : fault.nodes.toSorted().join(" "),
      from: fault.start.time / secondInNs,
      to: (fault.end?.time ?? history.at(-1)!.time) / secondInNs,
    }];
  });
}

function panel({ label, judgement, reads }: Panel) {
  const endSeconds = Math.max(...reads.map(({ seconds }) => seconds));
  const x = scaleLinear([0, endSeconds], [left, right]);
  const y = scaleLinear([0, 1], [panelHeight, 0]);
  return [
    markup`<text class="bold" x="${left}" y="-14">${label}</text>`,
    killsOf(judgement).map(({ words, from, to }) => [
      markup`<rect class="fault-band" x="${x(from)}" y="0" width="${
        x(Math.min(to, endSeconds)) - x(from)
      }" height="${panelHeight}"/>`,
      markup`<text class="small fill-fault" x="${
        x(from) + 4
      }" y="22">${words}</text>`,
    ]),
    [0, 0.5, 1].map((part) => [
      markup`<path class="grid" d="M${left} ${y(part)}H${right}"/>`,
      markup`<text class="small muted end" x="${left - 8}" y="${y(part) + 5}">${
        part * 100
      } %</text>`,
    ]),
    judgement.test.nodes.map((node) => {
      const own = reads.filter((read) => read.node === node);
      const deaths = killsOf(judgement).filter(({ nodes }) =>
        nodes.includes(node)
      );
      const points = own.map(({ seconds, part }, i) => {
        const before = own[i - 1];
        const goesOn = before !== undefined &&
          !deaths.some(({ from }) => before.seconds < from && from <= seconds);
        return `${goesOn ? "L" : "M"}${tenths(x(seconds))} ${tenths(y(part))}`;
      });
      return markup`<path class="node" d="${points.join("")}"/>`;
    }),
    reads.map(({ seconds, part }) =>
      markup`<circle class="${part < 1 ? "gone" : "dot"}" cx="${
        x(seconds)
      }" cy="${y(part)}" r="2.5"/>`
    ),
    x.ticks(6).map((tick) =>
      markup`<text class="small muted middle" x="${x(tick)}" y="${
        panelHeight + 20
      }">${tick} s</text>`
    ),
  ];
}

function tenths(length: number): number {
  return Math.round(10 * length) / 10;
}

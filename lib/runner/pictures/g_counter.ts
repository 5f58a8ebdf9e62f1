/**
 * The grow-only counter: how much reads are short of the sum.
 *
 * @module
 */
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
// @ts-types="@types/d3-shape"
import { curveStepAfter, line } from "d3-shape";
import { secondInNs } from "../../workbench/sim/clock.ts";
import { pairs } from "../../workbench/load/history.ts";
import type { Judgement } from "../../workbench/mod.ts";
import { invariant } from "../../workbench/sim/invariant.ts";
import { nodeOf } from "../../workbench/workloads/lost_element.ts";
import { type JudgeRun, partitionsOf } from "./judged.ts";
import {
  type Content,
  type Drawing,
  group,
  margin,
  markup,
  width,
} from "./svg.ts";

/** In this run the naive answer fails, and a node is cut off for long. */
export const seed = 22;

/** The strategies from naive to independent. */
export const panels = [
  { strategy: "cas", title: "cas: one sum, which all change" },
  { strategy: "totals", title: "totals: each node its own, in the store" },
  { strategy: "gossip", title: "gossip: a CRDT, with no store" },
] as const;

/**
 * A read, and the part that it lacked of all that was acknowledged when it
 * began.
 */
export interface Read {
  node: string;
  seconds: number;
  missing: number;
  final: boolean;
}

/** All reads of a run that succeeded. */
export function readsOf({ history, test }: Judgement): Read[] {
  const counterpart = pairs(history);
  const reads: Read[] = [];
  /** The sum of what had been acknowledged when an operation began. */
  const sums = new Map<number, number>();
  let sum = 0;
  for (const op of history) {
    if (op.process === "nemesis") continue;
    if (op.type === "invoke") sums.set(op.index, sum);
    if (op.type !== "ok") continue;
    if (op.f === "add") sum += op.value as number;
    else {
      const invocation = counterpart[op.index];
      const before = invocation && sums.get(invocation.index);
      invariant(before !== undefined, "what ends has begun");
      reads.push({
        node: nodeOf(op, test),
        seconds: op.time / secondInNs,
        missing: before - (op.value as number),
        final: op["final?"] === true,
      });
    }
  }
  return reads;
}

const left = 64;
/** The place where the work ends; right of it are the final reads. */
const workEnd = width - 156;
const panelHeight = 148;
const plotHeight = 84;
const top = 108;
const workSeconds = 20;
/** The width of a step of the curve: within it the worst read counts. */
const stepSeconds = 0.5;

const x = scaleLinear([0, workSeconds], [left, workEnd]);
const colours = ["blue", "orange", "green"];

/** Draws it. */
export async function gCounter(judged: JudgeRun): Promise<Drawing> {
  const by = ({ strategy }: typeof panels[number]) =>
    judged("4", { seed, args: ["--strategy", strategy] });
  const naive = await by(panels[0]);
  const reads = [
    readsOf(naive),
    readsOf(await by(panels[1])),
    readsOf(await by(panels[2])),
  ] as const;
  const { nodes } = naive.test;
  const [partition] = partitionsOf(naive);
  invariant(partition, "the run has a partition");
  const { toMs, cuts } = partition;
  const alone = nodes.find((node) => cuts[node]?.length === nodes.length - 1);
  const [cas, totals, gossip] = [
    worst(reads[0]),
    worst(reads[1]),
    worst(reads[2]),
  ];
  const wrong = wrongOf(reads[0]);
  const partitionEnd = x(toMs / 1000);
  return {
    title: "A read may be late; the last one must be right",
    description:
      `Grow-only counter, challenge 4, three nodes, seed ${seed}: by how much reads fall short of all that had been acknowledged when they began. With one sum in the store, changed by compare-and-set, by ${cas} at most; but ${wrong.length} of ${nodes.length} final reads are wrong, as the store may answer from the past. With a total for each node by up to ${totals}, and in the end by nothing. With gossip ${alone}, which is cut off for ${
        (toMs / 1000).toFixed(1)
      } s, falls behind by up to ${gossip}, and in the end by nothing.`,
    height: top + 3 * panelHeight - 12,
    style: `
.key { stroke-width: 3 }
.curve { stroke-linejoin: round }`,
    body: [
      markup`<text class="small" x="${margin}" y="60">What reads lack of the sum, each on its own scale</text>`,
      nodes.map((node, i) => [
        markup`<path class="${colours[i]} key" d="M${
          width - 190 + i * 62
        } 55h18"/>`,
        markup`<text class="small" x="${
          width - 168 + i * 62
        }" y="60">${node}</text>`,
      ]),
      markup`<text class="small muted" x="${workEnd + 36}" y="${
        top - 12
      }">final reads:</text>`,
      panels.map(({ title }, i) =>
        group([0, top + i * panelHeight], [
          markup`<text class="small bold" x="${margin}" y="-12">${title}</text>`,
          markup`<rect class="fault-band" x="${left}" y="0" width="${
            partitionEnd - left
          }" height="${plotHeight}"/>`,
          i < 2
            ? []
            : markup`<text class="small bold fill-fault" x="${
              left + 8
            }" y="20">${alone} is cut off</text>`,
          panel(reads[i]!, nodes),
        ])
      ),
    ],
  };
}

function worst(reads: Read[]): number {
  return Math.max(...reads.map(({ missing }) => missing));
}

/** The final reads that are wrong. */
export function wrongOf(reads: Read[]): Read[] {
  return reads.filter(({ final, missing }) => final && missing !== 0);
}

function panel(
  reads: Read[],
  nodes: readonly string[],
): Content[] {
  const y = scaleLinear([0, worst(reads)], [plotHeight, 0]);
  const curve = line().x(([seconds]) => x(seconds)).y(([, missing]) =>
    y(missing)
  ).curve(curveStepAfter).digits(1);
  const wrong = wrongOf(reads);
  return [
    y.ticks(2).map((missing) =>
      markup`<text class="small muted end" x="${left - 8}" y="${
        y(missing) + 5
      }">${missing}</text>`
    ),
    markup`<path class="line" d="M${left} ${plotHeight}H${workEnd}"/>`,
    nodes.map((node, i) => {
      const steps = new Map<number, number>();
      for (const { seconds, missing, final, node: reader } of reads) {
        if (final || reader !== node) continue;
        const step = Math.floor(seconds / stepSeconds) * stepSeconds;
        steps.set(step, Math.max(missing, steps.get(step) ?? 0));
      }
      return markup`<path class="${colours[i]} curve" d="${
        curve([...steps]) ?? ""
      }"/>`;
    }),
    reads.filter(({ final }) => final).map(({ node, missing }) =>
      markup`<circle class="fill-${colours[nodes.indexOf(node)]}" cx="${
        workEnd + 10 + 6 * nodes.indexOf(node)
      }" cy="${y(missing)}" r="4"/>`
    ),
    wrong.length === 0
      ? verdict("✓ all right", "fill-green", plotHeight / 2 + 5)
      : [
        verdict(`✗ ${wrong.length} wrong`, "fill-fault", plotHeight / 2 - 5),
        verdict(`by up to ${worst(wrong)}`, "fill-fault", plotHeight / 2 + 15),
      ],
    [0, 10, 20].map((seconds) =>
      markup`<text class="small muted middle" x="${x(seconds)}" y="${
        plotHeight + 20
      }">${seconds} s</text>`
    ),
  ];
}

function verdict(words: string, className: string, y: number): Content {
  return markup`<text class="small bold ${className}" x="${
    workEnd + 36
  }" y="${y}">${words}</text>`;
}

/**
 * Broadcast: a value, told on the wrong side of a partition.
 *
 * @module
 */
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import type { Judgement } from "../../workbench/mod.ts";
import { invariant } from "../../workbench/sim/invariant.ts";
import {
  type JudgeRun,
  type Message,
  messagesOf,
  type Partition,
  partitionsOf,
} from "./judged.ts";
import {
  arrow,
  type Drawing,
  margin,
  markup,
  type Point,
  width,
} from "./svg.ts";

/** The value of the run with seed 1 that is followed. */
const value = 38;

/** The story of a value. */
export interface Story {
  told: Message;
  /** The messages that carried it, those that were lost among them. */
  carriers: Message[];
  partition: Partition;
}

/** Finds out what happened to the value. */
export function storyOf(judgement: Judgement): Story {
  const messages = messagesOf(judgement);
  const told = messages.find(({ body }) =>
    body.type === "broadcast" && body.message === value
  );
  invariant(told, "a client tells the value");
  const partition = partitionsOf(judgement).find(({ fromMs, toMs }) =>
    fromMs <= told.sentMs && told.sentMs < toMs
  );
  invariant(partition, "the value is told during a partition");
  const carriers = messages.filter(({ body }) =>
    body.type === "batch" && (body.values as number[]).includes(value)
  );
  return { told, carriers, partition };
}

const left = 94;
const right = width - margin;
const top = 96;
const laneHeight = 50;
/** Between the two sides of the partition. */
const wallHeight = 60;

/** Draws it. */
export async function partition(judged: JudgeRun): Promise<Drawing> {
  const layout = layoutOf(await judged("3c", { seed: 1 }));
  const { bottom } = layout;
  return {
    title: "A partition delays a value, and doesn't lose it",
    description: describe(layout),
    height: bottom + 74,
    style: `
.lane { stroke: var(--line); stroke-dasharray: 2 4 }
.known { stroke: var(--green); stroke-width: 5; stroke-linecap: round }
.cross { stroke: var(--fault); stroke-width: 2.5 }`,
    body: [
      wall(layout),
      nodeLanes(layout),
      lostMessages(layout),
      arrivals(layout),
      axis(layout),
      legend(bottom + 54),
    ],
  };
}

type Layout = ReturnType<typeof layoutOf>;

/** The places of nodes and of moments. */
function layoutOf(judgement: Judgement) {
  const { told, carriers, partition } = storyOf(judgement);
  const { nodes } = judgement.test;
  const [hub] = nodes;
  invariant(hub !== undefined, "the first of the nodes is the hub");
  const cutOff = [
    told.dest,
    ...nodes.filter((node) =>
      node !== told.dest && partition.cuts[hub]?.includes(node)
    ),
  ];
  const others = nodes.filter((node) => !cutOff.includes(node));
  // The hub, and who was told, next to the wall.
  const lanes = [...others.slice(1), hub, ...cutOff];
  const yOf = (node: string) => {
    const lane = lanes.indexOf(node);
    return top + lane * laneHeight + (lane < others.length ? 0 : wallHeight);
  };
  const wallTop = yOf(hub) + laneHeight / 2;
  const wallMiddle = wallTop + wallHeight / 2;
  const bottom = yOf(lanes.at(-1)!) + 30;

  const startMs = told.receivedMs!;
  const since = (ms: number) => (ms - startMs) / 1000;
  const known = new Map([[told.dest, startMs]]);
  for (const { dest, receivedMs } of carriers) {
    if (receivedMs !== undefined && !(known.get(dest)! <= receivedMs)) {
      known.set(dest, receivedMs);
    }
  }
  const endMs = Math.max(
    ...carriers.map(({ sentMs, receivedMs }) => receivedMs ?? sentMs),
  );
  const lastKnownMs = Math.max(...known.values());
  const lost = carriers.filter(({ receivedMs }) => receivedMs === undefined);
  const x = scaleLinear([-0.25, since(endMs) + 0.15], [left, right]);
  const xOf = (ms: number) => x(since(ms));
  const seconds = (ms: number) => since(ms).toFixed(1);
  return {
    ...{ told, carriers, partition, lost, known },
    ...{ hub, cutOff, lanes, yOf, wallTop, wallMiddle, bottom },
    ...{ startMs, lastKnownMs, x, xOf, seconds },
  };
}

function describe(
  { told, carriers, lost, hub, cutOff, partition, seconds, lastKnownMs }:
    Layout,
): string {
  return `Broadcast, challenge 3c, five nodes. ${told.dest} is told a value while it's cut off from the hub, ${hub}. Of ${carriers.length} messages that carry the value ${lost.length} are lost at the partition. As the hub doesn't answer, ${told.dest} tells all others, of whom ${
    cutOff.slice(1).join(" and ")
  } can be reached; and it tries again, until the partition has ended, after ${
    seconds(partition.toMs)
  } s. Who learns the value then tells the hub. All nodes know the value after ${
    seconds(lastKnownMs)
  } s.`;
}

function wall({ told, partition, wallTop, xOf }: Layout) {
  return [
    markup`<text class="small" x="${margin}" y="60">${told.dest} is told a value while it can't reach the hub.</text>`,
    markup`<rect class="fault-band" x="${left}" y="${wallTop}" width="${
      xOf(partition.toMs) - left
    }" height="${wallHeight}"/>`,
    markup`<text class="small bold fill-fault" x="${left + 8}" y="${
      wallTop + 20
    }">partition</text>`,
  ];
}

/** A lane for each node, green from when it knows the value. */
function nodeLanes({ lanes, yOf, known, xOf, hub }: Layout) {
  return [
    lanes.map((node) => [
      markup`<text class="bold" x="${margin}" y="${
        yOf(node) + 5
      }">${node}</text>`,
      markup`<path class="lane" d="M${left} ${yOf(node)}H${right}"/>`,
      markup`<path class="known" d="M${xOf(known.get(node)!)} ${
        yOf(node)
      }H${right}"/>`,
    ]),
    markup`<text class="small muted" x="${margin}" y="${
      yOf(hub) + 22
    }">the hub</text>`,
  ];
}

/** The messages that end in a cross. */
function lostMessages({ lost, yOf, xOf, wallMiddle }: Layout) {
  // Of what was sent at once, each gets a little farther than the one before.
  const atWall = (message: Message): Point => {
    const { src, sentMs } = message;
    const before = lost.slice(0, lost.indexOf(message))
      .filter((other) => other.src === src && other.sentMs === sentMs).length;
    const deep = 20 - 14 * before;
    return [
      xOf(sentMs),
      wallMiddle + (yOf(src) < wallMiddle ? -deep : deep),
    ];
  };
  return lost.map((message) => {
    const { src, sentMs } = message;
    const [cx, cy] = atWall(message);
    return [
      markup`<path class="fault" d="M${xOf(sentMs)} ${yOf(src)}V${cy}"/>`,
      markup`<path class="cross" d="M${cx - 5} ${cy - 5}l10 10m0-10l-10 10"/>`,
    ];
  });
}

function arrivals({ carriers, told, startMs, yOf, xOf }: Layout) {
  return [
    carriers.filter(({ receivedMs }) => receivedMs !== undefined)
      .map(({ src, dest, sentMs, receivedMs }) => {
        const end = yOf(dest) + (yOf(src) < yOf(dest) ? -3 : 3);
        return arrow("blue", [xOf(sentMs), yOf(src)], [
          xOf(receivedMs!),
          end,
        ]);
      }),
    markup`<circle class="fill-orange" cx="${xOf(startMs)}" cy="${
      yOf(told.dest)
    }" r="7"/>`,
  ];
}

function axis({ bottom, x }: Layout) {
  return [
    markup`<path class="line" d="M${left} ${bottom}H${right}"/>`,
    x.ticks(5).filter((tick) => tick >= 0).map((tick) => [
      markup`<path class="line" d="M${x(tick)} ${bottom}v5"/>`,
      markup`<text class="small muted middle" x="${x(tick)}" y="${
        bottom + 22
      }">${tick} s</text>`,
    ]),
  ];
}

function legend(y: number) {
  const text = (x: number, words: string) =>
    markup`<text class="small" x="${x}" y="${y}">${words}</text>`;
  return [
    markup`<circle class="fill-orange" cx="${margin + 7}" cy="${
      y - 5
    }" r="7"/>`,
    text(margin + 22, "told"),
    markup`<path class="known" d="M${margin + 82} ${y - 5}h20"/>`,
    text(margin + 114, "knows it"),
    arrow("blue", [margin + 204, y - 5], [margin + 230, y - 5]),
    text(margin + 238, "a message with it"),
    markup`<path class="fault" d="M${margin + 388} ${y - 5}h18"/>`,
    markup`<path class="cross" d="M${margin + 401} ${
      y - 10
    }l10 10m0-10l-10 10"/>`,
    text(margin + 420, "lost"),
  ];
}

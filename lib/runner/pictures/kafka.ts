/**
 * The Kafka-style log: the node that gives out each offset, and how far a poll
 * sees.
 *
 * @module
 */
// @ts-types="@types/d3-scale"
import { scaleBand } from "d3-scale";
import type { Judgement } from "../../workbench/mod.ts";
import { type JudgeRun, type Message, messagesOf } from "./judged.ts";
import { type Drawing, margin, type Markup, markup, width } from "./svg.ts";

/** Fewer operations than in 5c, so that they can be told apart. */
export const difference = { rate: 100, "time-limit": 5 };

/** The moment that is shown. */
export const atMs = 3100;

/**
 * The number of offsets that are shown, and of those among them that both
 * nodes' polls show.
 */
const shownOffsets = 18;
const shownStable = 6;

/** The state of the log at a moment. */
export interface Moment {
  /** The node that gave out each offset, of all that was acknowledged. */
  given: Map<number, string>;
  views: {
    node: string;
    has: Set<number>;
    /** It has all events before this one, and nobody will add to them. */
    stable: number;
  }[];
}

/** A batch of events that one node tells another. */
type Batch = Message & {
  body: { upTo: number; events: [offset: number, event: unknown][] };
};

/** Finds out what was the case. */
export function momentOf(judgement: Judgement): Moment {
  const { nodes } = judgement.test;
  const messages = messagesOf(judgement);
  const batches = messages.filter(({ body }) =>
    body.type === "batch"
  ) as Batch[];
  const given = new Map<number, string>();
  for (const node of nodes) {
    // A node acknowledges each event as it gives out its offset. So the one is
    // for the other, in order.
    const acknowledged = messages.filter(({ src, body, sentMs }) =>
      src === node && /^(send|commit_offsets)_ok$/.test(body.type) &&
      sentMs <= atMs
    );
    const offsets = new Set(
      batches.filter(({ src }) => src === node)
        .flatMap(({ body }) => body.events.map(([offset]) => offset)),
    );
    for (const offset of [...offsets].slice(0, acknowledged.length)) {
      given.set(offset, node);
    }
  }
  const views = nodes.map((node, place) => {
    const has = new Set(
      [...given].filter(([, by]) => by === node).map(([offset]) => offset),
    );
    // Its own next offset is beyond all that it has given out, or heard of.
    let next = Math.max(place, ...[...has].map((own) => own + nodes.length));
    let promised = 1 - place;
    for (const { dest, receivedMs, body } of batches) {
      if (dest !== node || !(receivedMs! <= atMs)) continue;
      for (const [offset] of body.events) has.add(offset);
      promised = Math.max(promised, body.upTo);
      while (next < promised) next += nodes.length;
    }
    return { node, has, stable: Math.min(next, promised) };
  });
  return { given, views };
}

const left = 142;
const cellHeight = 32;
const acknowledgedTop = 112;
const viewsTop = 196;
const viewHeight = 74;
const colourOf: { [node: string]: string } = { n0: "blue", n1: "orange" };

/** Draws it. */
export async function kafka(judged: JudgeRun): Promise<Drawing> {
  const { given, views } = momentOf(await judged("5c", difference));
  const first = Math.min(...views.map(({ stable }) => stable)) - shownStable;
  const offsets = Array.from({ length: shownOffsets }, (_, i) => first + i);
  const row = rowOf(offsets);
  const lacks = views.map(({ has }) =>
    [...given.keys()].filter((offset) => !has.has(offset)).length
  );
  return {
    title: "A poll shows only what nobody can add to",
    description:
      `The replicated log of challenge 5c at one moment of a run with ${difference.rate} operations a second: offsets ${
        offsets[0]
      } to ${
        offsets.at(-1)
      }. n0 gives out even offsets, n1 odd ones, each always one beyond all that it has heard of; so some are never given out. ${
        views.map(({ node, stable }, i) =>
          `${node} has yet to hear of ${
            lacks[i]
          } of those that were acknowledged, and its polls show what is before ${stable}`
        ).join("; ")
      }: up to there all nodes have promised not to add anything.`,
    height: 382,
    style: `
.never { fill: var(--grid) }
.open { fill: none; stroke: var(--line); stroke-dasharray: 2 3 }
.edge { stroke: var(--green); stroke-width: 3 }
.polled { fill: var(--green); fill-opacity: 0.25 }`,
    body: [
      givers(),
      acknowledged(given, row),
      views.map((view, i) =>
        known(view, viewsTop + i * viewHeight, given, row)
      ),
      legend(),
    ],
  };
}

/** The places of offsets in a row. */
function rowOf(offsets: readonly number[]) {
  const x = scaleBand(offsets, [left, width - margin]).paddingInner(0.14);
  return {
    offsets,
    middleOf: (offset: number) => x(offset)! + x.bandwidth() / 2,
    edgeOf: (offset: number) =>
      (x(offset) ?? width - margin + x.step() - x.bandwidth()) -
      (x.step() - x.bandwidth()) / 2,
    cell: (offset: number, y: number, className: string) =>
      markup`<rect class="${className}" x="${x(
        offset,
      )!}" y="${y}" width="${x.bandwidth()}" height="${cellHeight}" rx="4"/>`,
  };
}

type Row = ReturnType<typeof rowOf>;

/** The colours of those who give out offsets. */
function givers() {
  return (
    [
      { node: "n0", at: margin, words: "n0 gives out even offsets" },
      { node: "n1", at: 290, words: "n1 odd ones" },
    ].map(({ node, at, words }) => [
      markup`<rect class="fill-${
        colourOf[node]
      }" x="${at}" y="48" width="16" height="16" rx="3"/>`,
      markup`<text class="small" x="${at + 24}" y="61">${words}</text>`,
    ])
  );
}

/** The offsets that were given out, each in the colour of who did it. */
function acknowledged(
  given: Moment["given"],
  { offsets, middleOf, cell }: Row,
) {
  return [
    offsets.filter((_, i) => i % 2 === 0).map((offset) =>
      markup`<text class="small muted middle" x="${middleOf(offset)}" y="${
        acknowledgedTop - 8
      }">${String(offset)}</text>`
    ),
    markup`<text class="small bold" x="${margin}" y="${
      acknowledgedTop + 21
    }">acknowledged</text>`,
    offsets.flatMap((offset): Markup[] => {
      const by = given.get(offset);
      return by === undefined
        ? []
        : [cell(offset, acknowledgedTop, `fill-${colourOf[by]}`)];
    }),
  ];
}

/** The offsets that a node has heard of, and those that a poll shows. */
function known(
  { node, has, stable }: Moment["views"][number],
  y: number,
  given: Moment["given"],
  { offsets, edgeOf, cell }: Row,
) {
  return [
    markup`<text class="small bold" x="${margin}" y="${
      y + 21
    }">${node} knows</text>`,
    markup`<rect class="polled" x="${left - 4}" y="${y - 8}" width="${
      edgeOf(stable) - left + 4
    }" height="${cellHeight + 16}"/>`,
    offsets.map((offset) =>
      has.has(offset)
        ? cell(offset, y, `fill-${colourOf[given.get(offset)!]}`)
        : cell(offset, y, offset < stable ? "never" : "open")
    ),
    markup`<path class="edge" d="M${edgeOf(stable)} ${y - 12}v${
      cellHeight + 24
    }"/>`,
  ];
}

function legend() {
  return (
    ([
      ["polled", "a poll shows this", 0],
      ["never", "never given out", 190],
      ["open", "may yet turn up", 370],
    ] as const).map(([className, words, x]) => {
      const at = margin + x;
      return [
        markup`<rect class="${className}" x="${at}" y="340" width="18" height="18" rx="4"/>`,
        markup`<text class="small" x="${at + 26}" y="354">${words}</text>`,
      ];
    })
  );
}

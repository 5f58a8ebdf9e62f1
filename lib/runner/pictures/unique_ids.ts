/**
 * Unique ids: why a clock won't do, and what an id is made of.
 *
 * @module
 */
// @ts-types="@types/d3-format"
import { format } from "d3-format";
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import type { Judgement } from "../../workbench/mod.ts";
import { invariant } from "../../workbench/sim/invariant.ts";
import { type JudgeRun, messagesOf } from "./judged.ts";
import { type Drawing, margin, markup, width } from "./svg.ts";

/** The part of the run that is shown, in ms. */
const fromMs = 5000;
const shownMs = 16;

/** An id that was handed out. */
export interface Handed {
  node: string;
  /** The node's clock. */
  atMs: number;
  id: string;
}

/** All ids of a run. */
export function idsOf(judgement: Judgement): Handed[] {
  return messagesOf(judgement)
    .filter(({ body }) => body.type === "generate_ok")
    .map(({ src, body, sentMs }) => ({
      node: src,
      atMs: Math.floor(sentMs),
      id: body.id as string,
    }));
}

interface Way {
  name: string;
  idOf: (handed: Handed) => string;
}

/** Ways to make an id, and what they make of a request. */
export const ways = [
  { name: "the clock, in ms", idOf: ({ atMs }) => String(atMs) },
  { name: "node and clock", idOf: ({ node, atMs }) => `${node}-${atMs}` },
  { name: "node, start, counter", idOf: ({ id }) => id },
] as const satisfies readonly Way[];

/** Counts the ids that somebody else had before. */
export function repeated(ids: readonly string[]): number {
  return ids.length - new Set(ids).size;
}

const number = format(",");
const left = 60;
const right = width - margin;
const top = 98;
const laneHeight = 36;
const barsTop = 248;
const barsLeft = 200;
const barsRight = width - 150;
const idTop = 396;

/** Draws it. */
export async function uniqueIds(judged: JudgeRun): Promise<Drawing> {
  const judgement = await judged("2");
  const { nodes } = judgement.test;
  const all = idsOf(judgement);
  const shown = all.filter(({ atMs }) =>
    fromMs <= atMs && atMs < fromMs + shownMs
  );
  const repeatsOf = ({ idOf }: Way) => repeated(all.map(idOf));
  const [example] = shown;
  invariant(example, "ids are handed out in the time that is shown");
  return {
    title: "A clock shows the same time to many",
    description: `Unique ids, challenge 2: ${
      number(all.length)
    } ids from three nodes in 30 s. Were the time in milliseconds the id, ${
      number(repeatsOf(ways[0]))
    } of them would repeat an earlier one; with the node's name before it, still ${
      number(repeatsOf(ways[1]))
    }. The node's name, a number for its start and a counter never meet: ${
      repeatsOf(ways[2])
    } repeat one.`,
    height: 508,
    style: `
.request { stroke: var(--page); stroke-width: 1.5 }
.id { font: 18px ui-monospace, monospace }
.brace { stroke: var(--line) }`,
    body: [
      requests(shown, nodes),
      bars(all.length, repeatsOf),
      layout(example.id.split("-")),
    ],
  };
}

/** The requests of a moment, by their nodes. */
function requests(shown: Handed[], nodes: readonly string[]) {
  const x = scaleLinear([fromMs, fromMs + shownMs], [left, right]);
  const inMs = (atMs: number) =>
    shown.filter((handed) => handed.atMs === atMs).length;
  return [
    markup`<text class="small" x="${margin}" y="60">Requests in ${shownMs} ms of the run; shaded, where two read the same time</text>`,
    Array.from({ length: shownMs }, (_, i) => fromMs + i).map((at) => [
      inMs(at) > 1
        ? markup`<rect class="fault-band" x="${x(at)}" y="${top - 18}" width="${
          x(at + 1) - x(at)
        }" height="${3 * laneHeight}"/>`
        : undefined,
      markup`<path class="grid" d="M${x(at)} ${top - 18}v${3 * laneHeight}"/>`,
    ]),
    nodes.map((node, i) => [
      markup`<text class="bold" x="${margin}" y="${
        top + i * laneHeight + 5
      }">${node}</text>`,
      markup`<path class="line" d="M${left} ${
        top + i * laneHeight
      }H${right}"/>`,
    ]),
    place(shown, x(fromMs + 1) - x(fromMs)).map(({ handed, dx }) =>
      markup`<circle class="request ${
        inMs(handed.atMs) > 1 ? "fill-fault" : "fill-green"
      }" cx="${x(handed.atMs) + dx}" cy="${
        top + nodes.indexOf(handed.node) * laneHeight
      }" r="6.5"/>`
    ),
  ];
}

/** The ids that repeat another, for each way to make them. */
function bars(count: number, repeatsOf: (way: Way) => number) {
  const bar = scaleLinear([0, count], [0, barsRight - barsLeft]);
  return [
    markup`<text class="small bold" x="${margin}" y="${barsTop - 16}">Of ${
      number(count)
    } ids, were each made of …</text>`,
    ways.map((way, i) => {
      const repeats = repeatsOf(way);
      const y = barsTop + i * 34;
      return [
        markup`<text class="small" x="${margin}" y="${
          y + 15
        }">${way.name}</text>`,
        markup`<rect class="fill-green" x="${barsLeft}" y="${y}" width="${
          bar(count - repeats)
        }" height="20"/>`,
        markup`<rect class="fill-fault" x="${
          barsLeft + bar(count - repeats)
        }" y="${y}" width="${bar(repeats)}" height="20"/>`,
        markup`<text class="small ${
          repeats > 0 ? "fill-fault" : "fill-green"
        } bold" x="${barsRight + 8}" y="${y + 15}">${
          number(repeats)
        } repeated</text>`,
      ];
    }),
  ];
}

/** Requests of one node in one millisecond, side by side. */
function place(shown: Handed[], msWidth: number) {
  return shown.map((handed) => {
    const same = shown.filter(({ node, atMs }) =>
      node === handed.node && atMs === handed.atMs
    );
    return {
      handed,
      dx: (same.indexOf(handed) + 0.5) * msWidth / same.length,
    };
  });
}

/** Lays out the parts of an id, with what they are for. */
function layout(parts: string[]) {
  const places = [
    { from: 24, to: 150, words: ["the node's name,", "nobody else's"] },
    {
      from: 188,
      to: 380,
      words: ["drawn at each start,", "when all is forgotten"],
    },
    { from: 418, to: 616, words: ["its counter,", "never the same again"] },
  ];
  return [
    ...places.map(({ from, to, words }, i) => [
      markup`<text class="id bold middle" x="${(from + to) / 2}" y="${idTop}">${
        parts[i]
      }</text>`,
      markup`<path class="brace" d="M${from} ${idTop + 12}v8H${to}v-8M${
        (from + to) / 2
      } ${idTop + 20}v8"/>`,
      words.map((line, j) =>
        markup`<text class="small middle" x="${(from + to) / 2}" y="${
          idTop + 48 + j * 20
        }">${line}</text>`
      ),
    ]),
    ...[169, 399].map((at) =>
      markup`<text class="id bold middle" x="${at}" y="${idTop}">-</text>`
    ),
  ];
}

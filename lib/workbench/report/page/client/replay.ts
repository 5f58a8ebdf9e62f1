/**
 * The replay: nodes and services in their places, messages travelling between
 * them, cut links, and by colour who knows which value.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../data.ts";
import { button, element, onKeys, plural } from "./dom.ts";
import { colourOf, familiesOf, familyOf } from "./families.ts";
import { describeFault, sidesOf } from "../faults.ts";
import { countUpTo, describeSpread, endOf, fractions } from "./knowing.ts";
import { layout } from "./layout.ts";
import { swatch } from "./legend.ts";
import { cutShort, MessageIndex } from "./message_index.ts";
import { playback } from "./playback.ts";
import {
  drawLink,
  drawMessage,
  drawParty,
  type Point,
  type Stage,
} from "./replay_drawing.ts";
import { surface } from "./surface.ts";
import type { Theme } from "./theme.ts";
import { valueChoice } from "./value_choice.ts";
import type { Page, View } from "./view.ts";

/** How many messages are drawn at most. */
const mostMessages = 600;

/** How far from a square it may be stretched. */
const widest = 1.8;
const highest = 1.2;

/** From message to message should take no longer than so many messages. */
const messagesInGap = 5;

/** A value's way to all nodes should take as long as so many messages. */
const hopsInSpread = 20;

/** For how many frames one sees that a client asked, while time runs. */
const askedFrames = 8;

/** Of its way, a lost message's dot becomes a cross after this part. */
const crossAfter = 0.7;

/** Makes the replay, if messages are known. */
export function replay(data: PageData, page: Page): View | undefined {
  const { messages, nodes, faults, knowledge, endMs } = data;
  if (messages.sentMs.length === 0) return undefined;

  const index = new MessageIndex(data);
  index.filter((row) => !index.isClients(row));
  const requests = new MessageIndex(data);
  requests.filter((row) => index.isClient[messages.src[row]]);
  const familyOfType = messages.types.map(familyOf);
  const places = layout(data);
  const links = linksOf(data);
  const receivedAt = receivedByParty(data);
  const fractionsAt = knowledge && fractions(knowledge, nodes);

  const stage = surface({
    label: `Replay with ${
      plural(nodes.length, "node")
    }. Space plays and pauses, plus and minus change the speed, left and right go from message to message.`,
    draw,
  });
  const note = element("p", { className: "note" });
  const choice = knowledge && valueChoice(data, knowledge, (spread) => {
    if (spread) page.showTime(spread.toldMs);
    else stage.redraw();
  });
  const first = choice?.spread;
  let nowMs = first?.toldMs ?? 0;
  const time = playback({
    startMs: 0,
    endMs,
    // To see a value spread over seconds is worth more than every message.
    typicalMs: Math.max(
      index.typicalMs,
      (index.count > 0 ? index : requests).typicalGapMs / messagesInGap,
      first ? (endOf(first, endMs) - first.toldMs) / hopsInSpread : 0,
    ),
    faults,
    go: (ms) => page.showTime(ms),
  });
  time.show(nowMs);

  /** Goes to the next message between servers, or else with clients. */
  function step(direction: 1 | -1) {
    const row = index.step(nowMs, direction) ??
      requests.step(nowMs, direction);
    if (row !== undefined) page.showTime(Math.max(0, messages.sentMs[row]));
  }

  onKeys(stage.canvas, {
    " ": time.toggle,
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    "+": () => time.changeSpeed(1),
    "=": () => time.changeSpeed(1),
    "-": () => time.changeSpeed(-1),
    Home: () => page.showTime(0),
    End: () => page.showTime(endMs),
  });

  function draw(
    context: CanvasRenderingContext2D,
    theme: Theme,
    { width, height }: { width: number; height: number },
  ) {
    const radius = radiusFor(width, height, places.size);
    const at = placing(width, height, radius + 18);
    const drawnOn: Stage = { context, theme, radius };
    const fault = faults.find(({ startMs, endMs }) =>
      startMs <= nowMs && nowMs < endMs
    );
    const deaf = (a: string, b: string) => fault?.cuts[a]?.includes(b) ?? false;
    for (const [a, b] of links) {
      drawLink(drawnOn, at(a), at(b), deaf(a, b) || deaf(b, a));
    }
    drawMessages(drawnOn, at);
    drawParties(drawnOn, at, new Set(fault && sidesOf(fault.cuts, nodes)?.[0]));
    const spread = choice?.spread;
    const words = [
      spread
        ? describeSpread(spread, nodes, nowMs)
        : knowledge
        ? "Nodes are filled by how many of the values so far they know."
        : "Below each node: how many messages it has received.",
      index.count === 0 ? "The nodes sent each other nothing." : "",
      fault ? `Now ${describeFault(fault, nodes)}.` : "",
    ].filter((each) => each !== "").join(" ");
    if (note.textContent !== words) note.textContent = words;
  }

  /** From places in a square to points on the stage. */
  function placing(width: number, height: number, padding: number) {
    const [roomX, roomY] = [width - 2 * padding, height - 2 * padding];
    return (name: string): Point => {
      const { x, y } = places.get(name)!;
      return {
        x: width / 2 + (x - 0.5) * Math.min(roomX, widest * roomY),
        y: height / 2 + (y - 0.5) * Math.min(roomY, highest * roomX),
      };
    };
  }

  function drawMessages(drawnOn: Stage, at: (name: string) => Point) {
    const { parties, src, dest, type, sentMs } = messages;
    const spread = choice?.spread;
    const { rows } = index.between(nowMs - time.frameMs, nowMs, mostMessages);
    for (const row of rows) {
      if (sentMs[row] > nowMs) continue;
      const lost = index.isLost(row);
      const part = Math.min(
        1,
        (nowMs - sentMs[row]) / (index.endMs(row) - sentMs[row] || 1),
      );
      const way = lost ? part * cutShort : part;
      const [from, to] = [at(parties[src[row]]), at(parties[dest[row]])];
      const here = {
        x: from.x + way * (to.x - from.x),
        y: from.y + way * (to.y - from.y),
      };
      drawMessage(drawnOn, from, here, {
        colour: colourOf(familyOfType[type[row]], drawnOn.theme),
        dim: spread !== undefined && !spread.carriers.has(row),
        lost: lost && part > crossAfter,
      });
    }
  }

  function drawParties(
    drawnOn: Stage,
    at: (name: string) => Point,
    cutOff: ReadonlySet<string>,
  ) {
    const { parties, dest, type, sentMs } = messages;
    const asked = new Map<string, string>();
    const { rows } = requests.between(
      nowMs - askedFrames * time.frameMs,
      nowMs,
    );
    for (const row of rows) {
      if (sentMs[row] > nowMs) continue;
      const colour = colourOf(familyOfType[type[row]], drawnOn.theme);
      asked.set(parties[dest[row]], colour);
    }
    const known = choice?.spread?.knownMs;
    const shares = known
      ? known.map((ms) => Number(ms !== null && ms <= nowMs))
      : fractionsAt?.(nowMs);
    for (const name of places.keys()) {
      const i = nodes.indexOf(name);
      const times = receivedAt.get(name) ?? [];
      drawParty(drawnOn, {
        ...at(name),
        name,
        service: i < 0,
        share: shares?.[i] ?? 0,
        asked: asked.get(name),
        cutOff: cutOff.has(name),
        caption: knowledge
          ? undefined
          : plural(countUpTo(times, nowMs), "message"),
      });
    }
  }

  /** What colours mean: those of messages between servers, and of nodes. */
  function key(): HTMLElement {
    const shown = familiesOf(messages, (row) => !index.isClients(row));
    const asked = familiesOf(
      messages,
      (row) => index.isClient[messages.src[row]] && messages.sentMs[row] >= 0,
    );
    const entry = (sample: HTMLElement, text: string) =>
      element("li", {}, sample, text);
    return element(
      "ul",
      { className: "key" },
      ...shown.map(({ name }) =>
        entry(swatch((theme) => colourOf(name, theme)), name)
      ),
      ...(knowledge
        ? [
          entry(swatch(({ known }) => known, "disc"), "knows"),
          entry(swatch(({ unknown }) => unknown, "disc"), "doesn't know"),
        ]
        : []),
      ...(faults.length > 0
        ? [entry(swatch(({ fault }) => fault, "ring"), "cut off, or lost")]
        : []),
      ...asked.map(({ name }) =>
        entry(
          swatch((theme) => colourOf(name, theme), "ring"),
          `a client asks: ${name}`,
        )
      ),
    );
  }

  return {
    element: element(
      "div",
      { className: "replay" },
      element(
        "div",
        { className: "controls" },
        ...time.controls,
        element(
          "span",
          { className: "group" },
          "message",
          button("Previous message", "‹", () => step(-1)),
          button("Next message", "›", () => step(1)),
        ),
        ...choice?.controls ?? [],
      ),
      stage.box,
      time.scrubber,
      note,
      key(),
      element(
        "p",
        { className: "note" },
        "Keys: space plays and pauses, ← → from message to message, + − for the speed.",
      ),
    ),
    onTime(ms) {
      nowMs = Math.min(Math.max(ms, 0), endMs);
      time.show(nowMs);
      stage.redraw();
    },
  };
}

/** As large as nodes can be, and still with room between. */
function radiusFor(width: number, height: number, count: number): number {
  const room = Math.sqrt(width * height / Math.max(count, 4));
  return Math.max(11, Math.min(30, room / 4.5));
}

/** The times at which each party received something, in order. */
function receivedByParty({ messages }: PageData): Map<string, Float64Array> {
  const { parties, dest, receivedMs } = messages;
  const times = parties.map((): number[] => []);
  for (let row = 0; row < dest.length; row++) {
    if (!isNaN(receivedMs[row])) times[dest[row]].push(receivedMs[row]);
  }
  return new Map(
    parties.map((name, i) => [name, Float64Array.from(times[i]).sort()]),
  );
}

/**
 * The links to draw: the topology's, or without one, those that were used; and
 * those to the services.
 */
function linksOf(
  { nodes, services, topology, messages }: PageData,
): [string, string][] {
  const links = new Map<string, [string, string]>();
  const add = (a: string, b: string) => {
    const pair: [string, string] = a < b ? [a, b] : [b, a];
    links.set(pair.join(" "), pair);
  };
  for (const [node, neighbours] of Object.entries(topology ?? {})) {
    for (const neighbour of neighbours) add(node, neighbour);
  }
  const servers = new Set([...nodes, ...services]);
  const wanted = new Set(topology === undefined ? servers : services);
  const { parties, src, dest } = messages;
  for (let row = 0; row < src.length; row++) {
    const [a, b] = [parties[src[row]], parties[dest[row]]];
    if (a === b || !servers.has(a) || !servers.has(b)) continue;
    if (wanted.has(a) || wanted.has(b)) add(a, b);
  }
  return [...links.values()];
}

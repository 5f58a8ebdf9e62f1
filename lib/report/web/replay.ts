/**
 * The replay: nodes and services in their places, messages travelling between
 * them, cut links, and by colour the nodes that know a value.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../page/data.ts";
import { describeFault } from "../page/faults.ts";
import { momentControls, stepControls } from "./controls.ts";
import { element, onKeys, plural, say } from "./dom.ts";
import { familiesOf } from "./families.ts";
import { describeSpread, endOf } from "./knowing.ts";
import { swatch } from "./legend.ts";
import { type Playback, playback } from "./playback.ts";
import { drawReplay } from "./replay_drawing.ts";
import { ReplayState } from "./replay_state.ts";
import { type Surface, surface } from "./surface.ts";
import { valueChoice } from "./value_choice.ts";
import type { Page, View } from "./view.ts";

/** The longest that a step between messages should take, in messages. */
const messagesInGap = 5;

/** The time that a value's way to all nodes should take, in messages. */
const hopsInSpread = 20;

/** Makes the replay, if messages are known. */
export function replay(data: PageData, page: Page): View | undefined {
  const { messages, nodes, knowledge, endMs } = data;
  if (messages.sentMs.length === 0) return undefined;
  const state = new ReplayState(data, page.colours);
  const note = element("p", { className: "note" });
  const stage = surface({
    label: `Replay with ${
      plural(nodes.length, "node")
    }. Space plays and pauses, < and > change the speed, left and right go from message to message.`,
    draw(context, theme, size) {
      drawReplay({ context, theme, ...size }, state, time.frameMs);
      say(note, words(state));
    },
  });
  const choice = knowledge && valueChoice(data, knowledge, (spread) => {
    state.spread = spread;
    if (spread) page.showTime(spread.toldMs);
    else stage.redraw();
  });
  state.spread = choice?.spread;
  state.nowMs = state.spread?.toldMs ?? 0;
  const time = timeOf(state, page);
  const moment = momentControls(page);
  const step = act(state, stage, time, page);
  return {
    element: element(
      "div",
      { className: "replay" },
      element(
        "div",
        { className: "controls" },
        ...time.controls,
        stepControls("message", step),
        ...choice?.controls ?? [],
        moment.element,
      ),
      stage.box,
      time.scrubber,
      note,
      keyOf(data, state),
      element(
        "p",
        { className: "note hints" },
        "Keys: space plays and pauses, ← → from message to message, < > for the speed.",
      ),
    ),
    onTime(ms) {
      state.nowMs = Math.min(Math.max(ms, 0), endMs);
      time.show(state.nowMs);
      moment.show(state.nowMs);
      stage.redraw();
    },
  };
}

/** Time that runs as fast as one can follow. */
function timeOf(state: ReplayState, page: Page): Playback {
  const { index, requests, spread, data: { endMs, faults } } = state;
  const time = playback({
    startMs: 0,
    endMs,
    // To see a value spread over seconds is worth more than every message.
    typicalMs: Math.max(
      index.typicalMs,
      (index.count > 0 ? index : requests).typicalGapMs / messagesInGap,
      spread ? (endOf(spread, endMs) - spread.toldMs) / hopsInSpread : 0,
    ),
    faults,
    go: (ms) => page.showTime(ms),
  });
  time.show(state.nowMs);
  return time;
}

/** Handles keys; gives back what steps from message to message. */
function act(
  state: ReplayState,
  { canvas }: Surface,
  time: Playback,
  page: Page,
): (direction: 1 | -1) => void {
  const { endMs } = state.data;
  const step = (direction: 1 | -1) => {
    const row = state.next(direction);
    if (row !== undefined) {
      page.showTime(Math.max(0, state.index.sentMs(row)));
    }
  };
  onKeys(canvas, {
    " ": time.toggle,
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    ">": () => time.changeSpeed(1),
    "<": () => time.changeSpeed(-1),
    Home: () => page.showTime(0),
    End: () => page.showTime(endMs),
  });
  return step;
}

/** Describes the moment in words. */
function words(state: ReplayState): string {
  const { data: { nodes, knowledge }, spread, faults, index, nowMs } = state;
  const crashed = nodes.filter((node) => state.hasEnded(node));
  return [
    spread
      ? describeSpread(spread, nodes, nowMs)
      : knowledge
      ? "Nodes are filled by how many of the values so far they know."
      : "Below each node: how many messages it has received.",
    index.count === 0 ? "The nodes sent each other nothing." : "",
    faults.length > 0
      ? `Now ${faults.map((fault) => describeFault(fault, nodes)).join("; ")}.`
      : "",
    crashed.length > 0 ? `Crashed: ${crashed.join(", ")}.` : "",
  ].filter((each) => each !== "").join(" ");
}

/**
 * Makes a key to the colours: those of messages between servers, and of nodes.
 */
function keyOf(
  { messages, knowledge, faults }: PageData,
  { index, colours }: ReplayState,
): HTMLElement {
  const shown = familiesOf(messages, (row) => !index.isClients(row));
  const asked = familiesOf(
    messages,
    (row) => index.isFromClient(row) && index.sentMs(row) >= 0,
  );
  const entry = (sample: HTMLElement, text: string) =>
    element("li", {}, sample, text);
  return element(
    "ul",
    { className: "key" },
    ...shown.map(({ name }) =>
      entry(swatch((theme) => colours.of(name, theme)), name)
    ),
    ...(knowledge
      ? [
        entry(swatch(({ known }) => known, "disc"), "knows"),
        entry(swatch(({ unknown }) => unknown, "disc"), "doesn't know"),
      ]
      : []),
    ...(faults.length > 0
      ? [
        entry(
          swatch(({ fault }) => fault, "ring"),
          "struck by a fault, or never arrived",
        ),
      ]
      : []),
    ...asked.map(({ name }) =>
      entry(
        swatch((theme) => colours.of(name, theme), "ring"),
        `a client asks: ${name}`,
      )
    ),
  );
}

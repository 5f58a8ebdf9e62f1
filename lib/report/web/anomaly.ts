/**
 * The mistake, drawn: in words, and as a drawing of the few things that show
 * it.
 *
 * @module
 */
/// <reference lib="dom" />
import type { Anomaly } from "../page/anomaly.ts";
import { copyButton } from "./copy.ts";
import { element, seconds } from "./dom.ts";
import { bars } from "./drawings/bars.ts";
import { boxes } from "./drawings/boxes.ts";
import { logTable } from "./drawings/log_table.ts";
import { nodeLog } from "./drawings/node_log.ts";
import { numberLine } from "./drawings/number_line.ts";
import { way } from "./drawings/way.ts";
import { drawFitting } from "./lazily.ts";
import type { Theme } from "./theme.ts";
import type { MakeView } from "./view.ts";

export const anomaly: MakeView = ({ anomaly: found }, page) => {
  if (found === undefined) return undefined;
  const { title, story, momentMs } = found;
  const show = element(
    "button",
    { type: "button", onclick: () => page.goTo(momentMs) },
    `Show this moment, ${seconds(momentMs)}`,
  );
  const link = copyButton("Copy link", () => page.linkTo(momentMs));
  return {
    element: element(
      "div",
      { className: "anomaly" },
      element("h3", {}, title),
      words(story),
      element("div", { className: "controls" }, show, link, keyOf(found)),
      ...drawingsOf(found),
    ),
  };
};

/** A story line by line. */
function words(story: readonly string[]): HTMLElement {
  return element(
    "div",
    { className: "story" },
    ...story.map((line) => element("p", {}, line)),
  );
}

function drawingsOf(found: Anomaly): HTMLElement[] {
  switch (found.kind) {
    case "transactions": {
      const { cycle } = found;
      return [
        drawing(found.title, (...size) => boxes(found, ...size)),
        ...(cycle
          ? [
            element("h4", {}, `Found as well: ${cycle.type}`),
            words(cycle.story),
            drawing(
              cycle.story[0] ?? cycle.type,
              (...size) => boxes(cycle, ...size),
            ),
          ]
          : []),
      ];
    }
    case "value":
      return [drawing(found.title, (...size) => way(found, ...size))];
    case "register":
      return [
        drawing(
          found.title,
          (...size) => bars(found.operations, found.faults, ...size),
        ),
      ];
    case "counter":
      return [drawing(found.title, (...size) => numberLine(found, ...size))];
    case "operations": {
      const { operations, exchange } = found;
      const labelled = operations.map((each, i) => ({
        ...each,
        label: `${each.f} ${each.text}`,
        culprit: i === operations.length - 1,
      }));
      return [
        ...(exchange ? [exchanged(exchange)] : []),
        ...(operations.length > 1
          ? [
            drawing(found.title, (...size) =>
              bars(labelled, found.faults, ...size)),
          ]
          : []),
      ];
    }
    case "log":
      return [element(
        "div",
        { className: "drawing", tabIndex: 0 },
        logTable(found),
      )];
    case "node":
      return [nodeLog(found)];
  }
}

/** A drawing in its box, which scrolls if the drawing is wider. */
function drawing(
  label: string,
  draw: (width: number, theme: Theme) => Element,
): HTMLElement {
  const box = element("div", {
    className: "drawing",
    tabIndex: 0,
    role: "img",
    ariaLabel: `Drawing. ${label}. The words above say the same.`,
  });
  drawFitting(box, (width, theme) => {
    const drawn = draw(width, theme);
    // The box has its words, and Plot names what needs none.
    drawn.setAttribute("aria-hidden", "true");
    box.replaceChildren(drawn);
  });
  return box;
}

function exchanged(
  { sent, expected, received }: {
    sent: string;
    expected: string;
    received: string;
  },
): HTMLElement {
  const rows = [
    ["The client sent", sent],
    ["It expected", expected],
    ["It received", received],
  ] as const;
  return element(
    "table",
    { className: "exchange" },
    ...rows.map(([name, text], i) =>
      element(
        "tr",
        { className: i === rows.length - 1 ? "wrong" : "" },
        element("th", { scope: "row" }, name),
        element("td", {}, element("code", {}, text)),
      )
    ),
  );
}

/** Makes a key to the signs in a drawing. */
function keyOf(found: Anomaly): HTMLElement {
  return element(
    "span",
    { className: "legend" },
    ...signsOf(found).map((text) => element("span", {}, text)),
  );
}

/** The words of an arrow from A to B. */
const dependencyWords: { readonly [type: string]: string } = {
  ww: "ww: B wrote next after A",
  wr: "wr: B read what A wrote",
  rw: "rw: B wrote next after what A read",
  process: "process: one process did A, and then B",
  realtime: "realtime: B began when A had ended",
};

function signsOf(found: Anomaly): string[] {
  switch (found.kind) {
    case "transactions": {
      const { dependencies, cycle } = found;
      const used = [...dependencies, ...cycle?.dependencies ?? []]
        .map(({ type }) => type);
      const words = Object.entries(dependencyWords)
        .filter(([type]) => used.some((each) => each === type))
        .map(([, words]) => words);
      return words.length > 0 ? ["An arrow leads from A to B", ...words] : [];
    }
    case "value":
      return [
        "◆ given by a client",
        "● a read shows it",
        "○ a read doesn't",
        ...(found.messages.some(({ receivedMs }) => receivedMs === null)
          ? ["✗ message that never arrived"]
          : []),
      ];
    case "register":
      return [
        "✗ can't be",
        ...(found.operations.some(({ completedMs }) => completedMs === null)
          ? ["dashed: no known end"]
          : []),
      ];
    case "counter":
      return ["● right", "✗ wrong"];
    case "log":
      return [
        ...(found.rows.some(({ passed }) => passed.includes(true))
          ? ["–: passed over"]
          : []),
        ...(found.rows.some(({ places }) => places)
          ? ["#2: second in the answer"]
          : []),
      ];
    default:
      return [];
  }
}

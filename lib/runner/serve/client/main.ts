/**
 * The page of all runs in the browser: asks the server for them time and again,
 * and shows those that the reader looks for, in the order that the reader wants.
 *
 * @module
 */
/// <reference lib="dom" />
import { element, plural } from "../../../report/web/dom.ts";
import {
  escapedPath,
  type Key,
  matches,
  ordered,
  type Row,
  verdicts,
} from "./row.ts";
import { columns, nameOf, Table } from "./table.ts";

/** The time that it waits before it asks again. */
const pauseMs = 1000;

const place = document.getElementById("runs")!;

let rows: readonly Row[] = [];
/** The paths of up to two runs, in the order in which they were chosen. */
let chosen: string[] = [];

// What the reader looks for is in the address: it's there after a reload, too.
const address = new URLSearchParams(location.search);
const sort = address.get("sort") ?? "-when";
let order = {
  key: columns.find(({ key }) => key === sort.replace("-", ""))?.key ?? "when",
  descending: sort.startsWith("-"),
};

const find = element("input", {
  type: "search",
  placeholder: "3d, my-node.py, partition, seed 7 …",
  value: address.get("find") ?? "",
  oninput: show,
});
const verdict = element(
  "select",
  { onchange: show },
  element("option", { value: "" }, "any"),
  ...verdicts.map((each) => element("option", {}, each)),
);
verdict.value = address.get("verdict") ?? "";
if (verdict.selectedIndex === -1) verdict.value = "";
const sortBy = element(
  "select",
  { onchange: () => sortAs(...sortBy.value.split(" ") as [Key, string]) },
  ...columns.flatMap(({ key, title, isFigure }) =>
    directions(isFigure).map((direction) =>
      element(
        "option",
        { value: `${key} ${direction}` },
        `${title}, ${direction}`,
      )
    )
  ),
);
const status = element("p", { className: "note", role: "status" });
const problem = element("p", { className: "problem", role: "alert" });
const compare = element("a", { className: "button" }, "Compare");
const choice = element("span");
const clear = element("button", {
  type: "button",
  onclick() {
    chosen = [];
    show();
    find.focus();
  },
}, "Clear");
const comparison = element(
  "div",
  { className: "comparison" },
  choice,
  compare,
  clear,
);
const empty = element(
  "p",
  {},
  "There are no runs yet. Make some, and they appear here: ",
  element("code", {}, place.dataset.command!),
);
const table = new Table({
  order(key) {
    const { isFigure } = columns.find((column) => column.key === key)!;
    const [first, second] = directions(isFigure);
    const isFirst = order.key === key &&
      order.descending === (first === "descending");
    sortAs(key, isFirst ? second : first);
  },
  choose(path, isChosen) {
    chosen = chosen.filter((each) => each !== path);
    if (isChosen) chosen.push(path);
    show();
  },
});
const filled = element(
  "div",
  {},
  element(
    "div",
    { className: "controls", role: "search" },
    element("label", {}, "Find ", find),
    element("label", {}, "Verdict ", verdict),
    element("label", { className: "narrow" }, "Sort by ", sortBy),
  ),
  status,
  table.element,
  comparison,
);

function directions(isFigure?: boolean): ["ascending", "descending"] | [
  "descending",
  "ascending",
] {
  return isFigure ? ["descending", "ascending"] : ["ascending", "descending"];
}

function sortAs(key: Key, direction: string): void {
  order = { key, descending: direction === "descending" };
  show();
}

/** Shows what is known now. */
function show(): void {
  const words = find.value.trim();
  const shown = ordered(rows, order)
    .filter((row) => matches(row, words, verdict.value));
  table.show(shown, order, chosen);
  sortBy.value = `${order.key} ${
    order.descending ? "descending" : "ascending"
  }`;

  const running = rows.filter((row) => row.verdict === "in progress").length;
  say(
    status,
    [
      shown.length === rows.length
        ? plural(rows.length, "run")
        : `${shown.length} of ${plural(rows.length, "run")}`,
      ...(running > 0 ? [`${running} in progress`] : []),
    ].join(", "),
  );
  showChoice();
  filled.hidden = rows.length === 0;
  empty.hidden = rows.length > 0;

  const address = new URLSearchParams({
    ...(words && { find: words }),
    ...(verdict.value && { verdict: verdict.value }),
    ...((order.key !== "when" || !order.descending) &&
      { sort: `${order.descending ? "-" : ""}${order.key}` }),
  });
  const query = address.size > 0 ? `?${address}` : "";
  if (query !== location.search) {
    history.replaceState(null, "", query || location.pathname);
  }
}

/**
 * Shows the runs to be compared, though they may not be among those in the
 * table.
 */
function showChoice(): void {
  const names = chosen.map((path) =>
    nameOf(rows.find((row) => row.path === path)!)
  );
  comparison.hidden = names.length === 0;
  if (comparison.hidden) return;
  say(
    choice,
    names.length === 2
      ? `${names[0]} and ${names[1]}`
      : `${names[0]}: choose another to compare it with`,
  );
  compare.hidden = names.length < 2;
  const [a, b] = chosen.map((path) => escapedPath(path));
  compare.href = `/compare?a=${a}&b=${b}`;
}

/** Sets a text only if it's another: it's read aloud when it changes. */
function say(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

let version = "";

/** Asks the server once. */
async function update(): Promise<void> {
  try {
    const response = await fetch("/runs.json", {
      headers: version ? { "if-none-match": version } : {},
    });
    say(problem, "");
    if (response.status === 304) return;
    if (!response.ok) {
      throw new Error(`The server answers with ${response.status}.`);
    }
    rows = await response.json();
    version = response.headers.get("etag") ?? "";
  } catch (error) {
    const isGone = error instanceof TypeError;
    say(
      problem,
      `${
        isGone ? "The server doesn't answer." : (error as Error).message
      } What is shown may be old; it's asked again and again.`,
    );
    return;
  }
  const paths = new Set(rows.map(({ path }) => path));
  table.keep(paths);
  chosen = chosen.filter((path) => paths.has(path));
  show();
}

/** Resolves when somebody looks at the page. */
async function looking(): Promise<void> {
  while (document.hidden) {
    await new Promise((resolve) =>
      document.addEventListener("visibilitychange", resolve, { once: true })
    );
  }
}

await update();
place.replaceChildren(problem, empty, filled);
document.documentElement.dataset.ready = "";
while (true) {
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  await looking();
  await update();
}

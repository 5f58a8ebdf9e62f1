/**
 * A part of a log as a table: a column for each offset, with its messages; a
 * row for each operation, with its sends or polls.
 *
 * @module
 */
/// <reference lib="dom" />
import type {
  LogAnomaly,
  LogColumn,
  LogRow,
} from "../../page/anomalies/log.ts";
import { element } from "../dom.ts";

/** Makes the table. */
export function logTable({ key, columns, rows }: LogAnomaly): HTMLElement {
  return element(
    "table",
    { className: "log" },
    element(
      "caption",
      {},
      `Key ${JSON.stringify(key)}: offsets and the messages that stand there`,
    ),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        heading("offset", "col"),
        ...columns.map((column) => {
          const cell = heading(String(column.offset), "col");
          cell.className = classOf(column);
          return cell;
        }),
      ),
      element(
        "tr",
        {},
        heading("message", "row"),
        ...columns.map((column) =>
          element(
            "td",
            {
              className: `${classOf(column)} ${
                column.messages.length > 1 ? "wrong" : ""
              }`,
            },
            column.messages.join(" or "),
          )
        ),
      ),
    ),
    element("tbody", {}, ...rows.map((row) => line(row, columns))),
  );
}

function line(
  row: LogRow,
  columns: readonly LogColumn[],
): HTMLElement {
  const { process, index, verb, marked, node, cells, passed } = row;
  const { completedMs, places } = row;
  const name = heading("", "row");
  name.append(
    element("strong", {}, `${verb} by process ${process}`),
    element("br"),
    element(
      "small",
      {},
      `${node}, op ${index}${
        completedMs === null ? "" : `, ${completedMs.toFixed(1)} ms`
      }`,
    ),
  );
  return element(
    "tr",
    { className: marked ? "marked" : "" },
    name,
    ...columns.map((column, i) =>
      element(
        "td",
        {
          className: `${classOf(column)} ${
            cells[i] !== null ? verb : passed[i] ? "passed" : ""
          }`,
          title: cells[i] === null && passed[i]
            ? "passed over: what stands before and behind it was polled"
            : "",
        },
        cells[i] ?? (passed[i] ? "–" : ""),
        ...(places?.[i] ? [element("small", {}, ` #${places[i]}`)] : []),
      )
    ),
  );
}

function heading(text: string, scope: "col" | "row"): HTMLTableCellElement {
  return element("th", { scope }, text);
}

function classOf({ marked, gap }: LogColumn): string {
  return [marked ? "focus" : "", gap ? "gap" : ""].join(" ").trim();
}

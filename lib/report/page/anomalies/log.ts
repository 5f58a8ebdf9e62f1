/**
 * A broken log, around the place where it goes wrong: the messages at each
 * offset, and what sends and polls saw of them.
 *
 * @module
 */
import type { KafkaFindings } from "../../../workbench/checkers/kafka.ts";
import { firstError } from "../../../workbench/checkers/kafka/explain.ts";
import {
  type Entry,
  type Message,
  type Observation,
  type Observations,
  observe,
  ofKey,
  type OpSummary,
} from "../../../workbench/checkers/kafka/observations.ts";
import type { Judgement } from "../../../workbench/judge.ts";
import type { Told } from "./told.ts";
import { type OpSpan, Spans, storyOf } from "./spans.ts";

/** A part of a log. */
export interface LogAnomaly {
  kind: "log";
  /** The error's name: `lost-write`. */
  type: string;
  key: string;
  columns: LogColumn[];
  /** The operations' sends and polls, by when they ended. */
  rows: LogRow[];
}

/** An offset. */
export interface LogColumn {
  offset: number;
  /** The messages seen there: more than one message is wrong. */
  messages: string[];
  /** True if it's about this one. */
  marked: boolean;
  /** True if offsets are left out before this one. */
  gap: boolean;
}

/** An operation's part in a stretch of the log. */
export interface LogRow extends OpSpan {
  verb: "sent" | "polled";
  /** For each column the message, if any. */
  cells: (string | null)[];
  /**
   * For each column the place that the message had in the operation, from 1;
   * absent if that is the order of the offsets anyway.
   */
  places?: (number | null)[];
  /** For each column whether a poll passed over it: there is something. */
  passed: boolean[];
  /** True if the error is about this operation. */
  marked: boolean;
}

/** The number of offsets shown on either side of those that it's about. */
const margin = 2;

/** The most offsets and operations that are shown. */
const maxColumns = 24;
const maxRows = 12;

/** The subject of an error. */
interface Focus {
  type: string;
  key: string;
  messages: Message[];
  /** The operations that it names, by their places in the history. */
  named: number[];
}

/** Finds the part of a log that the words are about. */
export function logAnomaly(
  judgement: Judgement,
): Told & LogAnomaly | undefined {
  const focus = focusOf(judgement.results.workload as KafkaFindings);
  if (focus === undefined) return undefined;
  const { type, key, messages } = focus;
  const observations = observe(judgement.history);
  const columns = columnsOf(focus, observations);
  const rows = rowsOf(focus, columns, observations, new Spans(judgement));
  if (rows.length === 0) return undefined;
  const texts = messages.slice(0, 4).map((each) => JSON.stringify(each));
  return {
    kind: "log",
    title: `${type}: key ${JSON.stringify(key)}, ${
      texts.length === 1 ? "message" : "messages"
    } ${texts.join(", ")}`,
    story: storyOf(judgement),
    momentMs: Math.max(
      ...(rows.some(({ marked }) => marked)
        ? rows.filter(({ marked }) => marked)
        : rows).map(({ completedMs, invokedMs }) => completedMs ?? invokedMs),
    ),
    type,
    key,
    columns,
    rows,
  };
}

function focusOf(findings: KafkaFindings): Focus | undefined {
  const found = firstError(findings);
  if (found === undefined) {
    const [entry] = Object.entries(findings.unseen?.messages ?? {});
    if (entry === undefined) return undefined;
    const [key, messages] = entry;
    return { type: "unseen", key, messages: messages.slice(0, 1), named: [] };
  }
  const { kind, error } = found;
  if (!("key" in error)) return undefined;
  const messages = "values" in error ? error.values : [error.value];
  const skipped = "skipped" in error ? error.skipped.slice(0, 4) : [];
  const named = Object.values(error).flat()
    .flatMap((part: Partial<OpSummary> | null) => part?.index ?? []);
  return {
    type: kind,
    key: error.key,
    messages: [...new Set([...messages, ...skipped])],
    named,
  };
}

/** All that operations saw of a key, as far as offsets are known. */
function* sightings(
  key: string,
  { transactions }: Observations,
): Iterable<Entry & { offset: number; by: Observation }> {
  for (const by of transactions) {
    if (by.op.type === "fail") continue;
    for (const source of [by.sends, by.polls]) {
      for (const { offset, message } of ofKey(source, key) ?? []) {
        if (offset !== undefined) yield { offset, message, by };
      }
    }
  }
}

function columnsOf(
  { key, messages }: Focus,
  observations: Observations,
): LogColumn[] {
  const at = new Map<number, Set<string>>();
  const focused = new Set<number>();
  for (const { offset, message } of sightings(key, observations)) {
    at.set(offset, (at.get(offset) ?? new Set()).add(JSON.stringify(message)));
    if (messages.includes(message)) focused.add(offset);
  }
  const offsets = [...at.keys()].sort((a, b) => a - b);
  const shown = offsets.flatMap((offset, i) => {
    const around = offsets.slice(Math.max(0, i - margin), i + margin + 1);
    return around.some((each) => focused.has(each)) ? [{ offset, i }] : [];
  }).slice(0, maxColumns);
  return shown.map(({ offset, i }, place) => ({
    offset,
    messages: [...at.get(offset) ?? []],
    marked: focused.has(offset),
    gap: i > 0 && shown[place - 1]?.i !== i - 1,
  }));
}

function rowsOf(
  { key, messages, named }: Focus,
  columns: readonly LogColumn[],
  { transactions }: Observations,
  spans: Spans,
): LogRow[] {
  const rows = transactions.flatMap((observation) => {
    const { op, sends, polls, polledKeys } = observation;
    const marked = named.includes(op.index);
    return (["sent", "polled"] as const).flatMap((verb) => {
      const entries = ofKey(verb === "sent" ? sends : polls, key) ??
        (verb === "polled" && polledKeys.includes(key) ? [] : undefined);
      if (entries === undefined) return [];
      const row = { ...cellsOf(entries, verb, columns), verb, marked };
      const concerns = entries.some(({ message }) =>
        messages.includes(message)
      ) || columns.some((column, i) => column.marked && row.passed[i]);
      return marked || concerns ? [{ op, row }] : [];
    });
  });
  // The ones that are named, and then those that came first.
  const kept = new Set(
    rows.toSorted((a, b) => Number(b.row.marked) - Number(a.row.marked))
      .slice(0, maxRows),
  );
  return rows.filter((each) => kept.has(each))
    .map(({ op, row }) => ({ ...spans.of(op), ...row }));
}

function cellsOf(
  entries: readonly Entry[],
  verb: LogRow["verb"],
  columns: readonly LogColumn[],
): Pick<LogRow, "cells" | "passed" | "places"> {
  const offsets = entries.flatMap(({ offset }) => offset ?? []);
  const [least, greatest] = [
    offsets.reduce((a, b) => Math.min(a, b), Infinity),
    offsets.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const cells = columns.map(({ offset }) => {
    const there = entries.filter((entry) => entry.offset === offset);
    return there.length === 0
      ? null
      : there.map(({ message }) => JSON.stringify(message)).join(", ");
  });
  const passed = columns.map(({ offset }, i) =>
    verb === "polled" && cells[i] === null && least < offset &&
    offset < greatest
  );
  const places = columns.map(({ offset }) => {
    const place = entries.findIndex((entry) => entry.offset === offset);
    return place < 0 ? null : place + 1;
  });
  const known = places.filter((place) => place !== null);
  const inOrder = known.every((place, i) => place > (known[i - 1] ?? 0));
  return { cells, passed, ...(!inOrder && { places }) };
}

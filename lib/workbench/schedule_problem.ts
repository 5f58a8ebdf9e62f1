/**
 * Finds what is wrong with a schedule from a file: anybody may have written it.
 *
 * @module
 */
import type { Kind } from "./checkers/judgeable.ts";
import { excerpt } from "./load/history.ts";
import { faults as faultKinds } from "./load/nemesis.ts";
import { maxSeconds, type Test } from "./options.ts";
import { isObject } from "./sim/exact_json.ts";

/**
 * Tells what is wrong with something that should be a schedule; `undefined` if
 * nothing is.
 *
 * @param kinds the operations of the workload.
 */
export function scheduleProblem(
  schedule: unknown,
  { nodes }: Pick<Test, "nodes">,
  kinds: { readonly [f: string]: Kind },
): string | undefined {
  if (!isObject(schedule)) return "its schedule isn't an object";
  const { ops, faults, fates = [] } = schedule;
  return listProblem("ops", ops, (op) => opProblem(op, kinds)) ??
    listProblem("faults", faults, (fault) => faultProblem(fault, nodes)) ??
    listProblem("fates", fates, (fate) => fateProblem(fate, nodes));
}

function listProblem(
  name: string,
  items: unknown,
  problem: (item: JSONObject) => string | undefined,
): string | undefined {
  if (!Array.isArray(items)) return `the ${name} of its schedule aren't a list`;
  for (const item of items) {
    const wrong = isObject(item) ? problem(item) : "isn't an object";
    if (wrong !== undefined) {
      return `of the ${name} of its schedule, ${excerpt(item)} ${wrong}`;
    }
  }
  return undefined;
}

type JSONObject = { [key: string]: unknown };

function opProblem(
  { atMs, client, f, value }: JSONObject,
  kinds: { readonly [f: string]: Kind },
): string | undefined {
  if (!isTime(atMs)) return "has no time, atMs";
  if (!Number.isSafeInteger(client) || client as number < 0) {
    return "has no client, a number from 0 on";
  }
  if (typeof f !== "string" || !Object.hasOwn(kinds, f)) {
    return `has no f of ${Object.keys(kinds).join(", ")}`;
  }
  const { invoke, asked = invoke } = kinds[f]!;
  const wanted = asked?.(value);
  return wanted === undefined ? undefined : `has a value that isn't ${wanted}`;
}

function faultProblem(
  fault: JSONObject,
  nodes: readonly string[],
): string | undefined {
  const { kind, fromMs, toMs, cuts, nodes: struck, delayMs, changes } = fault;
  if (!faultKinds.some((each) => each === kind)) {
    return `has no kind of ${faultKinds.join(", ")}`;
  }
  if (!isTime(fromMs)) return "has no time, fromMs";
  if (toMs !== undefined && !isTime(toMs)) return "has a toMs that is no time";
  const are = (some: unknown) =>
    Array.isArray(some) && some.every((node) => nodes.includes(node));
  const keyed = (each: unknown, fits: (value: unknown) => boolean) =>
    isObject(each) && are(Object.keys(each)) && Object.values(each).every(fits);
  if (kind === "partition" || kind === "asymmetric-partition") {
    return keyed(cuts, are) ? undefined : "has no cuts between the run's nodes";
  }
  if (!are(struck)) return "has no list of the run's nodes";
  if (kind === "packet" && !isTime(delayMs)) return "has no delayMs";
  const isChange = (change: unknown) =>
    isObject(change) && Number.isFinite(change.jumpMs) &&
    Number.isFinite(change.rate) && change.rate as number > 0;
  return kind === "clock" && !keyed(changes, isChange)
    ? "has no changes of clocks"
    : undefined;
}

function fateProblem(
  { src, dest, sinceMs, number, holdUpsMs }: JSONObject,
  nodes: readonly string[],
): string | undefined {
  if (!nodes.includes(src as string) || !nodes.includes(dest as string)) {
    return "has no src and dest of the run's nodes";
  }
  if (sinceMs !== undefined && !isTime(sinceMs)) return "has no time, sinceMs";
  if (!Number.isSafeInteger(number) || number as number < 1) {
    return "has no number from 1 on";
  }
  return Array.isArray(holdUpsMs) && holdUpsMs.every(isTime)
    ? undefined
    : "has no list of times, holdUpsMs";
}

/** Tells whether something is a time that a run may take. */
function isTime(ms: unknown): boolean {
  return typeof ms === "number" && ms >= 0 && ms <= maxSeconds * 1000;
}

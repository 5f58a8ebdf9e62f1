/**
 * The messages that a node sends, checked at the one door to the network.
 *
 * @module
 */
import type { Clock } from "../sim/clock.ts";
import { isObject, maxNesting, nestsTooDeep } from "../sim/exact_json.ts";
import type { Network } from "../sim/network.ts";
import type { NodeError } from "./host.ts";

/** Takes what a node printed for a message. */
export function forward(
  node: string,
  message: unknown,
  line: string,
  network: Network,
  clock: Clock,
  onError: (error: NodeError) => void,
): void {
  if (message !== undefined) {
    return send(node, message, line, network, clock, onError);
  }
  const isEmpty = line.trim() === "";
  onError({
    node,
    kind: "line-not-valid-json",
    text: `${node} printed ${
      isEmpty ? "an empty line to stdout" : "a line to stdout that isn't JSON"
    }. Stdout is for messages only, one JSON object per line; write logs to stderr.${
      isEmpty ? " Loggers such as Elixir's begin with one." : ""
    }`,
    ...(!isEmpty && { line: excerpt(line) }),
    timeNs: clock.nowNs,
  });
}

/** Checks what a node wants to send, and sends it. */
export function send(
  node: string,
  message: unknown,
  line: string,
  network: Network,
  clock: Clock,
  onError: (error: NodeError) => void,
): void {
  const report = (kind: NodeError["kind"], text: string) =>
    onError({ node, kind, text, line: excerpt(line), timeNs: clock.nowNs });
  const problem = problemOf(message, line, network);
  if (problem !== undefined) {
    return report(
      "malformed-message",
      `${node} ${problem}. A message is {"src": "${node}", "dest": <node or client>, "body": {…}}.`,
    );
  }
  const { src, dest } = message as { src: string; dest: string };
  if (network.presence(dest) === undefined) {
    return report(
      "no-such-destination",
      `${node} sent a message to "${dest}", who doesn't exist. Nodes are those in init's node_ids; clients are to be answered at the "src" of their request.`,
    );
  }
  network.send(src, dest, line);
}

/** Tells what is wrong with a message, in the words for what its node did. */
function problemOf(
  message: unknown,
  line: string,
  network: Network,
): string | undefined {
  if (!isObject(message)) return "printed JSON that isn't an object";
  const { src, dest, body } = message;
  const isStrange = (key: string) => !messageKeys.has(key);
  const problem = typeof src !== "string"
    ? `whose "src" isn't a string`
    : typeof dest !== "string"
    ? `whose "dest" isn't a string`
    : !isObject(body)
    ? `whose "body" isn't an object`
    : Object.keys(message).some(isStrange)
    ? `with ${
      listed(Object.keys(message).filter(isStrange))
    }, which no message has`
    : nestsTooDeep(line)
    ? `that nests values more than ${maxNesting} deep`
    : network.presence(src) === undefined
    ? `in the name of "${src}", who doesn't exist`
    : undefined;
  return problem && `sent a message ${problem}`;
}

function excerpt(line: string): string {
  return line.length <= 1000 ? line : `${line.slice(0, 1000)}…`;
}

const messageKeys = new Set(["id", "src", "dest", "body"]);

/** The most keys that shouldn't be there that are named. */
const maxKeysNamed = 3;

function listed(keys: readonly string[]): string {
  const names = keys.slice(0, maxKeysNamed)
    .map((key) => JSON.stringify(key.slice(0, 40)));
  const more = keys.length > maxKeysNamed ? ", …" : "";
  return `the key${keys.length > 1 ? "s" : ""} ${names.join(", ")}${more}`;
}

/**
 * The common parts of the transactional workloads: the transactions that
 * clients send, drawn as Elle draws them
 * (https://github.com/jepsen-io/elle/blob/main/src/elle/txn.clj), how they are
 * sent, and how findings are put into words.
 *
 * @module
 */
import { defaultModels } from "../checkers/elle/consistency.ts";
import { anomalyOf, explain } from "../checkers/elle/explain.ts";
import type { ElleFindings } from "../checkers/elle/findings.ts";
import { mops } from "../checkers/judgeable.ts";
import type { Findings } from "../checkers/validity.ts";
import type { RPC } from "../load/client.ts";
import { type Draw, drawn, type Generator } from "../load/generator.ts";
import type { History } from "../load/history.ts";
import type { FullOptions } from "../options.ts";
import type { Random } from "../sim/random.ts";
import type { Workload } from "./workload.ts";

/** A micro-operation as it is sent: reads have no value yet. */
type Request = [f: string, key: number, value: number | null];

/** Defaults of Maelstrom and Elle. */
const defaultKeyCount = 10;
const defaultMaxTxnLength = 4;
const defaultMaxWritesPerKey = 16;

/** The factor by which each key is likelier than the one before it. */
const keyBase = 2;
const logKeyBase = Math.log(keyBase);

/** The keys in use, and the value that each is written next. */
type Pool = readonly { key: number; next: number }[];

/** The settings by which transactions are drawn. */
interface Draws {
  /** The `f` of a write. */
  writeF: string;
  maxTxnLength: number;
  maxWritesPerKey: number;
}

/**
 * Transactions without end: reads and writes in equal parts, of keys from a
 * pool. A key that was written often enough makes room for a new one.
 */
export function transactions(
  writeF: string,
  options: FullOptions,
): Generator {
  const keyCount = options["key-count"] ?? defaultKeyCount;
  const pool = Array.from({ length: keyCount }, (_, key) => ({ key, next: 1 }));
  const draws = {
    writeF,
    maxTxnLength: options["max-txn-length"] ?? defaultMaxTxnLength,
    maxWritesPerKey: options["max-writes-per-key"] ?? defaultMaxWritesPerKey,
  };
  return drawn<Pool>(pool, (pool, random) => draw(pool, draws, random));
}

function draw(
  pool: Pool,
  { writeF, maxTxnLength, maxWritesPerKey }: Draws,
  random: Random,
): Draw<Pool> {
  const length = 1 + random.integer(maxTxnLength);
  const after = [...pool];
  const txn: Request[] = [];
  while (txn.length < length) {
    const reads = random.integer(2) === 0;
    const place = exponentialPlace(after.length, random);
    const { key, next } = after[place]!; // it's below their number
    if (reads) txn.push(["r", key, null]);
    else if (next > maxWritesPerKey) {
      const last = Math.max(...after.map((each) => each.key));
      after[place] = { key: last + 1, next: 1 };
    } else {
      txn.push([writeF, key, next]);
      after[place] = { key, next: next + 1 };
    }
  }
  return { template: { f: "txn", value: txn }, after };
}

/** A place in the pool; each is `keyBase` times likelier than the one before. */
function exponentialPlace(count: number, random: Random): number {
  const scale = (keyBase ** count - 1) * keyBase / (keyBase - 1);
  const exponent = Math.log(random.float() * scale + keyBase) / logKeyBase;
  return Math.min(count - 1, Math.floor(exponent - 1));
}

/** The request of a transaction, and the answer that is expected. */
export function txnRPC(
  writeF: string,
  readShape: { text: string; fits(value: unknown): boolean },
): RPC {
  const fits = (mop: unknown) =>
    Array.isArray(mop) && mop.length === 3 &&
    (mop[0] === writeF || (mop[0] === "r" && readShape.fits(mop[2])));
  return {
    type: "txn",
    reply: {
      type: { is: "txn_ok" },
      txn: {
        a: `list of ["r", key, ${readShape.text}] and ["${writeF}", key, value]`,
        fits: (txn) => txn === null || Array.isArray(txn) && txn.every(fits),
      },
    },
  };
}

/** A workload of transactions. */
export function transactional(
  { writeF, read, check }: {
    /** The `f` of a write. */
    writeF: string;
    /** The values that reads may return. */
    read: { text: string; fits(value: unknown): boolean };
    check(history: History, models: readonly string[]): ElleFindings;
  },
): Workload {
  const rpc = txnRPC(writeF, read);
  const mopsText = `["r", key, value] and ["${writeF}", key, value]`;
  const isMop = ([f, ...rest]: readonly unknown[]) =>
    rest.length === 2 && (f === "r" || f === writeF);
  return {
    generator: ({ options }) => transactions(writeF, options),
    open: (client, node) => async ({ value }) => {
      const { txn } = await client.rpc(node, rpc, { txn: value });
      return { type: "ok", value: txn ?? [] };
    },
    idempotent: new Set(),
    reusableClients: true,
    operations: {
      txn: {
        invoke: mops(mopsText, isMop),
        ok: mops(
          mopsText,
          (mop) => isMop(mop) && (mop[0] === writeF || read.fits(mop[2])),
        ),
      },
    },
    needs: {
      op: ({ type, value }) => type === "ok" && (value as []).length > 0,
      missing: "no transaction that does anything ever succeeded",
    },
    check: (history, { options }) => check(history, modelsOf(options)),
    anomaly: (findings) => anomalyOf(findings as ElleFindings),
    explain: (findings: Findings) => explain(findings as ElleFindings, writeF),
    drawing: { kind: "transactions", writeF },
  };
}

/** The models that transactions are held to. */
function modelsOf(options: FullOptions): readonly string[] {
  return options["consistency-models"]?.split(",") ?? defaultModels;
}

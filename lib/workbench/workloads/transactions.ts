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
import {
  type Context,
  type Generator,
  ofFree,
  type Plan,
  type PlannedOp,
  planOfFree,
} from "../load/generator.ts";
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
interface Pool {
  keys: number[];
  next: number[];
}

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
  return new Transactions(options["key-count"] ?? defaultKeyCount, {
    writeF,
    maxTxnLength: options["max-txn-length"] ?? defaultMaxTxnLength,
    maxWritesPerKey: options["max-writes-per-key"] ?? defaultMaxWritesPerKey,
  });
}

/**
 * See {@linkcode transactions}. Most of what is planned is never taken, so a plan
 * is written over the one before, and only what is taken becomes a request.
 */
class Transactions implements Generator {
  private readonly draws: Draws;
  private readonly scale: number;
  private pool: Pool;
  /** The pool after what is planned. */
  private after: Pool;
  /** The plan: the key of each operation, and its value, which is null for a read. */
  private length = 0;
  private readonly keys: number[] = [];
  private readonly values: (number | null)[] = [];

  constructor(keyCount: number, draws: Draws) {
    this.draws = draws;
    this.scale = (keyBase ** keyCount - 1) * keyBase / (keyBase - 1);
    const keys = Array.from({ length: keyCount }, (_, key) => key);
    this.pool = { keys, next: keys.map(() => 1) };
    this.after = { keys: [...keys], next: [...this.pool.next] };
  }

  plan(context: Context): Plan {
    const plan = planOfFree(context);
    if (plan !== "pending") this.draw(context.random);
    return plan;
  }

  take(context: Context): PlannedOp {
    [this.pool, this.after] = [this.after, this.pool];
    const { writeF } = this.draws;
    const value = this.keys.slice(0, this.length).map((key, i): Request => {
      const value = this.values[i] ?? null;
      return value === null ? ["r", key, null] : [writeF, key, value];
    });
    return ofFree({ f: "txn", value }, context);
  }

  private draw(random: Random): void {
    const { maxTxnLength, maxWritesPerKey } = this.draws;
    const { keys, next } = this.after;
    for (let place = 0; place < keys.length; place++) {
      keys[place] = this.pool.keys[place]!;
      next[place] = this.pool.next[place]!;
    }
    this.length = 0;
    const length = 1 + random.integer(maxTxnLength);
    while (this.length < length) {
      const reads = random.integer(2) === 0;
      const place = this.drawPlace(random);
      const [key, value] = [keys[place]!, next[place]!]; // it's below their number
      if (reads) this.add(key, null);
      else if (value > maxWritesPerKey) {
        keys[place] = Math.max(...keys) + 1;
        next[place] = 1;
      } else {
        this.add(key, value);
        next[place] = value + 1;
      }
    }
  }

  private add(key: number, value: number | null): void {
    this.keys[this.length] = key;
    this.values[this.length] = value;
    this.length++;
  }

  /** A place in the pool; each is `keyBase` times likelier than the one before. */
  private drawPlace(random: Random): number {
    const exponent = Math.log(random.float() * this.scale + keyBase) /
      logKeyBase;
    return Math.min(this.pool.keys.length - 1, Math.floor(exponent - 1));
  }
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
  const isMop = (mop: readonly unknown[]) =>
    mop.length === 3 && (mop[0] === "r" || mop[0] === writeF);
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

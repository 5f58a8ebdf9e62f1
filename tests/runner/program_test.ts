/**
 * Sources of nodes under virtual time: each node runs the whole program by
 * itself, with the run's clock, timers and dice; what isn't simulated is told.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { asFunction } from "../../lib/runner/as_function.ts";
import { programFrom } from "../../lib/runner/program.ts";
import { inFiles } from "../../lib/workbench/hosts/places.ts";
import { NotSimulated } from "../../lib/workbench/hosts/program.ts";
import { judgeGuest } from "../../lib/workbench/judge.ts";
import {
  BadOption,
  judge,
  type Judgement,
  Sandbox,
} from "../../lib/workbench/mod.ts";
import { runs } from "../../challenges/runs.ts";
import { tempDir } from "../temp.ts";

const library = import.meta.resolve("../../lib/mod.ts");

/** A folder with a source, and others that it imports. */
async function sourceOf(
  code: string,
  others: { [name: string]: string } = {},
): Promise<string> {
  const folder = tempDir();
  for (const [name, text] of Object.entries(others)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  await Deno.writeTextFile(`${folder}/node.ts`, code);
  return `${folder}/node.ts`;
}

Deno.test("a source may be of any name that a file can have", async () => {
  for (const name of ["a*b.ts", "*.ts", "a#b.ts", "a%2Ab.ts", "a?b.ts"]) {
    const path = `${tempDir()}/${name}`;
    await Deno.writeTextFile(path, "console.log(7);");
    assertMatch((await programFrom(path, [])).code, /console\.log\(7\)/);
  }
});

/** An echo that says something with each answer. */
function echoSaying(expression: string, before = ""): string {
  return `import { serve } from "${library}";
${before}
await serve((node) => {
  node.on("echo", async ({ body }: any) => {
    const said = await (${expression});
    node.log(JSON.stringify(said));
    return { type: "echo_ok", echo: body.echo };
  });
});
`;
}

const echoRun = {
  workload: "echo",
  "node-count": 2,
  "time-limit": 5,
  rate: 10,
};

async function judgeSource(
  code: string,
  others?: { [name: string]: string },
  args: string[] = [],
): Promise<Judgement> {
  const path = await sourceOf(code, others);
  return await judgeGuest(await programFrom(path, args), echoRun, {});
}

function saidBy({ logs }: Judgement, node = "n0"): unknown[] {
  return logs.get(node)!.map(({ text }) => JSON.parse(text));
}

Deno.test("a challenge from its source goes as the challenge itself, to the byte", async () => {
  const { app, workload, options } = runs.find(({ id }) => id === "3b")!;
  const path = new URL("../../challenges/broadcast.ts", import.meta.url);
  const program = await programFrom(path.pathname, []);
  const [ours, theirs] = await Promise.all([
    judge(app, { workload, ...options }),
    judgeGuest(program, { workload, ...options }, {}),
  ]);
  assertEquals(theirs.engine, "sim");
  assertEquals(
    JSON.stringify([theirs.history, theirs.journal]),
    JSON.stringify([ours.history, ours.journal]),
  );
});

Deno.test("what lies at the top level of a module is each node's own", async () => {
  const judgement = await judgeSource(
    echoSaying("count()", `import { count } from "./count.ts";`),
    { "count.ts": "let n = 0; export const count = () => ++n;" },
  );
  assertEquals(judgement.results["valid?"], true, judgement.reason);
  for (const node of ["n0", "n1"]) {
    const said = saidBy(judgement, node);
    assertEquals(said, said.map((_, i) => i + 1));
  }
});

Deno.test("clocks, timers and dice are the run's: the same seed says the same", async () => {
  const code = echoSaying(`(async () => {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return [
      performance.now() - start, Date.now() - Number(new Date(2024, 0)) > 0,
      new Date().getTime() === Date.now(), typeof Date(), Math.max(1, 2),
      Math.random(), crypto.randomUUID(),
      [...crypto.getRandomValues(new Uint8Array(4))],
      new Intl.DateTimeFormat("en").format(),
    ];
  })()`);
  const first = await judgeSource(code);
  const second = await judgeSource(code);
  assertEquals(first.results["valid?"], true, first.reason);
  assertEquals(saidBy(first), saidBy(second));
  const [said] = saidBy(first) as unknown[][];
  assertEquals(said!.slice(0, 5), [1500, true, true, "string", 2]);
  assertEquals(said!.at(-1), "1/1/2024");
  assertMatch(said![6] as string, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab]/);
});

Deno.test("intervals, immediates and signals that time out work, and can be cleared", async () => {
  const judgement = await judgeSource(echoSaying(`(async () => {
    let ticks = 0, never = 0;
    const interval = setInterval(() => ticks++, 100);
    clearTimeout(setTimeout(() => never++, 10));
    await new Promise((resolve) =>
      AbortSignal.timeout(450).addEventListener("abort", resolve));
    clearInterval(interval);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => queueMicrotask(() => resolve(1)));
    return [ticks, never];
  })()`));
  assertEquals(saidBy(judgement)[0], [4, 0]);
});

Deno.test("arguments, import.meta and pure modules are there", async () => {
  const judgement = await judgeSource(
    echoSaying(
      `[Deno.args, import.meta.main, basename(import.meta.filename!)]`,
      `import { basename } from "node:path";`,
    ),
    {},
    ["--fast"],
  );
  assertEquals(saidBy(judgement)[0], [["--fast"], true, "node.ts"]);
});

Deno.test("a loop over the clock takes the time that it waits for", async () => {
  const { history, results, reason } = await judgeSource(echoSaying(`(() => {
    for (const start = Date.now(); Date.now() < start + 50;);
    return true;
  })()`));
  assertEquals(results["valid?"], true, reason);
  const [invoked, answered] = history.filter(({ process }) => process === 0);
  const ms = (answered!.time - invoked!.time) / 1e6;
  assert(ms > 49 && ms < 60, `took ${ms} ms`);
});

Deno.test("timers without a time don't stop the run's", async () => {
  const spinning = await judgeSource(
    echoSaying(
      "1",
      "const spin = () => { setTimeout(spin, 0); }; spin();",
    ),
  );
  assertEquals(spinning.results["valid?"], true, spinning.reason);
});

Deno.test("a program that blocks its loop is ended and told", async () => {
  const { results, reason } = await judgeSource(
    echoSaying("(() => { while (true); })()"),
  );
  assertEquals(results["valid?"], false);
  assertMatch(reason!, /^n\d computed for ten seconds without/);
});

Deno.test("one that catches its end is ended all the same", async () => {
  const { reason } = await judgeSource(
    echoSaying("(() => { for (;;) try { for (;;); } catch { /* on */ } })()"),
  );
  assertMatch(reason!, /^n\d computed for ten seconds without/);
});

Deno.test("what ends a process ends a node", async () => {
  const ends: [code: string, reason: RegExp][] = [
    [echoSaying("Deno.exit(3)"), /^n\d exited with code 3 in the middle/],
    [
      "throw new Error('not today');",
      /^n\d threw what nobody caught: not today/,
    ],
    [
      echoSaying("setTimeout(() => { throw new Error('late'); }, 1)"),
      /^n\d threw what nobody caught: late/,
    ],
    ["throw { code: 3 };", /^n\d threw what nobody caught: \{"code":3\}/],
    ["throw new RangeError();", /^n\d threw what nobody caught: RangeError/],
    [
      "throw Object.create(null);",
      /^n\d threw what nobody caught: something that has no text/,
    ],
    [
      `import { serve } from "${library}"; await serve(() => { throw [{}]; });`,
      /^n\d exited with code 254 .*/s,
    ],
    [
      `import { serve } from "${library}"; await serve(() => null!.x);`,
      /^n\d threw what nobody caught: Cannot read .* \(at node\.ts:1\)$/,
    ],
    [
      echoSaying("void Promise.reject(new Error('unseen'))"),
      /^n\d threw what nobody caught: unseen/,
    ],
    [
      `import { serve } from "${library}";
       await serve(() => { throw new Error("no such strategy"); });`,
      /^n\d exited with code 254 .*no such strategy/s,
    ],
  ];
  for (const [code, reason] of ends) {
    const judgement = await judgeSource(code);
    assertEquals(judgement.results["valid?"], false);
    assertMatch(judgement.reason!, reason);
  }
});

Deno.test("an error's place is that in the program's own files", async () => {
  const boom = `/** Nothing of this is in the code. */
interface Box { n: number }

export function boom(box?: Box): number {
  for (let i = 0; ; i++) if (i === 2) return box!.n;
}`;
  const judged = async (how: string) => {
    const path = await sourceOf(
      `import { inspect } from "node:util";
import { boom } from "./boom.ts";
import { serve } from "${library}";

type Echo = { echo: unknown };
await serve((node) => {
  node.on("echo", ({ body }) => {
    for (const each of [1, 2]) inspect(each);
    ${how}
    return { type: "echo_ok", echo: (body as Echo).echo };
  });
});`,
      { "boom.ts": boom },
    );
    const program = await programFrom(path, []);
    const { reason, logs } = await judgeGuest(program, echoRun, {});
    const lines = [...logs.values()].flat().map(({ text }) => text);
    const { href } = pathToFileURL(Deno.realPathSync(dirname(path)));
    return { reason, log: lines.join("\n").replaceAll(`${href}/`, "") };
  };
  const handled = await judged("boom();");
  assertMatch(
    handled.reason!,
    /info: crash: Cannot read .* \(reading 'n'\) \(at boom\.ts:5\)$/,
  );
  assertMatch(
    handled.log,
    /^handler of "echo" threw: TypeError: .*\n +at boom \(boom\.ts:5\)\n +at \w+ \(node\.ts:9\)\n +at Node\.#handle \(file:.*lib\/node\.ts:\d+\)\n/,
  );
  const later = await judged("node.sleep(1).then(() => boom());");
  assertMatch(later.reason!, /caught: Cannot read .* \(at boom\.ts:5\)$/);
  assertMatch(
    later.log,
    /^Uncaught TypeError: .*\n +at boom \(boom\.ts:5\)\n +at \w+ \(node\.ts:9\)\n/,
  );
  const logged = await judged("console.error(new Error('x'));");
  assertEquals(logged.reason, undefined);
  assertMatch(logged.log, /^Error: x\n +at \w+ \(node\.ts:9\)\n/);
});

Deno.test("each part of a statement has its own line, and so has JavaScript that is imported", async () => {
  const others = {
    "other.js": `#!/usr/bin/env node

/* Deno prints this file anew. */
export const other = (a) => a
  .map((b) =>
    here1(b))
export default class { #c = here2(\`
\`, here3) ; d() { return this.#c / 2 / here4 } }

if (import.meta.main) other ( here5 )`,
    "plain.js": "export const plain = \n here6;",
  };
  const main = `import { plain } from "./plain.js";
import C, { other } from "./other.js";
if (other) console.log(C);
else
  here7.then((x) => x)
    .then(() =>
      here8(plain,
        here9));
for (;;) for (const a of [])
  while (a)
    here10(), here11;`;
  const path = await sourceOf(main, others);
  const { code, places } = await programFrom(path, []);
  const { href } = pathToFileURL(Deno.realPathSync(dirname(path)));
  let count = 0;
  for (
    const [file, text] of Object.entries({ ...others, "node.ts": main })
  ) {
    for (const [name] of text.matchAll(/here\d+/g)) {
      const before = (whole: string) =>
        whole.slice(0, whole.search(`${name}\\b`)).split("\n");
      const lines = before(code);
      assertEquals(
        inFiles(
          `$program:${lines.length + 3}:${lines.at(-1)!.length + 1}`,
          places!,
        ),
        `${href}/${file}:${before(text).length}`,
        name,
      );
      count++;
    }
  }
  assertEquals(count, 11);
});

Deno.test("what it prints is taken for a message", async () => {
  const { results, reason } = await judgeSource(
    echoSaying(`console.log("got %d", 1)`),
  );
  assertEquals(results.nodes.errors[0]!.kind, "line-not-valid-json");
  assertMatch(reason!, /It was: got 1$/);
});

Deno.test("a trace names the program's files in what a node sends and prints, too", async () => {
  const { journal } = await judgeSource(
    echoSaying("body.echo = new Error('no').stack"),
  );
  const answers = journal.map(({ line }) => line)
    .filter((line) => line.includes("Error: no"));
  assert(answers.length > 0);
  for (const answer of answers) assertMatch(answer, /no\\n +at .*node\.ts:5\b/);
  const { results } = await judgeSource(
    echoSaying("console.log(new Error('no').stack.split('\\n')[1])"),
  );
  assertMatch(results.nodes.errors[0]!.line!, /^ +at .*node\.ts:5\b/);
});

Deno.test("what isn't simulated is named, and not judged", async () => {
  const strange: [code: string, what: string][] = [
    ["setInterval(() => {}, 1000);", "never calls serve"],
    [echoSaying("fetch('http://localhost')"), "calls fetch"],
    [echoSaying("addEventListener('x', () => {})"), "calls addEventListener"],
    [echoSaying("Deno.readTextFile('x')"), "uses Deno.readTextFile"],
    [echoSaying("new Worker('x')"), "makes a Worker"],
    [echoSaying("crypto.subtle"), "uses crypto.subtle"],
    [echoSaying("process.hrtime()"), "uses process.hrtime"],
    [echoSaying("(globalThis as any).count = 1"), "sets globalThis.count"],
    [echoSaying("Deno.stdin.readable"), "uses Deno.stdin.readable"],
  ];
  for (const [code, what] of strange) {
    const error = await assertRejects(() => judgeSource(code), NotSimulated);
    assertEquals(error.message, what);
  }
  for (
    const [code, what] of [
      [`import "node:fs"; await 1;`, "imports node:fs"],
      [echoSaying("eval('1')"), "calls eval"],
      [echoSaying("import(String(1))"), "imports while it runs"],
    ]
  ) {
    const path = await sourceOf(code!);
    const error = await assertRejects(
      () => programFrom(path, []),
      NotSimulated,
    );
    assertEquals(error.message, what);
  }
});

Deno.test("what a program changes for all others is named, and put back", async () => {
  const changes: [code: string, what: string][] = [
    ["Array.prototype.map = () => [];", "changes Array.prototype.map"],
    ["Map.prototype.get = () => 1;", "changes Map.prototype.get"],
    ["Promise.prototype.then = () => {};", "changes Promise.prototype.then"],
    ["JSON.stringify = () => 'hi';", "changes JSON.stringify"],
    ["(Array.prototype as any).last = 1;", "changes Array.prototype.last"],
    ["delete (Object as any).keys;", "changes Object.keys"],
    [
      "Array.prototype[Symbol.iterator] = function* () {};",
      "changes Array.prototype[Symbol.iterator]",
    ],
    ["Object.freeze(Set.prototype);", "changes Set.prototype.constructor"],
    [
      `import path from "node:path"; path.join = () => "";`,
      "changes node:path.join",
    ],
  ];
  const early = changes.map(([code, what]) => [echoSaying("1", code), what]);
  const late = changes.slice(0, 2)
    .map(([code, what]) => [echoSaying(`(() => { ${code} })()`), what]);
  using sandbox = new Sandbox();
  for (const [code, what] of [...early, ...late]) {
    const program = await programFrom(await sourceOf(code!), []);
    const error = await assertRejects(
      () => judgeGuest(program, echoRun, { sandbox }),
      NotSimulated,
    );
    assertEquals(error.message, what);
  }
  // The same thread goes on, and what harms nobody is let be.
  const harmless = `Error.stackTraceLimit = 3;
    (Set.prototype as any).union ??= () => {};
    class Mine extends Error { constructor() { super(); this.name = "Mine"; } }
    new Mine();`;
  const program = await programFrom(
    await sourceOf(echoSaying("1", harmless)),
    [],
  );
  const { results, reason } = await judgeGuest(program, echoRun, { sandbox });
  assertEquals(results["valid?"], true, reason);
});

Deno.test("what stops the run itself is told, too", async () => {
  const program = await programFrom(
    await sourceOf(echoSaying("Promise.prototype.then = () => {}")),
    [],
  );
  const error = await assertRejects(
    () => judgeGuest(program, { ...echoRun, "node-count": 1 }, {}),
    NotSimulated,
  );
  assertEquals(error.message, "brings the run to a halt");
});

Deno.test("a source in CommonJS isn't simulated", async () => {
  for (
    const [name, message] of [
      ["node.cjs", "is CommonJS"],
      ["node.js", "calls require, as CommonJS does"],
    ]
  ) {
    const path = `${tempDir()}/${name}`;
    await Deno.writeTextFile(path, "require('node:readline');");
    const error = await assertRejects(
      () => programFrom(path, []),
      NotSimulated,
    );
    assertEquals(error.message, message);
  }
});

Deno.test("a source that can't be parsed is refused, with the place", async () => {
  const path = await sourceOf("const = 1;");
  const error = await assertRejects(() => programFrom(path, []), BadOption);
  assertMatch(error.message, /node\.ts can't be bundled: .*const = 1/s);
});

Deno.test("imports, exports and loops of a module become a function's", () => {
  const { code, imports } = asFunction(`#!/usr/bin/env deno
import path, { join as j } from "node:path";
import * as util from "node:util";
export const a = 1;
export default function () {}
export { a as b };
for (;;) break;
while (0) a;
do { a } while (0);
for (const x of []) { x }
import.meta.url;
`);
  assertEquals(imports, ["node:path", "node:util"]);
  assertEquals(
    code,
    `///usr/bin/env deno
const path = $imported["node:path"]["default"], j = $imported["node:path"]["join"];
const util = $imported["node:util"];
const a = 1;
void function () {}

for (;;) {$loop();break;}
while (0) {$loop();a;}
do {$loop(); a } while (0);
for (const x of []) {$loop(); x }
$importMeta.url;
`,
  );
});

Deno.test("each place of a function's body is one of the module", () => {
  const module = `#!/usr/bin/env -S deno run
import { a1, b1 as b2 } from "node:util"; const c1 = 1;
import * as d1 from "node:path";
export default class E1 {}
export const f1 = () => { for (;;) while (g1) { h1(); } };
do j1(); while (import.meta.k1); export { f1 as l1 }; m1();`;
  const names = ["c1", "E1", "f1", "while", "g1", "h1", "j1", "k1", "m1"];
  const { code, moved } = asFunction(module);
  assertEquals(
    moved(names.map((name) => module.indexOf(name))),
    names.map((name) => code.indexOf(name)),
  );
  assertEquals(moved([0, module.length]), [0, code.length]);
});

Deno.test("what a module exports by default keeps its name", () => {
  for (
    const [exported, rest] of [
      ["export default function app() {}", " function app() {}"],
      ["export default async function* app() {}", " async function* app() {}"],
      ["export default class App {}", " class App {}"],
      ["export default app", "void app"],
      ["export default (function app() {})", "void (function app() {})"],
      ["export default class {}", "void class {}"],
      ["export /* a */ // b\n default/* c */[1]", "void/* c */[1]"],
    ]
  ) {
    assertEquals(asFunction(exported!).code, rest);
  }
});

Deno.test("what isn't an import or export stays what it comes to", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      const { code } = asFunction(`const value = ${json}; export { value };`);
      const [changed, literal] = [`${code} return value;`, `return ${json};`]
        .map(
          // As text: in a literal, `__proto__` isn't a key.
          (body) => JSON.stringify(new Function(body)()),
        );
      assertEquals(changed, literal);
    }),
    { seed: 1 },
  );
  assertThrows(() => asFunction("const = 1"), SyntaxError);
});

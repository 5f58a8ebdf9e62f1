/**
 * `--watch`, as one uses it: programs are saved in all the ways in which editors
 * do, and judged anew each time. Each step waits for what the one before led to.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { patienceMs, runIn } from "../cli.ts";
import { tempDir } from "../temp.ts";

const library = import.meta.resolve("../../lib/mod.ts");

/** An echo; what it does besides can be said. */
function echo(before = "", doing = ""): string {
  return `import { serve } from "${library}";
${before}
await serve((node) => {
  ${doing}
  node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
});
`;
}

interface Step {
  /** The text that is waited for, in all that is new since the last step. */
  seen: RegExp;
  /** The act that follows. */
  then?(): Promise<unknown> | void;
}

const echoRun = ["echo", "--node-count=1", "--time-limit=2", "--rate=10"];

/** Goes through steps, and then presses Ctrl-C. */
async function watching(steps: Step[], ...args: string[]) {
  let next = 0;
  const printed = { out: "", err: "" };
  const from = { out: 0, err: 0 };
  let failure: unknown;
  const onOutput = (
    name: "out" | "err",
    text: string,
    process: Deno.ChildProcess,
  ) => {
    printed[name] = text;
    const news = printed.err.slice(from.err) + printed.out.slice(from.out);
    const step = steps[next];
    if (!step?.seen.test(news)) return;
    next++;
    [from.err, from.out] = [printed.err.length, printed.out.length];
    const end = (error?: unknown) => {
      failure ??= error;
      process.kill("SIGINT");
    };
    if (!step.then) return next === steps.length ? end() : undefined;
    Promise.resolve(step.then()).then(
      () => next === steps.length ? end() : undefined,
      end,
    );
  };
  let patience: ReturnType<typeof setTimeout> | undefined;
  const ended = await runIn(
    {
      onStart: (process) =>
        patience = setTimeout(() => process.kill(), patienceMs),
      onOutput: (text, process, name) => onOutput(name, text, process),
    },
    ...["--engine=sim", "--no-page", "--watch", ...args],
  );
  clearTimeout(patience);
  if (failure !== undefined) throw failure;
  assertEquals(next, steps.length, ended.stderr + ended.stdout);
  return ended;
}

Deno.test({
  name: "a program is judged anew when it, or what it imports, is saved",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.realPath(tempDir());
    const [bin, other] = [`${folder}/node.ts`, `${folder}/other.ts`];
    const settings = `${folder}/deno.json`;
    const project = JSON.stringify({ imports: config.imports });
    await Deno.writeTextFile(settings, project);
    await Deno.writeTextFile(other, "export const answer = 1;");
    const importing = (doing = "") =>
      echo(
        `import { answer } from "./other.ts";`,
        `node.log(String(answer));${doing}`,
      );
    await Deno.writeTextFile(bin, importing());
    const { code, stdout, stderr } = await watching(
      [
        {
          seen: /^✓ {2}echo {2}valid/m,
          // By another file in its place.
          async then() {
            await Deno.writeTextFile(`${bin}.tmp`, importing("Deno.exit(3);"));
            await Deno.rename(`${bin}.tmp`, bin);
          },
        },
        {
          seen: /^ {4}change: valid → invalid; new: .*$/m,
          then: () => Deno.writeTextFile(other, "export const = 1;"),
        },
        {
          seen: /can't be bundled: SyntaxError/,
          then: () => Deno.writeTextFile(bin, importing()),
        },
        {
          seen: /can't be bundled: SyntaxError/,
          then: () => Deno.writeTextFile(other, "export const answer = 22;"),
        },
        {
          seen: /^ {4}change: invalid → valid; gone: .*$/m,
          then: () => Deno.remove(bin),
        },
        {
          seen: /node\.ts went away\.\nWaiting for it\./,
          then: () => Deno.writeTextFile(bin, importing()),
        },
        {
          seen: /^ {4}change: none$/m,
          then: () => Deno.writeTextFile(settings, `{ "imports": `),
        },
        {
          seen: /deno\.json changed\.\n[^]*deno\.json/,
          then: () => Deno.writeTextFile(settings, project),
        },
        { seen: /^ {4}change: none$/m },
      ],
      ...[...echoRun, "--bin", bin],
    );
    assertEquals(code, 130);
    assertMatch(
      stderr,
      /^Watching \S+node\.ts, \S+other\.ts, \S+deno\.json and the library\. Ctrl-C ends it\.$/m,
    );
    assert(!stderr.includes("Interrupted"), stderr);
    assertEquals(stdout.match(/^[✓✗]/gm), ["✓", "✗", "✓", "✓", "✓"]);
  },
});

Deno.test({
  name: "a run is cut short when its program changes, however busy it is",
  ignore: Deno.build.os === "windows",
  async fn() {
    const bin = `${tempDir()}/node.ts`;
    await Deno.writeTextFile(
      bin,
      echo(
        "",
        `node.log("here"); for (;;) try { for (;;); } catch { /* on */ }`,
      ),
    );
    const { code, stdout } = await watching(
      [
        {
          seen: /^n0: here$/m,
          then: () => Deno.writeTextFile(bin, echo()),
        },
        { seen: /^✓ {2}echo {2}valid/m },
      ],
      ...[...echoRun, "--bin", bin, "--log-stderr"],
    );
    assertEquals(code, 130);
    assertEquals(stdout.match(/^[✓✗]/gm), ["✓"]);
  },
});

Deno.test({
  name: "with many seeds, and over pipes, it's the same",
  ignore: Deno.build.os === "windows",
  async fn() {
    const bin = `${tempDir()}/node.ts`;
    await Deno.writeTextFile(bin, echo());
    const silent = `import { serve } from "${library}"; await serve(() => {});`;
    const seeds = await watching(
      [
        {
          seen: /^✓ {2}echo {2}3 of 3 seeds/m,
          then: () => Deno.writeTextFile(bin, silent),
        },
        { seen: /^ {4}change: now failing: seeds 1\.\.3/m },
      ],
      ...[...echoRun, "--bin", bin, "--seeds", "1..3"],
    );
    assertEquals(seeds.code, 130);
    const pipes = await watching(
      [
        {
          seen: /^✗ {2}echo {2}invalid/m,
          then: () => Deno.writeTextFile(bin, echo()),
        },
        { seen: /^ {4}change: invalid → valid/m },
      ],
      ...[...echoRun, "--bin", bin, "--engine", "stdio"],
    );
    assertEquals(pipes.code, 130);
  },
});

Deno.test({
  name: "our own challenges are watched without a --bin",
  ignore: Deno.build.os === "windows",
  async fn() {
    const { code, stderr } = await watching(
      [{ seen: /^All 2 runs passed\.$/m }],
      ...["1", "3b"],
    );
    assertEquals(code, 130);
    assertMatch(
      stderr,
      /^Watching challenges\/echo\.ts, deno\.json, challenges\/broadcast\.ts and the library\. Ctrl-C ends it\.$/m,
    );
  },
});

/**
 * Tests of lib/stdio.ts: nodes as processes of their own, without a single
 * permission, fed through a pipe with good lines and bad ones.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { importFlags } from "../lib/runner/project.ts";
import { TextLineStream } from "@std/streams/text-line-stream";
import fc from "fast-check";
import { isMessage, type Message, type OpenBody } from "../lib/message.ts";
import { patienceMs } from "./cli.ts";
import { initMessage, message } from "./fake_runtime.ts";

const encoder = new TextEncoder();

const delay = (ms: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, ms));

// Messages in, messages out

Deno.test("a node answers on stdout, one message a line, and exits 0 when the input ends", async () => {
  const { code, stdout, stderr } = await run([
    initMessage(),
    echo(2, "hello"),
  ]);
  assertEquals(
    stdout,
    '{"src":"n1","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}\n' +
      '{"src":"n1","dest":"c1","body":{"type":"echo_ok","echo":"hello","in_reply_to":2}}\n',
  );
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("a node that gets no input at all says nothing, and exits 0", async () => {
  const { code, stdout, stderr } = await run([]);
  assertEquals([code, stdout, stderr], [0, "", ""]);
});

Deno.test("a node answers while its input is open: it waits for no more", async () => {
  await using program = new Program("node.ts");
  await program.write(initMessage());
  assertEquals((await program.reply())?.type, "init_ok");
  for (const id of [2, 3]) {
    await program.write(echo(id, id));
    assertEquals((await program.reply())?.echo, id);
  }
});

Deno.test("the arguments behind the program's name reach the app", async () => {
  const args = ["--flag", "", "two words", "é"];
  const { replies } = await run([
    initMessage(),
    message({ type: "args", msg_id: 2 }),
  ], { args });
  assertEquals(replies[1]!.args, args);
});

Deno.test("an app that doesn't take its arguments ends the node with 254 and its message", async () => {
  for (const how of ["refuse", "refuse-later"]) {
    const { code, stdout, stderr } = await run([initMessage()], {
      args: [how, "there is no --flog"],
    });
    assertEquals([code, stdout], [254, ""]);
    assertEquals(stderr, "there is no --flog\n");
  }
});

Deno.test("an app that slips ends the node with its trace", async () => {
  const { code, stdout, stderr } = await run([initMessage()], {
    args: ["slip"],
  });
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /TypeError: args\.get is not a function/);
  assertMatch(stderr, /at app \(.*fixtures\/node\.ts:\d+:\d+\)/);
});

Deno.test("ten thousand requests at once get their ten thousand replies, in order", async () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => i + 2);
  const { replies, stderr } = await run([
    initMessage(),
    ...ids.map((id) => echo(id, `n° ${id}`)),
  ]);
  assertEquals(
    replies.slice(1),
    ids.map((id) => ({
      type: "echo_ok",
      echo: `n° ${id}`,
      in_reply_to: id,
    })),
  );
  assertEquals(stderr, "");
});

Deno.test("requests before init are answered with error 11", async () => {
  const { replies } = await run([echo(1, 1), initMessage(), echo(2, 2)]);
  assertEquals(replies.map(({ type, code }) => [type, code]), [
    ["error", 11],
    ["init_ok", undefined],
    ["echo_ok", undefined],
  ]);
});

Deno.test("a handler's errors are replies: its RPCError, else 13 with its text on stderr too", async () => {
  const { code, replies, stderr } = await run([
    initMessage(),
    message({ type: "refuse", msg_id: 2, code: 22, text: "was 3" }),
    message({ type: "fail", msg_id: 3, text: "disk full" }),
    message({ type: "reject", msg_id: 4, text: "tape full" }),
    message({ type: "jump", msg_id: 5 }),
    echo(6, "still here"),
  ]);
  const found = Object.fromEntries(
    replies.map(({ in_reply_to, code, text, echo }) => [
      in_reply_to,
      [code, text ?? echo],
    ]),
  );
  assertEquals(found[2], [22, "was 3"]);
  assertEquals(found[3], [13, "disk full"]);
  assertEquals(found[4], [13, "tape full"]);
  assertEquals(found[5][0], 10);
  assertEquals(found[6], [undefined, "still here"]);
  for (const text of ["disk full", "tape full"]) {
    assertStringIncludes(stderr, text);
  }
  assertEquals(code, 0);
});

Deno.test("messages that ask for no reply get none", async () => {
  const { replies } = await run([
    initMessage(),
    message({ type: "echo", echo: 1 }),
    message({ type: "fail", text: "oh" }),
    message({ type: "jump" }),
  ]);
  assertEquals(replies.length, 1);
});

Deno.test("a node asks another over stdout, and hears its reply on stdin", async () => {
  await using program = new Program("node.ts");
  await program.write(
    initMessage(),
    message({ type: "ask", msg_id: 2, dest: "n2" }),
  );
  await program.reply();
  const { type, msg_id } = (await program.reply())!;
  assertEquals(type, "question");
  const answer = { type: "answer", answer: 42, in_reply_to: msg_id };
  await program.write(message(answer, "n2"));
  assertEquals(await program.reply(), {
    type: "ask_ok",
    answer: 42,
    in_reply_to: 2,
  });
});

// Large messages

Deno.test("lines of a megabyte and more come in whole, and go out whole", async () => {
  const texts = ["x".repeat(1_000_000), "é€😀".repeat(300_000), "short"];
  const { replies, stderr } = await run([
    initMessage(),
    ...texts.map((text, i) => echo(i + 2, text)),
  ]);
  // Not assertEquals: what it would print is megabytes long.
  texts.forEach((text, i) => assert(replies[i + 1]!.echo === text));
  assertEquals(stderr, "");
});

Deno.test("a reply is whole at every size around those that a pipe holds", async () => {
  const sizes = [32_000, 32_768, 65_536, 100_000, 500_000];
  const { replies } = await run([
    initMessage(),
    ...sizes.map((size, i) => message({ type: "repeat", msg_id: i + 2, size })),
  ]);
  assertEquals(
    replies.slice(1).map(({ text }) => String(text).length),
    sizes,
  );
  assert(replies.slice(1).every(({ text }) => /^é+$/.test(String(text))));
});

Deno.test("nesting that is 10 000 deep is echoed as it came", async () => {
  const deep = "[".repeat(10_000) + "]".repeat(10_000);
  const { stdout } = await run([
    initMessage(),
    `{"src":"c1","dest":"n1","body":{"type":"echo","msg_id":2,"echo":${deep}}}`,
  ]);
  assert(stdout.includes(`"echo":${deep},`));
});

// Bad lines

Deno.test("a line that is no message is reported on stderr and skipped", async () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const bad = [
    "hello",
    '{"src":"c1",',
    "NaN",
    "17",
    "null",
    "true",
    '"text"',
    "[1,2]",
    "{}",
    '{"src":1}',
    '{"src":"c1","dest":"n1"}',
    '{"src":"c1","dest":"n1","body":{}}',
    '{"src":"c1","dest":"n1","body":{"type":7}}',
    "\uFEFFbyte order mark",
    "\0",
    deep,
  ];
  const { code, replies, stderr } = await run([
    initMessage(),
    ...bad.flatMap((line, i) => [line, echo(i + 2, i)]),
  ]);
  assertEquals(replies.slice(1).map(({ echo }) => echo), bad.map((_, i) => i));
  const reports = stderr.trimEnd().split("\n");
  assertEquals(reports.length, bad.length);
  for (const [i, line] of bad.entries()) {
    const text = line === '"text"' ? "text" : line.slice(0, 100);
    assertStringIncludes(reports[i]!, text);
  }
  assertLess(reports.at(-1)!.length, 400);
  assertEquals(code, 0);
});

Deno.test("blank lines are skipped without a word", async () => {
  const { replies, stderr } = await run([
    "",
    initMessage(),
    "",
    "   ",
    "\t",
    "\r",
    echo(2, 1),
    "",
  ]);
  assertEquals([replies.length, stderr], [2, ""]);
});

Deno.test("lines may end in a carriage return and a line feed", async () => {
  const input = [initMessage(), echo(2, "a\rb")]
    .map((each) => JSON.stringify(each) + "\r\n").join("");
  const { replies, stderr } = await run(encoder.encode(input));
  assertEquals([replies[1]!.echo, stderr], ["a\rb", ""]);
});

Deno.test("the last line needs no line end", async () => {
  const input = [initMessage(), echo(2, "last")]
    .map((each) => JSON.stringify(each)).join("\n");
  const { replies, stderr } = await run(encoder.encode(input));
  assertEquals([replies[1]!.echo, stderr], ["last", ""]);
});

Deno.test("a last line that breaks off is reported", async () => {
  const input = JSON.stringify(initMessage()) + '\n{"src":"c1","de';
  const { code, replies, stderr } = await run(encoder.encode(input));
  assertEquals([code, replies.length], [0, 1]);
  assertStringIncludes(stderr, '{"src":"c1","de');
});

Deno.test("a byte order mark before the first line is ignored", async () => {
  const input = "\uFEFF" + JSON.stringify(initMessage()) + "\n";
  const { replies, stderr } = await run(encoder.encode(input));
  assertEquals([replies.length, stderr], [1, ""]);
});

Deno.test("bytes that aren't UTF-8 become replacement characters, and nothing worse", async () => {
  const [before, after] = JSON.stringify(echo(2, "<>")).split("<");
  const input = [
    ...encoder.encode(JSON.stringify(initMessage()) + "\n"),
    ...[0xff, 0xfe, 0x0a], // no line of JSON at all
    ...encoder.encode(before + "<"),
    0xe2, // the first byte of three, without the others
    ...encoder.encode(after + "\n"),
    ...[0xf0, 0x9f, 0x0a], // cut off by the line's end
    ...encoder.encode(JSON.stringify(echo(3, "after")) + "\n"),
    0xc3, // cut off by the end of input
  ];
  const { code, replies, stderr } = await run(new Uint8Array(input));
  assertEquals(replies.slice(1).map(({ echo }) => echo), ["<\uFFFD>", "after"]);
  assertEquals(stderr.trimEnd().split("\n").length, 3);
  assertEquals(code, 0);
});

Deno.test("a node that is written to byte by byte reads the same", async () => {
  await using program = new Program("node.ts");
  const lines = [initMessage(), echo(2, "é€😀")]
    .map((each) => JSON.stringify(each) + "\n").join("");
  for (const byte of encoder.encode(lines)) {
    await program.write(new Uint8Array([byte]));
  }
  await program.reply();
  assertEquals((await program.reply())?.echo, "é€😀");
});

Deno.test("any lines, good and bad, have the same outcome wherever they are split", async () => {
  const sizes = fc.sample(fc.integer({ min: 1, max: 24 }), {
    seed: 1,
    numRuns: 97,
  });
  await using program = new Program("node_in_pieces.ts", sizes.map(String));
  await program.write(initMessage());
  await program.reply();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyLine(), { maxLength: 12 }), async (lines) => {
      const end = `end of run ${++runs}`;
      await program.write(
        ...lines.flatMap(({ bytes }) => [bytes, newLine(bytes)]),
        end,
        echo(0, end),
      );
      const expected = lines.flatMap(({ reply }) => reply ? [reply] : []);
      for (const reply of expected) {
        assertEquals(await program.reply(), reply);
      }
      assertEquals((await program.reply())?.echo, end);
      for (const { report } of lines) {
        if (report === undefined) continue;
        assertStringIncludes(await program.report() ?? "", report);
      }
      assertStringIncludes(await program.report() ?? "", end);
    }),
    { seed: 1, numRuns: 200 },
  );
  const { code, stdout, stderr } = await program.finish();
  assertEquals([code, stdout, stderr], [0, "", ""]);
});

// The end

Deno.test("the end of input flushes the replies of handlers that are still running", async () => {
  const { code, replies, stderr } = await run([
    initMessage(),
    message({ type: "think", msg_id: 2 }),
    message({ type: "repeat", msg_id: 3, size: 200_000 }),
  ]);
  const types = replies.map(({ type }) => type).sort();
  assertEquals(types, ["init_ok", "repeat_ok", "think_ok"]);
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("a handler that sleeps for 50 ms still replies after the end of input", async () => {
  const { code, replies, stderr } = await run([
    initMessage(),
    message({ type: "sleep", msg_id: 2, ms: 50 }),
  ]);
  assertEquals(replies.map(({ type }) => type), ["init_ok", "sleep_ok"]);
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("a handler that sleeps for an hour doesn't keep the process alive", async () => {
  const { code, replies } = await run([
    initMessage(),
    message({ type: "sleep", msg_id: 2, ms: 3_600_000 }),
  ]);
  assertEquals([code, replies.length], [0, 1]);
});

Deno.test("neither timers nor calls keep the process alive, and they end quietly", async () => {
  const { code, replies, stderr } = await run([
    initMessage(),
    message({ type: "timers", msg_id: 2 }),
  ]);
  assertEquals(replies.map(({ type }) => type).sort(), [
    "init_ok",
    "read",
    "timers_ok",
  ]);
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("a closed stdout ends the node quietly, even with its input open", async () => {
  await using program = new Program("node.ts");
  await program.write(initMessage());
  await program.reply();
  await program.closeStdout();
  // The pipe closes a moment later than that: a first reply may get through.
  while (await program.write(echo(2, 1)));
  assertEquals(await program.end(), { code: 0, stderr: "" });
});

Deno.test("a stdout that closes while a reply is on its way ends the node quietly", async () => {
  await using program = new Program("node.ts");
  await program.write(
    initMessage(),
    message({ type: "repeat", msg_id: 2, size: 5_000_000 }),
  );
  await program.reply(); // init_ok is out; the other fills the pipe
  await program.closeStdout();
  assertEquals(await program.end(), { code: 0, stderr: "" });
});

Deno.test("while nobody reads its stdout, a node stops reading its stdin", async () => {
  await using program = new Program("node.ts");
  const count = 100;
  const size = 1_500_000;
  await program.write(
    initMessage(),
    ...Array.from(
      { length: count },
      (_, i) => message({ type: "fill", msg_id: i + 2, size }),
    ),
  );
  // How many replies it has made: so far as there's room for them, and no more.
  let made = 0;
  const allMade = (async () => {
    while (made < count) made = Number(await program.report());
  })();
  while (made * size < 64e6) await delay(10);
  await Promise.race([allMade, delay(1000)]);
  assertLess(made, count);
  for (let i = 0; i <= count; i++) await program.reply();
  await allMade;
});

Deno.test("a sleep of a month, or for ever, isn't over at once", async () => {
  await using program = new Program("node.ts");
  await program.write(
    initMessage(),
    message({ type: "sleep", msg_id: 2, ms: 2 ** 31 }),
    // What JSON.parse takes for Infinity.
    '{"src":"c1","dest":"n1","body":{"type":"sleep","msg_id":3,"ms":1e999}}',
    message({ type: "sleep", msg_id: 4, ms: 20 }),
  );
  await program.reply();
  assertEquals((await program.reply())?.in_reply_to, 4);
});

Deno.test("a call that JSON can't hold doesn't end the node", async () => {
  await using program = new Program("node.ts");
  await program.write(
    initMessage(),
    message({ type: "rpc_with_bigint", msg_id: 2 }),
  );
  await program.reply();
  await program.reply();
  await program.write(message({ type: "sleep", msg_id: 3, ms: 20 }));
  assertEquals((await program.reply())?.type, "sleep_ok");
});

Deno.test("a handler that never gives up asking doesn't keep the process alive", async () => {
  const { code } = await run([
    initMessage(),
    message({ type: "stubborn", msg_id: 2 }),
  ]);
  assertEquals(code, 0);
});

// Helpers

type Input = Message | string | Uint8Array;

function echo(msg_id: number, echo: unknown): Message {
  return message({ type: "echo", msg_id, echo });
}

/** A line, and what a node is to make of it. */
interface Line {
  bytes: Uint8Array;
  reply?: OpenBody;
  /** A part of what it reports on stderr. */
  report?: string;
}

/** Lines of all kinds, with what they are to bring about. */
function anyLine(): fc.Arbitrary<Line> {
  const text = fc.string({ unit: "grapheme", maxLength: 20 });
  const id = fc.integer({ min: 1, max: 1e6 });
  const lineOf = (value: unknown) => encoder.encode(JSON.stringify(value));
  const echoed = fc.tuple(id, text).map(([id, text]) => ({
    bytes: lineOf(echo(id, text)),
    reply: { type: "echo_ok", echo: text, in_reply_to: id },
  }));
  const unasked = text.map((echo) => ({
    bytes: lineOf(message({ type: "echo", echo })),
  }));
  const refused = fc.tuple(id, text).map(([id, text]) => ({
    bytes: lineOf(message({ type: "refuse", msg_id: id, code: 22, text })),
    reply: { type: "error", code: 22, text, in_reply_to: id },
  }));
  const noJSON = text.map((text) => {
    const line = `!${text.replaceAll(/[\r\n]/g, " ")}!`;
    return { bytes: encoder.encode(line), report: line };
  });
  const noUTF8 = fc.uint8Array({ min: 0x80, max: 0xff, minLength: 1 })
    .map((bytes) => ({ bytes: new Uint8Array([33, ...bytes]), report: "!" }));
  const noMessage = fc.jsonValue({ maxDepth: 2 })
    .filter((value) => !isMessage(value) && typeof value !== "string")
    .map((value) => ({
      bytes: lineOf(value),
      report: JSON.stringify(value).slice(0, 200),
    }));
  const blank = fc.constantFrom("", " ", "\t  ")
    .map((line) => ({ bytes: encoder.encode(line) }));
  return fc.oneof(
    echoed,
    unasked,
    refused,
    noJSON,
    noUTF8,
    noMessage,
    blank,
  );
}

/** A line's end: either of the two, so that both are among any lines. */
function newLine(line: Uint8Array): Uint8Array {
  return encoder.encode(line.length % 2 === 0 ? "\n" : "\r\n");
}

/** A node in a process of its own. */
class Program implements AsyncDisposable {
  #child: Deno.ChildProcess;
  #input: WritableStreamDefaultWriter<Uint8Array>;
  #stdout: ReadableStreamDefaultReader<string>;
  #stderr: ReadableStreamDefaultReader<string>;
  #watchdog: ReturnType<typeof setTimeout>;

  constructor(fixture: string, args: string[] = []) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        ...importFlags(),
        decodeURIComponent(
          new URL(`fixtures/${fixture}`, import.meta.url).pathname,
        ),
        ...args,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#stdout = linesOf(this.#child.stdout);
    this.#stderr = linesOf(this.#child.stderr);
    // A node that hangs fails its test, rather than to hang it as well.
    this.#watchdog = setTimeout(() => this.#kill(), patienceMs);
  }

  /**
   * Writes messages and lines, which get a line end, and bytes as they are.
   *
   * @returns whether the node took them: not, when it has ended.
   */
  async write(...inputs: Input[]): Promise<boolean> {
    try {
      await this.#input.write(bytesOf(inputs));
      return true;
    } catch {
      return false;
    }
  }

  /** The body of the next message on stdout. */
  async reply(): Promise<OpenBody | undefined> {
    const { value } = await this.#stdout.read();
    return value === undefined ? undefined : JSON.parse(value).body;
  }

  /** The next line on stderr. */
  async report(): Promise<string | undefined> {
    return (await this.#stderr.read()).value;
  }

  async closeStdout(): Promise<void> {
    await this.#stdout.cancel();
  }

  /** Returns how the node ends, which it is to do by itself. */
  async end(): Promise<{ code: number; stderr: string }> {
    const stderr = await rest(this.#stderr);
    const { code } = await this.#child.status;
    return { code, stderr };
  }

  /** Ends the input, and collects all that is still to come. */
  async finish(): Promise<{ code: number; stdout: string; stderr: string }> {
    const [stdout, end] = await Promise.all([
      rest(this.#stdout),
      this.end(),
      this.#input.close().catch(() => {}),
    ]);
    return { stdout, ...end };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#watchdog);
    this.#kill();
    await Promise.all([
      this.#child.status,
      this.#input.abort().catch(() => {}),
      this.#stdout.cancel(),
      this.#stderr.cancel(),
    ]);
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* It has ended already. */ }
  }
}

/** Feeds a node with all of its input, and gives back all of its output. */
async function run(
  input: Input[] | Uint8Array,
  { args = [] }: { args?: string[] } = {},
) {
  await using program = new Program("node.ts", args);
  const written = program.write(...(Array.isArray(input) ? input : [input]));
  const end = await program.finish();
  await written;
  const replies: OpenBody[] = end.stdout.split("\n").slice(0, -1)
    .map((line) => JSON.parse(line).body);
  return { ...end, replies };
}

function bytesOf(inputs: Input[]): Uint8Array {
  const parts = inputs.map((input) => {
    if (input instanceof Uint8Array) return input;
    const line = typeof input === "string" ? input : JSON.stringify(input);
    return encoder.encode(line + "\n");
  });
  const bytes = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let start = 0;
  for (const part of parts) {
    bytes.set(part, start);
    start += part.length;
  }
  return bytes;
}

function linesOf(bytes: ReadableStream<Uint8Array<ArrayBuffer>>) {
  return bytes.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
}

async function rest(
  lines: ReadableStreamDefaultReader<string>,
): Promise<string> {
  let text = "";
  for (;;) {
    const { done, value } = await lines.read();
    if (done) return text;
    text += value + "\n";
  }
}

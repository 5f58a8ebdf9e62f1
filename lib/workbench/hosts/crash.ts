/**
 * The reason why a program ended, found in its output: the line with the
 * reason, and not the trace after it.
 *
 * @module
 */

import { beginningOf } from "../sim/parts.ts";
import { advisedOnPermission } from "./permission.ts";

/** The beginnings, or ends, of lines that say why a program ends. */
const reasonLines: readonly RegExp[] = [
  /^panic: /, // Go
  /^(PHP )?(fatal|parse) error: /i, // Go, PHP, Swift, OCaml
  /^thread .* panicked at /, // Rust
  /^thread \d+ panic: /, // Zig
  /^Exception in thread /, // Java and its kin
  /^(error: )?Uncaught\b/, // Deno, PHP
  /^Unhandled exception/i, // C#, Dart, Crystal
  /^terminate called /, // C++
  /: Assertion .* failed\.?$/, // C
  /^Assertion failed: /, // C on WASI and macOS
  /^==\d+==\s*ERROR: /, // sanitizers of C
  /^\S+:\d+:in .* \([A-Z][\w:]*\)$/, // Ruby
  /^\*\* \(\w[\w.]*\) /, // Elixir
  /^escript: exception /, // Erlang
  /^abort: /, // AssemblyScript
  /^lua\S*: /,
  /^[\w.]+@\S+\(\d+\): /, // D
  /^raised [A-Z][\w.]* : /, // Ada
  /^(Execution|Syntax) error\b.* at \S*\s?\(.*\)\.$/, // Clojure
  /^Unhandled [A-Z][\w:-]* in thread /, // Common Lisp
  // `TypeError: …` and `Error [ERR_FOO]: …` of Node, `java.io.IOException: …`
  /^\[?([A-Za-z][\w.$]*)?(Error|Exception|Rejection|Interrupt)\b(\s*[:[(]|$)/,
  /^error: /i,
  // What shells say.
  /(^|: )Segmentation fault/i,
  /^\S+: .*(not found|No such file or directory|Permission denied|cannot execute.*|Exec format error)$/,
];

/** A line with one of these, whichever: nearly none has, and all are read. */
const reasonLine = oneOf(reasonLines);

/** Lines that only say where it was. */
const traceLines: readonly RegExp[] = [
  /^\s|^$|^\}$/,
  /^(goroutine \d|created by |exit status \d|[\w./*()$[\]-]+\(.*\)$)/, // Go
  /^note: /, // Rust
  / \[0x[\da-f]+\]$|^-{4,}$/, // D
  /^Full report at:$|^\/\S+\.edn$/, // Clojure
  /^(Backtrace for: |\d+: \(|unhandled condition in --disable-debugger)/, // Lisp
  /^(stack ?(back)?trace|Caused by|Node\.js v\d)/i,
];

const traceLine = oneOf(traceLines);

/** A line that says that a thread or task ends: of Rust, Java and Python. */
const threadEnds =
  /^(?:thread '.*' .*panicked at |Exception in thread |Task exception was never retrieved$)/;

/** The first line of a Python trace; the line that ends it is the reason. */
const pythonTrace =
  /^(?: +\+ )?(?:Exception Group )?Traceback \(most recent call last\):/;

/** The margin of what Python prints of several exceptions at once. */
const groupMargin = /^ +\| /;

/** The line of a Python trace that says where; of a typo, nothing else does. */
const pythonPlace = /^ +(File ".*", line \d+)$/;
const pythonTypo = /^(Syntax|Indentation|Tab)Error\b/;

/** The beginnings of reasons that the next line completes. */
const unfinished =
  /^(terminate called|Unhandled \S+ in thread|(Execution|Syntax) error .*\.$)|:$/;

/**
 * The line with what caused the reason, in Java, Deno and Node.js. In Rust's
 * `anyhow`, nothing follows the colon, and the causes are the next lines.
 */
const causeLine = /^(?:Caused by:|[ ]{2}\[cause\]:) ?(.*)$/;

/** Makes one pattern of several, which takes a fraction of their time. */
function oneOf(patterns: readonly RegExp[]): RegExp {
  const sources = patterns.map(({ source, ignoreCase }) =>
    ignoreCase ? `(?i:${source})` : `(?:${source})`
  );
  return new RegExp(sources.join("|"));
}

/** The number of the last lines that are told. */
const maxLastLines = 8;

/** With more lines than this after it, it wasn't the reason. */
const maxLinesAfter = 40;

/** The most characters of a line that are told. */
const maxChars = 400;

/**
 * Colours and links, which programs print for terminals that they take for
 * theirs, as `FORCE_COLOR` makes them: they say nothing, and would hide what a
 * line begins with.
 */
// deno-lint-ignore no-control-regex
const finery = /\x1b(?:\[[\d;:]*[mK]|\]8;[^\x07\x1b]*(?:\x07|\x1b\\))/g;

/** The most characters of a line that are looked at. */
const maxRead = 10 * maxChars;

/** Reads what a program prints, for the day that it crashes. */
export class CrashReader {
  #lastLines: string[] = [];
  #reason: string | undefined;
  /** The last lines that came after the reason, and that are no trace. */
  #after: string[] = [];
  #countAfter = 0;
  /** The sign that has to come before the reason is complete. */
  #missing: "end of trace" | "message" | undefined;
  /** The last cause of the reason, which is the root. */
  #cause = "";
  #areCauses = false;
  /** True once Python has printed several exceptions at once. */
  #isGroup = false;
  #place = "";
  /** True while a thread or task ends, and once it has begun to say why. */
  #isEnding = false;
  #isTold = false;
  #threadReason: string | undefined;

  /** Takes the next line. */
  read(line: string): void {
    this.#take(line);
    if (!this.#isTold || this.#missing !== undefined) return;
    this.#isEnding = this.#isTold = false;
    this.#threadReason ??= this.#reason;
  }

  /** The reason that the first thread or task gave that ended by a mistake. */
  get threadReason(): string | undefined {
    return this.#threadReason;
  }

  #take(line: string): void {
    const bare = beginningOf(line, maxRead).replaceAll(finery, "");
    const whole = beginningOf(bare, maxChars).trimEnd();
    keep(this.#lastLines, whole);
    const text = this.#isGroup ? whole.replace(groupMargin, "") : whole;
    this.#readCause(text);
    this.#place = pythonPlace.exec(text)?.[1] ?? this.#place;
    this.#isEnding ||= threadEnds.test(text);
    const isIndented = text === "" || /^\s/.test(text);
    if (this.#missing === "message") {
      if (text === "") return;
      if (pythonTrace.test(text)) {
        this.#missing = "end of trace"; // which tells the reason
        return;
      }
      this.#missing = text.endsWith(":") ? "message" : undefined;
      this.#reason = `${this.#reason} ${text.trim()}`;
    } else if (this.#missing === "end of trace" && !isIndented) {
      this.#found(text);
    } else if (pythonTrace.test(text)) {
      this.#missing = "end of trace";
      this.#isGroup ||= text.startsWith(" ");
    } else if (reasonLine.test(text)) {
      this.#found(text);
    } else if (traceLine.test(text)) {
      // What came between belongs to the reason: its second line, some source.
      this.#after = [];
    } else {
      keep(this.#after, text);
      this.#countAfter++;
    }
  }

  /** Returns the reason that it gave for its end, as sentences. */
  lastWords(): string {
    const last = this.#lastLines;
    if (last.length === 0) return "It had printed nothing that tells why.";
    if (this.#reason === undefined || this.#countAfter > maxLinesAfter) {
      return `Its last lines were:\n${last.join("\n")}`;
    }
    const cause = this.#reason.includes(this.#cause)
      ? ""
      : ` (caused by ${this.#cause})`;
    const said = `It said: ${advised(this.#reason)}${cause}`;
    return this.#after.length === 0
      ? said
      : `${said}\nIts last lines were:\n${this.#after.join("\n")}`;
  }

  #found(text: string): void {
    this.#isTold ||= this.#isEnding;
    this.#reason = pythonTypo.test(text) && this.#place !== ""
      ? `${text} (${this.#place})`
      : text;
    this.#after = [];
    this.#countAfter = 0;
    this.#cause = "";
    this.#missing = unfinished.test(text) ? "message" : undefined;
  }

  #readCause(text: string): void {
    const cause = causeLine.exec(text)?.[1];
    if (cause !== undefined) {
      this.#areCauses = cause === "";
      this.#cause = cause;
    } else if (this.#areCauses && /^\s+\S/.test(text)) {
      this.#cause = text.trim().replace(/^\d+: /, "");
    } else {
      this.#areCauses = false;
    }
  }
}

/**
 * Adds advice to the words for what a node lacks. Of WASI's targets, Rust's
 * compiles what starts a thread. Deno takes a script in CommonJS, as Node.js runs
 * it, for a module.
 */
function advised(reason: string): string {
  if (/failed to spawn thread: .*\bUnsupported\b/.test(reason)) {
    return `${reason}. A module has no threads: build the node for this machine, and it's judged over pipes.`;
  }
  if (ofCommonJS.test(reason)) {
    return `${reason}. It was run by Deno, as an ES module. If it's for Node.js, make #!/usr/bin/env node its first line, and chmod +x it: then Node.js runs it.`;
  }
  return advisedOnPermission(reason);
}

/** Words of Deno for a name that only CommonJS has. */
const ofCommonJS =
  /^error: Uncaught .*\bReferenceError: (require|module|exports) is not defined$/;

/** Keeps the last lines. */
function keep(lines: string[], line: string): void {
  if (lines.push(line) > maxLastLines) lines.shift();
}

/** The meanings of the signals that end programs. */
const signals: { readonly [signal: string]: string } = {
  SIGSEGV: "a segmentation fault: it used memory that isn't its own",
  SIGBUS: "a bus error: it used memory that isn't there",
  SIGABRT: "it aborted itself",
  SIGFPE: "an arithmetic error, such as a division by zero",
  SIGILL: "an instruction that the processor doesn't know",
  SIGKILL: "somebody killed it, as Linux does when memory runs out",
};

/** The meanings of a shell's exit codes. */
const shellCodes: { readonly [code: number]: string } = {
  126: "from a shell: a program that can't be executed",
  127: "from a shell: a program that isn't there",
  134: "from a shell: SIGABRT",
  137: "from a shell: SIGKILL",
  139: "from a shell: a segmentation fault",
};

/**
 * Tells how a program ended, in words to follow its name: `exited with code 3`.
 */
export function endingOf(
  { code, signal }: Pick<Deno.CommandStatus, "code" | "signal">,
): string {
  const [how, meaning] = signal
    ? [`was ended by ${signal}`, signals[signal]]
    : [`exited with code ${code}`, shellCodes[code]];
  return meaning === undefined ? how : `${how} (${meaning})`;
}

/** A sentence on a node that has ended, and others that may explain it. */
export function untimely(
  how: string,
  ...hints: (string | undefined)[]
): string {
  return [
    `${how} in the middle of the run.`,
    "A node has to run until its input ends.",
    ...hints,
  ].filter(Boolean).join(" ");
}

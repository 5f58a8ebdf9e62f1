/**
 * The reason of a crash in what programs of many languages print: shortened, but
 * otherwise as they were recorded.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { CrashReader, endingOf } from "../../../lib/workbench/hosts/crash.ts";

function lastWords(output: string): string {
  const reader = new CrashReader();
  for (const line of output.split("\n")) reader.read(line);
  return reader.lastWords();
}

Deno.test("a permission that Deno asks for is told with a way to give it", () => {
  assertEquals(
    lastWords(
      `error: Uncaught (in promise) NotCapable: Requires read access to "/x", run again with the --allow-read flag
    at file:///node.ts:1:1`,
    ),
    'It said: error: Uncaught (in promise) NotCapable: Requires read access to "/x". A node runs without permissions, but for those in its first line: #!/usr/bin/env -S deno run --allow-read and chmod +x give it this one.',
  );
});

Deno.test("a script in CommonJS is told what runs it", () => {
  const said = (name: string) =>
    lastWords(
      `error: Uncaught (in promise) ReferenceError: ${name} is not defined
const rl = require('readline');
           ^
    at file:///node.js:1:12

    info: Deno supports CommonJS modules in .cjs files, or when the closest`,
    ).split("\n")[0];
  assertEquals(
    said("require"),
    "It said: error: Uncaught (in promise) ReferenceError: require is not defined. It was run by Deno, as an ES module. If it's for Node.js, make #!/usr/bin/env node its first line, and chmod +x it: then Node.js runs it.",
  );
  for (const name of ["required", "__dirname"]) { // Node.js may lack that, too
    assertEquals(
      said(name),
      `It said: error: Uncaught (in promise) ReferenceError: ${name} is not defined`,
    );
  }
});

Deno.test("a module that starts a thread is told where there are some", () => {
  assertEquals(
    lastWords(
      `
thread 'main' (1) panicked at library/std/src/thread/functions.rs:131:29:
failed to spawn thread: Os { code: 58, kind: Unsupported, message: "Not supported" }
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace`,
    ),
    `It said: thread 'main' (1) panicked at library/std/src/thread/functions.rs:131:29: failed to spawn thread: Os { code: 58, kind: Unsupported, message: "Not supported" }. A module has no threads: build the node for this machine, and it's judged over pipes.`,
  );
});

Deno.test("the first thread or task that ends is told from what is only written", () => {
  const threadReason = (output: string) => {
    const reader = new CrashReader();
    for (const line of output.split("\n")) reader.read(line);
    return reader.threadReason;
  };
  assertEquals(
    threadReason(`error: all is well
thread 'tokio-runtime-worker' (12) panicked at src/main.rs:34:13:
no neighbours
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace
thread 'tokio-runtime-worker' (13) panicked at src/main.rs:40:1:
another
Received a message`),
    "thread 'tokio-runtime-worker' (12) panicked at src/main.rs:34:13: no neighbours",
  );
  assertEquals(
    threadReason(
      `Exception in thread "pool-1" java.lang.IllegalStateException: no
\tat Node.main(Node.java:5)`,
    ),
    'Exception in thread "pool-1" java.lang.IllegalStateException: no',
  );
  assertEquals(
    threadReason(`Exception in thread Thread-1 (serve):
Traceback (most recent call last):
  File "/usr/lib/python3.11/threading.py", line 1045, in _bootstrap_inner
    self.run()
  File "node.py", line 3, in serve
    1 / 0
ZeroDivisionError: division by zero
going on`),
    "ZeroDivisionError: division by zero",
  );
  assertEquals(
    threadReason(`Task exception was never retrieved
future: <Task finished name='Task-2' coro=<serve() done> exception=KeyError('a')>
Traceback (most recent call last):
  File "node.py", line 3, in serve
    {}["a"]
KeyError: 'a'`),
    "KeyError: 'a'",
  );
  assertEquals(threadReason("Error: no\n    at main.js:1"), undefined);
});

Deno.test("colours and links hide no reason, and aren't told", () => {
  assertEquals(
    lastWords(
      `listening
\x1b[0m\x1b[1m\x1b[31merror\x1b[0m: Uncaught (in promise) \x1b[38;5;245mError: boom\x1b[39m
    at \x1b[36mfile:///node.ts\x1b[0m:1:1`,
    ),
    "It said: error: Uncaught (in promise) Error: boom",
  );
  assertEquals(
    lastWords("\x1b]8;;https://x\x07a link\x1b]8;;\x1b\\, and a \x1b[2J wipe"),
    "Its last lines were:\na link, and a \x1b[2J wipe",
  );
});

const crashes: [language: string, output: string, reason: string][] = [
  [
    "Go",
    `node n0 is up
panic: assignment to entry in nil map

goroutine 1 [running]:
main.(*S).f(0xc000077ea8?, 0xc000077ef8?)
	/src/a.go:5 +0x3a5
main.main()
	/src/a.go:6 +0xc9
created by main.start in goroutine 1
	/src/a.go:6 +0x4a
exit status 2`,
    "panic: assignment to entry in nil map",
  ],
  [
    "Go, all asleep",
    `fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
main.main()
	/src/a.go:5 +0x308`,
    "fatal error: all goroutines are asleep - deadlock!",
  ],
  [
    "Rust",
    `
thread 'main' (24868) panicked at src/main.rs:1:111:
boom 3
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/library/std/src/panicking.rs:698:5
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace`,
    "thread 'main' (24868) panicked at src/main.rs:1:111: boom 3",
  ],
  [
    "Rust before 1.73",
    "thread 'main' panicked at 'boom', src/main.rs:2:5\nnote: run with `RUST_BACKTRACE=1`",
    "thread 'main' panicked at 'boom', src/main.rs:2:5",
  ],
  [
    "Rust, an error from main",
    `Error: Custom { kind: Other, error: "io bad" }`,
    `Error: Custom { kind: Other, error: "io bad" }`,
  ],
  [
    "Python",
    `Traceback (most recent call last):
  File "node.py", line 3, in <module>
    main()
    ^^^^^^
  File "node.py", line 2, in main
    raise KeyError("first")
KeyError: 'first'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "node.py", line 5, in <module>
    1 / 0
ZeroDivisionError: division by zero`,
    "ZeroDivisionError: division by zero",
  ],
  [
    "Python, an exception without a text",
    `Traceback (most recent call last):\n  File "node.py", line 1, in <module>\nmy.module.Stop`,
    "my.module.Stop",
  ],
  [
    "Python, a mistake in writing",
    `  File "node.py", line 1\n    x = (\n        ^\nSyntaxError: '(' was never closed`,
    `SyntaxError: '(' was never closed (File "node.py", line 1)`,
  ],
  [
    "Python, several exceptions at once",
    `  + Exception Group Traceback (most recent call last):
  |   File "node.py", line 8, in <module>
  |     asyncio.run(main())
  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "node.py", line 3, in a
    |     async def a(): raise ValueError("bad value\nsecond line")
    | ValueError: bad value
second line
    +---------------- 2 ----------------
    | Exception Group Traceback (most recent call last):
    |   File "node.py", line 3, in b
    | ExceptionGroup: inner (1 sub-exception)
    +-+---------------- 1 ----------------
      | KeyError: 'node'
      +------------------------------------`,
    "KeyError: 'node'",
  ],
  [
    "Node.js",
    `/src/node.mjs:3
    throw new TypeError("boom");
    ^

TypeError: boom
    at Object.<anonymous> (/src/node.mjs:3:11)
    at node:internal/main/run_main_module:23:47 {
  code: 'E_BOOM'
}

Node.js v20.20.2`,
    "TypeError: boom",
  ],
  [
    "Node.js, a package that isn't there",
    `node:internal/modules/esm/resolve:873
  throw new ERR_MODULE_NOT_FOUND(packageName);
        ^

Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'nah'
    at packageResolve (node:internal/modules/esm/resolve:873:9) {
  code: 'ERR_MODULE_NOT_FOUND'
}

Node.js v20.20.2`,
    "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'nah'",
  ],
  [
    "Deno",
    `error: Uncaught (in promise) TypeError: x
await Promise.reject(new TypeError("x", { cause: new Error("y") }));
                     ^
    at file:///src/rej.ts:1:22
Caused by: Error: y
    at file:///src/rej.ts:1:49`,
    "error: Uncaught (in promise) TypeError: x (caused by Error: y)",
  ],
  [
    "Deno, a module that isn't there",
    `error: Module not found "file:///src/nah.ts".
    at file:///src/imp.ts:1:8

Stack backtrace:
   0: <unknown>`,
    `error: Module not found "file:///src/nah.ts".`,
  ],
  [
    "Node.js, an error with a cause",
    `TypeError: x is not iterable
    at Socket.<anonymous> (/src/node.mjs:2:51) {
  [cause]: Error: inner
      at Socket.<anonymous> (/src/node.mjs:2:95)
}

Node.js v20.20.2`,
    "TypeError: x is not iterable (caused by Error: inner)",
  ],
  [
    "Java",
    `Exception in thread "main" java.lang.RuntimeException: boom
	at M.main(M.java:1)
Caused by: java.lang.IllegalStateException: inner
	... 9 more
Caused by: java.lang.NullPointerException: root
	... 9 more`,
    `Exception in thread "main" java.lang.RuntimeException: boom (caused by java.lang.NullPointerException: root)`,
  ],
  [
    "Java, a cause that the reason names",
    `Exception in thread "main" java.util.concurrent.CompletionException: java.lang.IllegalStateException: no
	at M.main(M.java:1)
Caused by: java.lang.IllegalStateException: no
	... 9 more`,
    `Exception in thread "main" java.util.concurrent.CompletionException: java.lang.IllegalStateException: no`,
  ],
  [
    "Rust's anyhow",
    `Error: reading msg_id

Caused by:
    invalid digit found in string`,
    "Error: reading msg_id (caused by invalid digit found in string)",
  ],
  [
    "Rust's anyhow, several causes",
    `Error: handling a message

Caused by:
    0: reading msg_id
    1: invalid digit found in string

Stack backtrace:
   0: <E as anyhow::context::ext::StdError>::ext_context
             at /src/anyhow/backtrace.rs:10:14`,
    "Error: handling a message (caused by invalid digit found in string)",
  ],
  [
    "Java, a stack without end",
    `Exception in thread "main" java.lang.StackOverflowError\n${
      "\tat M.main(M.java:1)\n".repeat(1024)
    }`,
    `Exception in thread "main" java.lang.StackOverflowError`,
  ],
  [
    "Ruby",
    "-e:1:in `f': boom (RuntimeError)\n\tfrom -e:1:in `<main>'",
    "-e:1:in `f': boom (RuntimeError)",
  ],
  [
    "C++",
    "terminate called after throwing an instance of 'std::runtime_error'\n  what():  boom",
    "terminate called after throwing an instance of 'std::runtime_error' what():  boom",
  ],
  [
    "C",
    "c: c.cc:3: int main(int, char**): Assertion `c==3' failed.",
    "c: c.cc:3: int main(int, char**): Assertion `c==3' failed.",
  ],
  [
    "C on WASI",
    "Assertion failed: c==3 (c.c: main: 3)",
    "Assertion failed: c==3 (c.c: main: 3)",
  ],
  [
    "D",
    `core.exception.RangeError@src/d.d(1): Range violation
----------------
??:? onRangeError [0x7fe4def66248]
src/d.d:1 _Dmain [0x55b2218dd3b7]
??:? _d_run_main [0x7fe4def9d7ed]`,
    "core.exception.RangeError@src/d.d(1): Range violation",
  ],
  [
    "AssemblyScript",
    "abort: no handler for topology in echo.ts(7:8)",
    "abort: no handler for topology in echo.ts(7:8)",
  ],
  [
    "Ada",
    "\nraised CONSTRAINT_ERROR : node.adb:2 index check failed",
    "raised CONSTRAINT_ERROR : node.adb:2 index check failed",
  ],
  [
    "Clojure",
    `Execution error (ExceptionInfo) at user/eval3 (node.clj:1).
no handler

Full report at:
/tmp/clojure-12718213909503097782.edn`,
    "Execution error (ExceptionInfo) at user/eval3 (node.clj:1). no handler",
  ],
  [
    "Clojure, before it runs",
    `Syntax error compiling at (node.clj:3:1).
No such namespace: deps`,
    "Syntax error compiling at (node.clj:3:1). No such namespace: deps",
  ],
  [
    "Common Lisp",
    `Unhandled SIMPLE-ERROR in thread #<SB-THREAD:THREAD "main thread" RUNNING
                                    {1001348003}>:
  no handler for topology

Backtrace for: #<SB-THREAD:THREAD "main thread" RUNNING {1001348003}>
0: (SB-DEBUG::DEBUGGER-DISABLED-HOOK #<SIMPLE-ERROR "no handler for ~a" {1001360EA3}>)
1: (SB-IMPL::%START-LISP)

unhandled condition in --disable-debugger mode, quitting`,
    'Unhandled SIMPLE-ERROR in thread #<SB-THREAD:THREAD "main thread" RUNNING {1001348003}>: no handler for topology',
  ],
  [
    "Erlang",
    `escript: exception error: no match of right hand side value false
  in function  erl_eval:expr/6 (erl_eval.erl, line 496)
  in call from init:do_boot/3 `,
    "escript: exception error: no match of right hand side value false",
  ],
  [
    "PHP, a mistake in writing",
    `PHP Parse error:  syntax error, unexpected token ";" in /src/node.php on line 2`,
    `PHP Parse error:  syntax error, unexpected token ";" in /src/node.php on line 2`,
  ],
  [
    "C#",
    "Unhandled exception. System.InvalidOperationException: boom\n   at Program.Main() in /src/Program.cs:line 4",
    "Unhandled exception. System.InvalidOperationException: boom",
  ],
  [
    "Elixir",
    "** (RuntimeError) boom\n    node.exs:1: (file)",
    "** (RuntimeError) boom",
  ],
  [
    "a shell",
    "./node: line 3: nosuch: command not found",
    "./node: line 3: nosuch: command not found",
  ],
  [
    "env",
    "env: 'python4': No such file or directory",
    "env: 'python4': No such file or directory",
  ],
];

for (const [language, output, reason] of crashes) {
  Deno.test(`the reason is told, and not its trace: ${language}`, () => {
    assertEquals(lastWords(output), `It said: ${reason}`);
  });
}

Deno.test("where no reason is known, the last lines are told", () => {
  assertEquals(lastWords("one\ntwo"), "Its last lines were:\none\ntwo");
  const many = Array.from({ length: 100 }, (_, i) => `line ${i}`).join("\n");
  assertMatch(
    lastWords(many),
    /^Its last lines were:\nline 92\n(.*\n)*line 99$/,
  );
  assertEquals(
    new CrashReader().lastWords(),
    "It had printed nothing that tells why.",
  );
});

Deno.test("an error that was caught isn't taken for the only reason", () => {
  assertEquals(
    lastWords("Error: no answer, trying again\ngiving up"),
    "It said: Error: no answer, trying again\nIts last lines were:\ngiving up",
  );
  const long = "Error: no answer, trying again\n" + "all is well\n".repeat(50);
  assertMatch(lastWords(long), /^Its last lines were:\nall is well/);
});

Deno.test("a long line is cut", () => {
  assertEquals(lastWords(`panic: ${"x".repeat(10_000)}`).length, 410);
});

Deno.test("how a program ended is told in words", () => {
  assertEquals(
    endingOf({ code: 1, signal: null }),
    "exited with code 1",
  );
  // Erlang's escript ends with it as well.
  assertEquals(
    endingOf({ code: 127, signal: null }),
    "exited with code 127 (from a shell: a program that isn't there)",
  );
  assertMatch(
    endingOf({ code: 139, signal: "SIGSEGV" }),
    /^was ended by SIGSEGV \(a segmentation fault/,
  );
  assertEquals(
    endingOf({ code: 130, signal: "SIGINT" }),
    "was ended by SIGINT",
  );
});

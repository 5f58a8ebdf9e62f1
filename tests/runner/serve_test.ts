/**
 * `deno task serve`: the store's runs as a table, their files, and two of them
 * side by side. What only a browser can show is in `serve_browser_test.ts`.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import { importFlags } from "../../lib/runner/project.ts";
import {
  escapedPath,
  matches,
  ordered,
  type Row,
} from "../../lib/runner/serve/client/row.ts";
import { serveAsset } from "../../lib/runner/serve/assets.ts";
import { handlerOf } from "../../lib/runner/serve/handler.ts";
import { runsOf } from "../../lib/runner/serve/runs.ts";
import { decode } from "../../lib/report/web/decode.ts";
import { root, run, runIn } from "../cli.ts";
import { some } from "../some.ts";
import { age, keep, keepFiles } from "./store.ts";
import { tempDir } from "../temp.ts";

const time = "20261123T092403.847Z";

/** The fields of a folder's `run.json` from its start on. */
const about = {
  run: "echo",
  engine: "stdio",
  workload: "echo",
  options: { rate: 5, latency: 100 },
  "node-count": 1,
  concurrency: 1,
  bin: "./my-node.py",
  args: ["--fast"],
};

/** Serves a store, for as long as a test needs it. */
async function serving(
  store: string,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const handler = handlerOf({ store, host: "127.0.0.1" });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    handler,
  );
  try {
    await use(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

/** Sends a request as it is: `fetch` would tidy up its path. */
async function raw(
  url: string,
  path: string,
  { method = "GET", host = "127.0.0.1" } = {},
): Promise<{ status: number; text: string }> {
  using connection = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(new URL(url).port),
  });
  await connection.write(
    new TextEncoder().encode(
      `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    ),
  );
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65536);
  for (;;) {
    const length = await connection.read(buffer).catch(() => null);
    if (length === null) break;
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
  return { status: Number(text.split(" ")[1]), text };
}

// The table.

Deno.test("what the runner keeps is a row, the newest first", async () => {
  const store = tempDir();
  await run("3b", "3c", "--store", store, "--", "--strategy", "flood");
  const [second, first] = await runsOf(store)();
  assert(first && second);
  const { path, when, durationMs: _, hasPage: __, ...known } = first;
  assertMatch(path, /^3b\/\d{8}T\d{6}\.\d{3}Z$/);
  assertEquals(path.slice(3), when.replaceAll(/[-:]/g, ""));
  assertEquals({ ...known, msgsPerOp: Math.round(known.msgsPerOp!) }, {
    run: "3b",
    verdict: "valid",
    reason: undefined,
    workload: "broadcast",
    ops: known.ops,
    msgsPerOp: 3,
    medianMs: known.medianMs,
    maxMs: known.maxMs,
    over: [],
    engine: "sim",
    seed: 1,
    node: "--strategy flood",
    options: known.options,
  });
  assertEquals(
    known.options?.split(" --").toSorted(),
    ["--node-count 5", "rate 10", "time-limit 20"],
  );
  assert(known.ops! > 100 && known.maxMs! >= known.medianMs!);
  assertEquals([second.run, second.verdict], ["3c", "invalid"]);
});

Deno.test("a run over a limit says which", async () => {
  const store = tempDir();
  await keep(store, "3d", { args: ["--strategy", "flood"] });
  const [row] = some(await runsOf(store)());
  assertEquals(
    [row.verdict, row.over, row.durationMs, row.hasPage],
    ["over limit", ["median", "max"], 1234, true],
  );
  assertMatch(
    row.reason!,
    /^median is \d+ ms, and has to be below 400 ms; max is \d+ ms, and has to be below 600 ms$/,
  );
});

Deno.test("a run in progress says how far it is, and then what came of it", async () => {
  const store = tempDir();
  const path = `echo/${time}`;
  const readRuns = runsOf(store);
  const row = async () => some(await readRuns())[0];
  await keepFiles(store, path, { "run.json": about });
  assertEquals(
    [(await row()).verdict, (await row()).node, (await row()).options],
    // A rate of 5 is the default.
    ["in progress", "./my-node.py --fast", "--latency 100"],
  );
  await keepFiles(store, path, {
    "progress.json": { phase: "main", seconds: 3.25, ops: 12 },
  });
  const { verdict, reason, ops, engine, hasPage } = await row();
  assertEquals(
    { verdict, reason, ops, engine, hasPage },
    {
      verdict: "in progress",
      reason: "main, 3.3 s",
      ops: 12,
      engine: "stdio",
      hasPage: false,
    },
  );
  await keepFiles(store, path, { "progress.json": `{"phase": "ma` });
  assertEquals((await row()).verdict, "in progress", "half written");

  await Deno.remove(`${store}/${path}/progress.json`);
  await keepFiles(store, path, {
    "results.json": { "valid?": true, stats: { count: 15 } },
    "record.json": {
      ...about,
      pass: true,
      "wall-ms": 4000,
      options: { workload: "echo", rate: 5 },
    },
  });
  assertEquals(
    await row().then(({ verdict, workload, ops, durationMs, hasPage }) => [
      ...[verdict, workload, ops, durationMs, hasPage],
    ]),
    ["valid", "echo", 15, 4000, false],
  );
  await keepFiles(store, path, { "index.html": "<h1>3c</h1>" });
  assertEquals((await row()).hasPage, true);
});

Deno.test("a run that wrote nothing for 15 s, and has no verdict, was interrupted", async () => {
  const store = tempDir();
  await keepFiles(store, `echo/${time}`, {
    "run.json": about,
    "progress.json": { phase: "main", seconds: 3, ops: 12 },
  });
  await age(store, `echo/${time}`, 14);
  assertEquals((await runsOf(store)())[0]?.verdict, "in progress");
  await age(store, `echo/${time}`, 16);
  assertEquals((await runsOf(store)())[0]?.verdict, "interrupted");
});

Deno.test("what Maelstrom itself has kept isn't taken for an interrupted run", async () => {
  const store = tempDir();
  await keepFiles(store, `echo/${time}`, { "test.jepsen": "" });
  const [row] = some(await runsOf(store)());
  assertEquals(
    [row.verdict, row.reason],
    ["unreadable", "a folder of Maelstrom's own"],
  );
});

Deno.test("a run by a crashed judge says so, and an older one has no record", async () => {
  const store = tempDir();
  const results = { "valid?": "unknown" };
  const files = { "run.json": about, "results.json": results };
  await keepFiles(store, "echo/20250101T000000.000Z", files);
  await keepFiles(store, "echo/20250102T000000.000Z-2", {
    ...files,
    "record.json": { pass: false, crashed: true, reason: "n1 ended" },
  });
  assertEquals(
    (await runsOf(store)()).map(({ verdict, reason, when }) => [
      ...[verdict, reason, when],
    ]),
    [
      ["crashed", "n1 ended", "2025-01-02T00:00:00.000Z"],
      ["unknown", undefined, "2025-01-01T00:00:00.000Z"],
    ],
  );
});

Deno.test("whatever a run's files say, its row is there, and so are the others", async () => {
  const store = tempDir();
  const good = "echo/20250101T000000.000Z";
  await keepFiles(store, good, {
    "run.json": about,
    "results.json": { "valid?": true },
  });
  const content = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({
      workload: fc.anything(),
      options: fc.anything(),
      args: fc.anything(),
      limits: fc.anything(),
      stats: fc.anything(),
      net: fc.record({ servers: fc.anything() }),
      workload_: fc.anything(),
      "valid?": fc.anything(),
      pass: fc.anything(),
      reason: fc.anything(),
    }, { requiredKeys: [] }).map((value) => JSON.stringify(value, bigints)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.constantFrom("run", "results", "record", "progress"),
        content,
      ),
      async (files) => {
        const path = `broken/${time}`;
        await keepFiles(
          store,
          path,
          Object.fromEntries(
            Object.entries(files).map(([name, text]) => [`${name}.json`, text]),
          ),
        );
        const rows = await runsOf(store)();
        assertEquals(
          rows.map(({ path, verdict }) => path === good ? verdict : path),
          [path, "valid"],
        );
        JSON.stringify(rows);
        await Deno.remove(`${store}/broken`, { recursive: true });
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

function bigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

for (
  const [name, content, reason] of [
    ["results.json", `{"valid?": tr`, "results.json isn't JSON."],
    ["results.json", "[]", "results.json isn't a JSON object."],
    ["run.json", "", "run.json isn't JSON."],
    ["record.json", "null", "record.json isn't a JSON object."],
  ] as const
) {
  Deno.test(`a row says that ${reason} (${content || "empty"})`, async () => {
    const store = tempDir();
    await keepFiles(store, `echo/${time}`, {
      "run.json": about,
      "results.json": { "valid?": true },
      [name]: content,
    });
    const [row] = some(await runsOf(store)());
    assertEquals([row.verdict, row.reason], ["unreadable", reason]);
  });
}

Deno.test("files that are links, and folders that aren't runs, are left alone", async () => {
  const store = tempDir();
  const secret = `${tempDir()}/secret.json`;
  await Deno.writeTextFile(secret, `{"workload": "secret"}`);
  await Deno.mkdir(`${store}/echo/${time}`, { recursive: true });
  await Deno.symlink(secret, `${store}/echo/${time}/run.json`);
  await Deno.symlink(time, `${store}/echo/latest`);
  await Deno.mkdir(`${store}/echo/notes`);
  await Deno.writeTextFile(`${store}/notes.txt`, "");
  const rows = await runsOf(store)();
  assertEquals(
    rows.map(({ path, reason }) => [path, reason]),
    [[`echo/${time}`, "run.json isn't a file."]],
  );
});

Deno.test("a store of 1,000 runs is read, and what has ended only once", async () => {
  const store = tempDir();
  for (let i = 0; i < 1000; i++) {
    const path = `3c/20260101T000000.${String(i).padStart(3, "0")}Z`;
    await keepFiles(store, path, {
      "run.json": about,
      "results.json": { "valid?": true, stats: { count: i } },
      "record.json": { ...about, pass: true, "wall-ms": 5 },
    });
    await age(store, path, 60);
  }
  const readRuns = runsOf(store);
  const { readTextFile } = Deno;
  let filesRead = 0;
  Deno.readTextFile = (...args) => (filesRead++, readTextFile(...args));
  try {
    assertEquals((await readRuns()).length, 1000);
    assertEquals(filesRead, 3000);
    assertEquals((await readRuns()).length, 1000);
    assertEquals(filesRead, 3000);
  } finally {
    Deno.readTextFile = readTextFile;
  }
});

const rows: Row[] = [
  ["3c/1", "3c", "valid", 100, "2026-01-01"],
  ["10/2", "10", "invalid", undefined, "2026-01-02"],
  ["3c/3", "3c", "in progress", 20, "2026-01-03"],
].map(([path, run, verdict, ops, when]) => (
  { path, run, verdict, ops, when, hasPage: true } as Row
));

for (
  const [key, descending, expected] of [
    ["when", true, ["3c/3", "10/2", "3c/1"]],
    ["when", false, ["3c/1", "10/2", "3c/3"]],
    // Of equals the newest first; 10 is more than 3; what isn't known is last.
    ["run", false, ["3c/3", "3c/1", "10/2"]],
    ["run", true, ["10/2", "3c/3", "3c/1"]],
    ["ops", true, ["3c/1", "3c/3", "10/2"]],
    ["ops", false, ["3c/3", "3c/1", "10/2"]],
    ["verdict", false, ["3c/3", "10/2", "3c/1"]],
  ] as const
) {
  Deno.test(`rows ${descending ? "descend" : "ascend"} by ${key}`, () => {
    assertEquals(
      ordered(rows, { key, descending }).map(({ path }) => path),
      [...expected],
    );
  });
}

Deno.test("a row is found by all words at once, whatever their case, and by verdict", () => {
  const row: Row = {
    path: `3d/${time}`,
    run: "3d",
    verdict: "over limit",
    reason: "Median is 460",
    workload: "broadcast",
    node: "./solutions/broadcast.py --strategy flood",
    options: "--rate 100 --nemesis partition",
    seed: 7,
    when: "",
    hasPage: true,
  };
  for (
    const [words, verdict, found] of [
      ["", "", true],
      ["3d", "", true],
      ["FLOOD broad", "", true],
      ["flood kafka", "", false],
      ["seed 7", "", true],
      ["broadcast.py --rate 100", "", true],
      ["nemesis partition", "", true],
      ["median", "over limit", true],
      ["", "valid", false],
    ] as const
  ) {
    assertEquals(matches(row, words, verdict), found, `${words} ${verdict}`);
  }
});

// The server.

Deno.test("the browser is told only what has changed", async () => {
  const store = tempDir();
  await keepFiles(store, `echo/${time}`, {
    "run.json": about,
    "results.json": { "valid?": true },
  });
  await serving(store, async (url) => {
    const first = await fetch(`${url}/runs.json`);
    assertEquals((await first.json()).length, 1);
    const headers = { "if-none-match": first.headers.get("etag")! };
    const second = await fetch(`${url}/runs.json`, { headers });
    assertEquals([second.status, await second.text()], [304, ""]);
    await keepFiles(store, `echo/${time}-2`, { "run.json": about });
    const third = await fetch(`${url}/runs.json`, { headers });
    assertEquals((await third.json()).length, 2);
  });
});

Deno.test("a run's page and its files are served, each as what it is", async () => {
  const store = tempDir();
  const path = `echo/${time}`;
  await keepFiles(store, path, {
    "index.html": "<h1>the page</h1>",
    "run.json": about,
    "history.jsonl": "{}\n",
    "maelstrom.log": "INFO",
    "latency raw.png": "png",
    "plot.svg": "<svg/>",
    "results.edn": "{}",
    "test.jepsen": "jepsen",
    "app.js": "alert(1)",
  });
  await Deno.symlink(path, `${store}/latest`);
  await serving(store, async (url) => {
    for (
      const [name, type] of [
        ["", "text/html; charset=utf-8"],
        ["index.html", "text/html; charset=utf-8"],
        ["run.json", "application/json"],
        ["history.jsonl", "text/plain; charset=utf-8"],
        ["maelstrom.log", "text/plain; charset=utf-8"],
        ["latency%20raw.png", "image/png"],
        ["plot.svg", "image/svg+xml"],
        ["results.edn", "text/plain; charset=utf-8"],
        ["test.jepsen", "application/octet-stream"],
        ["app.js", "application/octet-stream"],
      ]
    ) {
      const response = await fetch(`${url}/run/${path}/${name}`);
      assertEquals(response.status, 200, name);
      assertEquals(response.headers.get("content-type"), type);
      assertEquals(response.headers.get("x-content-type-options"), "nosniff");
      assertEquals(response.headers.get("cache-control"), "no-store");
      assertMatch(
        response.headers.get("content-security-policy")!,
        /^sandbox allow-scripts.*default-src 'none'/,
      );
      assert((await response.bytes()).length > 0);
    }
    const latest = await fetch(`${url}/run/latest/`);
    assertEquals(await latest.text(), "<h1>the page</h1>");
    const files = await fetch(`${url}/run/${path}/?files`);
    assertMatch(await files.text(), /index\.html.*maelstrom\.log/s);
  });
});

Deno.test("folders without a page are lists", async () => {
  const store = tempDir();
  await keepFiles(store, `echo/${time}/node-logs`, { "n0 <b>.log": "hello" });
  await serving(store, async (url) => {
    const redirected = await fetch(`${url}/run/echo/${time}/node-logs`);
    assertEquals(redirected.url, `${url}/run/echo/${time}/node-logs/`);
    const html = await redirected.text();
    assertStringIncludes(
      html,
      `<a href="./n0%20%3Cb%3E.log">n0 &#60;b&#62;.log</a></td><td class="number">5 bytes`,
    );
    const log = await fetch(new URL("./n0%20%3Cb%3E.log", redirected.url));
    assertEquals(await log.text(), "hello");
    assertStringIncludes(
      await (await fetch(`${url}/run/`)).text(),
      `<a href="./echo/">echo/</a>`,
    );
  });
});

Deno.test("a large file comes whole", async () => {
  const store = tempDir();
  const size = 30_000_000;
  await keepFiles(store, `echo/${time}`, { "history.jsonl": "x".repeat(size) });
  await serving(store, async (url) => {
    const response = await fetch(`${url}/run/echo/${time}/history.jsonl`);
    let length = 0;
    for await (const chunk of response.body!) length += chunk.length;
    assertEquals(length, size);
  });
});

Deno.test("HEAD gives the headers alone; no other method is known", async () => {
  const store = tempDir();
  await keepFiles(store, `echo/${time}`, { "run.json": about });
  await serving(store, async (url) => {
    for (const path of ["/", "/runs.json", `/run/echo/${time}/run.json`]) {
      const { status, text } = await raw(url, path, { method: "HEAD" });
      assertEquals(status, 200);
      assertEquals(text.split("\r\n\r\n")[1], "", path);
    }
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const response = await fetch(url, { method });
      assertEquals(
        [response.status, response.headers.get("allow")],
        [405, "GET, HEAD"],
      );
      assertStringIncludes(await response.text(), "This page is read-only");
    }
  });
});

Deno.test("what isn't there is told in words", async () => {
  await serving(tempDir(), async (url) => {
    for (
      const path of [
        "/no",
        "/run",
        "/run/3d/",
        "/runs.json/",
        "/lib/mod.ts",
        "/lib/runner/serve/handler.ts",
        "/lib/",
      ]
    ) {
      const response = await fetch(url + path);
      assertEquals(response.status, 404, path);
      assertStringIncludes(await response.text(), "There is no such page");
    }
  });
});

Deno.test("nothing outside the store is served, whatever the path says", async () => {
  const outside = tempDir();
  const store = `${outside}/store`;
  const secret = "the secret that lies beside the store";
  await Deno.mkdir(`${outside}/store-2`);
  for (const path of ["secret.txt", "index.html", "store-2/secret.txt"]) {
    await Deno.writeTextFile(`${outside}/${path}`, secret);
  }
  await keepFiles(store, `echo/${time}`, { "run.json": about });
  await Deno.symlink(outside, `${store}/out`);
  await Deno.symlink("../secret.txt", `${store}/secret`);
  await Deno.symlink("../../../store-2", `${store}/echo/${time}/maelstrom`);
  const part = fc.oneof(
    fc.constantFrom(
      ...["..", ".", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "%c0%ae%c0%ae"],
      ...["/", "//", "%2f", "%2F", "\\", "%5c", "%5C", "%255c", "%00", "%"],
      ...["../", "/..", "..%2f", "..%5c", "..\\", "/../", "/%2e%2e/"],
      ...["secret.txt", "secret", "out", "store", "store-2", "echo", time],
      ...["latest", "maelstrom", "etc/passwd", "index.html", "run.json"],
      ...[outside, encodeURIComponent(outside), "file://", "C:", "?", ";"],
    ),
    fc.webPath(),
  );
  await serving(store, async (url) => {
    const inside = await fetch(`${url}/run/echo/${time}/run.json`);
    assertStringIncludes(await inside.text(), "--fast");
    const check = async (path: string) => {
      const { status, text } = await raw(url, path);
      assert(!text.includes(secret) && !text.includes("root:"), path);
      assert([200, 304, 308, 400, 404].includes(status), `${status} ${path}`);
      return status;
    };
    for (
      const path of [
        "out/",
        "out/secret.txt",
        "secret",
        `echo/${time}/maelstrom/`,
        `echo/${time}/maelstrom/secret.txt`,
        "..%2fsecret.txt",
        "%2e%2e%2fsecret.txt",
        "..%5csecret.txt",
        "secret.txt%00.html",
        "%2e%2e/%2e%2e/etc/passwd",
        encodeURIComponent(`${outside}/secret.txt`),
        `/${outside}/secret.txt`,
        "%",
      ]
    ) {
      assertEquals(await check(`/run/${path}`), 404, path);
    }
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("/run/", "/run", "/lib/", `/run/echo/${time}/`, "/"),
        fc.array(part, { maxLength: 8 }),
        async (prefix, parts) => {
          await check(prefix + parts.join(""));
          await check(prefix + parts.join("/"));
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });
});

Deno.test("a site whose name is made to mean this machine learns nothing", async () => {
  await serving(tempDir(), async (url) => {
    for (
      const host of [
        ...["localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:1"],
        ...["[::1]", "[::1]:8080", "LOCALHOST"],
      ]
    ) {
      assertEquals((await raw(url, "/", { host })).status, 200, host);
    }
    for (
      const host of [
        ...["evil.example", "evil.example:8080", "127.0.0.1.evil.example"],
        ...["localhost.evil.example", "10.0.0.1", "evil.example#localhost"],
      ]
    ) {
      const { status } = await raw(url, "/runs.json", { host });
      assert([400, 421].includes(status), `${status} ${host}`);
    }
  });
  const answer = handlerOf({ store: tempDir(), host: "0.0.0.0" });
  const request = new Request("http://my-machine/", {
    headers: { host: "my-machine" },
  });
  assertEquals(
    (await answer(request)).status,
    200,
    "it's told to listen there",
  );
});

Deno.test("two runs stand side by side, made from their pages", async () => {
  const store = tempDir();
  const naive = await keep(store, "3b", {
    args: ["--strategy", "flood"],
    when: new Date("2026-01-02"),
    code: { script: "'newer';", style: "p {}" },
  });
  const final = await keep(store, "3b", {
    when: new Date("2026-01-01"),
    code: { script: "'older';", style: "p {}" },
  });
  await serving(store, async (url) => {
    const response = await fetch(`${url}/compare?a=${naive}&b=${final}`);
    assertEquals(response.status, 200);
    assertMatch(response.headers.get("content-security-policy")!, /^sandbox/);
    const html = await response.text();
    const data = await Promise.all(
      Array.from(
        html.matchAll(/class="data">([^<]*)</g),
        ([, packed = ""]) => decode(packed),
      ),
    );
    assertEquals(
      data.map(({ record }) => record.args?.join(" ")),
      ["--strategy flood", undefined],
    );
    assertStringIncludes(html, "'newer';</script>");
  });
});

Deno.test("what can't be compared is told in words", async () => {
  const store = tempDir();
  const good = await keep(store, "1");
  await keepFiles(store, `echo/${time}`, { "run.json": about });
  await keepFiles(store, `other/${time}`, {
    "index.html":
      `<script type="application/octet-stream" class="data">AAAA</script><style>p</style><script type="module">0</script>`,
  });
  await serving(store, async (url) => {
    for (
      const [query, words] of [
        ["", "Choose two runs"],
        [`?a=${good}`, "Choose two runs"],
        [`?a=${good}&b=echo/${time}`, "has no page"],
        [`?a=${good}&b=../../etc`, "has no page"],
        [`?a=${good}&b=%00`, "has no page"],
        [`?a=other/${time}&b=${good}`, "Judge the run again"],
      ] as const
    ) {
      const response = await fetch(`${url}/compare${query}`);
      assertEquals(response.status, 400, query);
      assertStringIncludes(await response.text(), words);
    }
  });
});

// The command.

/** Starts `serve` with the permissions that its task gives it. */
function serveCommand(...args: string[]) {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", ...importFlags()],
      ...["--allow-read", "--allow-net", "run.ts", "serve", ...args],
    ],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

Deno.test("serve says where, listens to this machine alone, and Ctrl-C ends it with 0", async () => {
  const store = tempDir();
  const process = serveCommand("--store", store, "--port", "0").spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream())
    .getReader();
  const { value: line = "" } = await lines.read();
  const [, said, url = ""] = /^Serving (\S+) on (\S+) \(Ctrl-C ends it\)\n$/
    .exec(line)!;
  assertEquals(said, store);
  assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  assertEquals(await (await fetch(`${url}runs.json`)).json(), []);
  const script = await fetch(`${url}lib/runner/serve/client/main.ts`);
  assertMatch(script.headers.get("content-type")!, /^text\/javascript/);
  await script.body?.cancel();
  process.kill("SIGINT");
  assertEquals((await process.status).code, 0);
  assertEquals(await new Response(process.stderr).text(), "");
  await lines.cancel();
});

Deno.test("a port in use is told, with what to do", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const { code, stderr } = await serveCommand("--port", String(port)).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals(code, 255);
  assertMatch(text, /^Port \d+ of 127\.0\.0\.1 is in use: .* --port /);
  assertEquals(text.trimEnd().split("\n").length, 1);
});

for (
  const [words, message] of [
    ["--port 65536", "--port must be an integer from 0 to 65535"],
    ["--port http", `not "http"`],
    ["--port", "--port needs a value"],
    ["--host", "--host needs a value"],
    // Of RFC 5737: nobody's.
    ["--host 192.0.2.1", "--host must be an address of this machine"],
    ["--store README.md", "--store README.md isn't a folder"],
    ...(Deno.build.os === "linux"
      ? [[
        "--store /proc",
        "can't be read: Deno keeps programs out of there",
      ]] as const
      : []),
  ] as const
) {
  Deno.test(`bad arguments exit with 254: serve ${words}`, async () => {
    const { code, stdout, stderr } = await runIn(
      { flags: ["--allow-net"] },
      ...["serve", ...words.split(" ")],
    );
    assertEquals([code, stdout], [254, ""]);
    assertStringIncludes(stderr, message);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  });
}

Deno.test("a folder may have any name that the system takes", async () => {
  const store = tempDir();
  const names = ["two words", "50%", "%zz", "what?", "#1", "a&b=c", "a+b"];
  names.push("ünï \u{1F600}", `q"uote'`, "<b>", ";", "%2e%2e", "..a", "~");
  if (Deno.build.os !== "windows") names.push("back\\slash", "new\nline");
  for (const name of names) {
    await keepFiles(store, `${name}/20261123T092403.847Z`, {
      "results.json": { "valid?": true },
      "index.html": `the page of ${name}`,
    });
  }
  await serving(store, async (url) => {
    const rows: { path: string }[] = await (await fetch(`${url}/runs.json`))
      .json();
    assertEquals(
      rows.map(({ path }) => path.split("/")[0]).sort(),
      names.toSorted(),
    );
    for (const { path } of rows) {
      for (const end of ["", "/"]) {
        const page = await fetch(`${url}/run/${escapedPath(path)}${end}`);
        assertEquals(await page.text(), `the page of ${path.split("/")[0]}`);
      }
      const files = await fetch(`${url}/run/${escapedPath(path)}/?files`);
      assertStringIncludes(await files.text(), `href="./results.json"`);
    }
    const list = await (await fetch(`${url}/run/?files`)).text();
    const links = [...list.matchAll(/href="\.\/([^"]+)"/g)]
      .map(([, link = ""]) =>
        link.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(code))
      );
    assertEquals(links.length, names.length);
    for (const link of links) {
      const { status, body } = await fetch(`${url}/run/${link}`);
      await body?.cancel();
      assertEquals([link, status], [link, 200]);
    }
  });
});

Deno.test("an address that can't be is a bad request, and not a failure", async () => {
  await serving(tempDir(), async (url) => {
    for (
      const [path, host, status] of [
        ["/", "localhost:99999", 400],
        ["/", "127.999.0.1", 400],
        ["http://[/", "localhost", 400],
        ["/", "[", 421],
        ["/", "two words", 421],
        ["/", "", 421],
        ["/", "%zz", 421],
      ] as const
    ) {
      const response = await raw(url, path, { host });
      assertEquals([path, host, response.status], [path, host, status]);
    }
  });
});

Deno.test("the browser gets all that the table's script imports", async () => {
  const seen = new Set<string>();
  const follow = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const response = await serveAsset(path);
    const code = await response.text();
    for (const [, target = ""] of code.matchAll(/\bfrom\s+"([^"]+)"/g)) {
      assert(target.startsWith("."), `${path} imports ${target}`);
      const { pathname } = new URL(target, `file:///${path}`);
      await follow(pathname.slice(1));
    }
  };
  await follow("runner/serve/client/main.ts");
  assert(seen.has("report/format.ts"));
});

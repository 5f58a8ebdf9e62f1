import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  install,
  type InstallProgress,
  type Release,
  release,
} from "../../lib/maelstrom/install.ts";
import { findProgram } from "../../lib/maelstrom/machine.ts";
import { Unavailable } from "../../lib/maelstrom/mod.ts";
import { importFlags } from "../../lib/runner/project.ts";
import { patienceMs, root } from "../cli.ts";
import { fakeHome, script } from "./machine.ts";
import { tempDir, tempFile } from "../temp.ts";

// Made by: tar -cjf maelstrom.tar.bz2 maelstrom
const archive = await Deno.readFile(`${root}tests/fixtures/maelstrom.tar.bz2`);
const launcher = await Deno.readTextFile(`${fakeHome}/maelstrom`);

const sha256 = Array.from(
  new Uint8Array(await crypto.subtle.digest("SHA-256", archive)),
  (byte) => byte.toString(16).padStart(2, "0"),
).join("");

/** Serves on loopback while `use` runs, which gets the archive's release. */
async function serving(
  handler: Deno.ServeHandler,
  use: (release: Release) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
    signal: controller.signal,
  }, handler);
  try {
    const url = `http://127.0.0.1:${server.addr.port}/maelstrom.tar.bz2`;
    await use({ version: "0.2.4", url, sha256 });
  } finally {
    controller.abort();
    await server.finished;
  }
}

const whole = () => new Response(archive);

/** An answer whose body is sent chunk by chunk, with pauses. */
function inPieces(
  chunks: Uint8Array[],
  { pauseMs = 0, thenFail = false, thenHang = false } = {},
): Response {
  const rest = [...chunks];
  return new Response(
    new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        const chunk = rest.shift();
        if (chunk) controller.enqueue(chunk);
        else if (thenFail) controller.error(new Error("cut off"));
        else if (!thenHang) controller.close();
        else await new Promise(() => {});
      },
    }),
    { headers: thenFail ? {} : { "content-length": `${archive.length}` } },
  );
}

/** A user with an empty home and an empty PATH. */
function newUser() {
  const home = tempDir();
  const cache = `${home}/.cache/call-me-maybe`;
  return { env: { HOME: home, PATH: "" }, cache };
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder)).catch(() => []))
    .map(({ name }) => name);
}

Deno.test("what is downloaded is the release that the challenges name", () => {
  assertEquals(release, {
    version: "0.2.4",
    url:
      "https://github.com/jepsen-io/maelstrom/releases/download/v0.2.4/maelstrom.tar.bz2",
    sha256: "301ec71d6b12af0d765edb413f5cf5aa1046b5609bd4e31376a0b549548e5799",
  });
});

Deno.test("MAELSTROM_HOME names an installation", async () => {
  const { env } = newUser();
  assertEquals(
    await install({ env: { ...env, MAELSTROM_HOME: fakeHome } }),
    `${fakeHome}/maelstrom`,
  );
});

Deno.test("a MAELSTROM_HOME without Maelstrom in it is a mistake", async () => {
  const { env, cache } = newUser();
  await assertRejects(
    () => install({ env: { ...env, MAELSTROM_HOME: env.HOME } }),
    Unavailable,
    `MAELSTROM_HOME is ${env.HOME}, and there is no program maelstrom in it`,
  );
  assertEquals(await names(cache), []);
});

Deno.test("a maelstrom on the PATH is used as it is", async () => {
  const { env } = newUser();
  const path = await script(`${env.HOME}/maelstrom`, "exit 0");
  assertEquals(await install({ env: { ...env, PATH: env.HOME } }), path);
});

Deno.test("Maelstrom is downloaded once, unpacked, and can be executed", async () => {
  const { env, cache } = newUser();
  let asked = 0;
  await serving(() => (asked++, whole()), async (release) => {
    const path = await install({ env, release });
    assertEquals(path, `${cache}/maelstrom-0.2.4/maelstrom`);
    assertEquals(await Deno.readTextFile(path), launcher);
    assertEquals((await Deno.stat(path)).mode! & 0o111, 0o111);
    assert((await Deno.stat(`${path}/../lib/maelstrom.jar`)).isFile);
    assertEquals(await names(cache), ["maelstrom-0.2.4"]);
    assertEquals(await install({ env, release }), path);
  });
  assertEquals(asked, 1);
});

Deno.test("the cache is where XDG_CACHE_HOME says, if that is absolute", async () => {
  const { env, cache } = newUser();
  await serving(whole, async (release) => {
    const other = tempDir();
    assertEquals(
      await install({ env: { ...env, XDG_CACHE_HOME: other }, release }),
      `${other}/call-me-maybe/maelstrom-0.2.4/maelstrom`,
    );
    assertEquals(
      await install({ env: { ...env, XDG_CACHE_HOME: "relative" }, release }),
      `${cache}/maelstrom-0.2.4/maelstrom`,
    );
  });
});

Deno.test("without a home there's nowhere to install", async () => {
  await assertRejects(
    () => install({ env: {} }),
    Unavailable,
    "neither HOME nor XDG_CACHE_HOME is set",
  );
});

Deno.test("a slow server is waited for, and its progress told", async () => {
  const { env } = newUser();
  // As a whole it takes longer than the server may be silent.
  const part = Math.ceil(archive.length / 6);
  const chunks = [0, 1, 2, 3, 4, 5].map((i) =>
    archive.slice(i * part, (i + 1) * part)
  );
  const told: InstallProgress[] = [];
  await serving(() => inPieces(chunks, { pauseMs: 450 }), async (release) => {
    await install({
      env,
      release,
      silenceTimeoutMs: 2500,
      onProgress: (progress) => told.push(progress),
    });
  });
  const downloads = told.filter(({ phase }) => phase === "download");
  assert(downloads.length >= 6, `${downloads.length}`);
  assertEquals(downloads.at(-1)!.doneBytes, archive.length);
  const unpacking = told.at(-1)!;
  assertEquals(
    [unpacking.phase, unpacking.doneBytes, unpacking.totalBytes],
    ["unpack", archive.length, archive.length],
  );
});

Deno.test("redirects are followed", async () => {
  const { env } = newUser();
  await serving(
    ({ url }) =>
      url.endsWith("/elsewhere")
        ? whole()
        : Response.redirect(new URL("/elsewhere", url)),
    async (release) => {
      assert((await install({ env, release })).endsWith("/maelstrom"));
    },
  );
});

const failures: [
  what: string,
  answer: () => Response | Promise<Response>,
  problem: RegExp,
][] = [
  [
    "a server that answers 404",
    () => new Response("no", { status: 404, statusText: "Not Found" }),
    /\/maelstrom\.tar\.bz2 answered 404 Not Found$/,
  ],
  [
    "a server that redirects for ever",
    () => new Response(null, { status: 302, headers: { location: "/" } }),
    /can't be downloaded: .*redirect/,
  ],
  [
    "a server that cuts off in the middle",
    () => inPieces([archive.slice(0, 1000)], { thenFail: true }),
    /can't be downloaded: /,
  ],
  [
    "a server that sends too little",
    () => new Response(archive.slice(0, 1000)),
    /isn't Maelstrom 0\.2\.4: its SHA-256 is [0-9a-f]{64} instead of /,
  ],
  [
    "a server that sends the wrong bytes",
    () => new Response("<html>Please log in</html>"),
    /isn't Maelstrom 0\.2\.4/,
  ],
  [
    "a server that doesn't answer",
    () => new Promise(() => {}),
    /doesn't answer within 0\.3 seconds$/,
  ],
  [
    "a server that stops in the middle",
    () => inPieces([archive.slice(0, 1000)], { thenHang: true }),
    /has sent nothing for 0\.3 seconds$/,
  ],
];

for (const [what, answer, problem] of failures) {
  Deno.test(`${what} leaves nothing, and the error tells another way`, async () => {
    const { env, cache } = newUser();
    await serving(answer, async (release) => {
      const error = await assertRejects(
        () =>
          install({
            env,
            release,
            // Too short for other answers to come in time on a busy machine.
            answerTimeoutMs: problem.source.includes("answer")
              ? 300
              : patienceMs,
            silenceTimeoutMs: problem.source.includes("sent nothing")
              ? 300
              : patienceMs,
          }),
        Unavailable,
      );
      assert(problem.test(error.problem), error.problem);
      assert(!error.problem.includes("\n"), error.problem);
      assert(error.remedy.includes(`download ${release.url} elsewhere`));
      assert(error.remedy.includes("MAELSTROM_HOME"));
      assertEquals(await names(cache), []);
    });
  });
}

Deno.test("no server at all leaves nothing", async () => {
  const { env, cache } = newUser();
  let closed!: Release;
  await serving(whole, (release) => Promise.resolve(void (closed = release)));
  await assertRejects(
    () => install({ env, release: closed }),
    Unavailable,
    "can't be downloaded",
  );
  assertEquals(await names(cache), []);
});

Deno.test("an archive without Maelstrom in it isn't installed", async () => {
  const { env, cache } = newUser();
  const notBzip2 = new TextEncoder().encode("not an archive");
  const digest = await crypto.subtle.digest("SHA-256", notBzip2);
  await serving(() => new Response(notBzip2), async (release) => {
    await assertRejects(
      () =>
        install({
          env,
          release: { ...release, sha256: new Uint8Array(digest).toHex() },
        }),
      Unavailable,
    );
  });
  assertEquals(await names(cache), []);
});

Deno.test("interrupting a download leaves nothing", async () => {
  const { env, cache } = newUser();
  const controller = new AbortController();
  await serving(
    () => inPieces([archive.slice(0, 1000)], { thenHang: true }),
    async (release) => {
      await assertRejects(
        () =>
          install({
            env,
            release,
            signal: controller.signal,
            onProgress: () => controller.abort(new Error("interrupted")),
          }),
        Error,
        "interrupted",
      );
    },
  );
  assertEquals(await names(cache), []);
});

Deno.test("two who install at once both get it", async () => {
  const { env, cache } = newUser();
  let asked = 0;
  const both = Promise.withResolvers<void>();
  await serving(async () => {
    if (++asked === 2) both.resolve();
    await both.promise;
    return whole();
  }, async (release) => {
    const [one, other] = await Promise.all([
      install({ env, release }),
      install({ env, release }),
    ]);
    assertEquals(one, other);
    assertEquals(await Deno.readTextFile(one), launcher);
  });
  assertEquals(await names(cache), ["maelstrom-0.2.4"]);
});

Deno.test("what a killed installation left is thrown away after a day", async () => {
  const { env, cache } = newUser();
  for (const [name, ageHours] of [["old", 25], ["new", 1]] as const) {
    const folder = `${cache}/.unfinished-${name}`;
    await Deno.mkdir(folder, { recursive: true });
    const then = Date.now() / 1000 - ageHours * 3600;
    await Deno.utime(folder, then, then);
  }
  await serving(whole, async (release) => {
    await install({ env, release });
  });
  assertEquals((await names(cache)).sort(), [
    ".unfinished-new",
    "maelstrom-0.2.4",
  ]);
});

// A process that may not write longer files than that gets the same kind of
// error as from a full disk, and at the same places. Linux has a command for it.
const canLimit = findProgram("prlimit", Deno.env.toObject()) !== undefined;

for (const [what, bytes] of [["downloading", 1000], ["unpacking", 3000]]) {
  Deno.test({
    name: `a disk that is full while ${what} leaves nothing`,
    ignore: !canLimit,
    async fn() {
      const { env, cache } = newUser();
      await serving(whole, async (release) => {
        const { stdout, stderr } = await new Deno.Command("sh", {
          args: [
            "-c",
            // Otherwise a signal would end it before the error is seen.
            `trap '' XFSZ; exec "$@"`,
            "sh",
            Deno.execPath(),
            "run",
            "--quiet",
            ...importFlags(),
            "--allow-read",
            "--allow-write",
            "--allow-env",
            "--allow-run=prlimit",
            "--allow-net=127.0.0.1",
            "tests/fixtures/install_limited.ts",
            JSON.stringify(env),
            JSON.stringify(release),
            String(bytes),
          ],
          cwd: root,
        }).output();
        const said = new TextDecoder().decode(stdout) +
          new TextDecoder().decode(stderr);
        assert(
          said.startsWith(
            `Unavailable Maelstrom can't be installed in ${cache}: `,
          ),
          said,
        );
        assert(/too large/i.test(said), said);
        assert(said.includes("Make room there"), said);
      });
      assertEquals(await names(cache), []);
    },
  });
}

Deno.test("a cache that can't be written to says so", async () => {
  const file = tempFile();
  await serving(whole, async (release) => {
    const env = { XDG_CACHE_HOME: file, PATH: "" };
    await assertRejects(
      () => install({ env, release }),
      Unavailable,
      `Maelstrom can't be installed in ${file}/call-me-maybe: `,
    );
  });
});

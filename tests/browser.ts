/**
 * A real browser for tests: Chromium, spoken to in its own protocol
 * (https://chromedevtools.github.io/devtools-protocol/), which takes no more
 * permission than to run it and to reach 127.0.0.1.
 */

import { patienceMs } from "./cli.ts";
import { tempDir } from "./temp.ts";

/** The path of Chromium, or Chrome; `undefined` if there is none. */
export const chromium: string | undefined = [
  Deno.env.get("CHROMIUM"),
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path && isFile(path));

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--remote-debugging-port=0",
];

/** A tab of the browser. */
export interface Tab {
  /** Errors and warnings of the page, in words. */
  complaints: string[];
  /** The addresses of all that the page asked for, itself included. */
  requests: string[];
  goto(url: string): Promise<void>;
  /**
   * Returns the value of an expression in the page, as JSON; promises are
   * awaited.
   */
  evaluate<Result>(expression: string): Promise<Result>;
  /** Waits until an expression is true in the page. */
  until(expression: string): Promise<void>;
  /** Moves the mouse to a point of the window, presses its button, … */
  mouse(
    type: "mouseMoved" | "mousePressed" | "mouseReleased",
    x: number,
    y: number,
    settings?: { pressed?: boolean },
  ): Promise<void>;
  /** Presses a key, such as `"ArrowDown"`. */
  key(key: string): Promise<void>;
  /** The page as a PDF, on A4. */
  pdf(): Promise<Uint8Array>;
  /**
   * Returns a picture of the window, as PNG; of all of the page, if that is
   * asked for.
   */
  screenshot(settings?: { whole?: boolean }): Promise<Uint8Array>;
}

/** Opens a tab of so many pixels, hands it over, and ends the browser. */
export async function withTab(
  { width = 1280, height = 900, dark = false, forced = false }: {
    width?: number;
    height?: number;
    dark?: boolean;
    /** True for a reader who has chosen all colours. */
    forced?: boolean;
  },
  use: (tab: Tab) => Promise<void>,
): Promise<void> {
  const profile = tempDir();
  const process = new Deno.Command(chromium!, {
    args: [...flags, `--user-data-dir=${profile}`, "about:blank"],
    env: { TMPDIR: profile }, // it leaves folders behind
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lines = process.stderr.pipeThrough(new TextDecoderStream());
  try {
    const connection = await connect(await addressIn(lines));
    try {
      await use(await openTab(connection, { width, height, dark, forced }));
    } finally {
      await connection.close();
    }
  } finally {
    try {
      process.kill();
    } catch {
      // It has ended by itself.
    }
    await process.status;
    await Deno.remove(profile, { recursive: true }).catch(() => {});
  }
}

/** The address that Chromium prints to stderr. The rest is read and dropped. */
async function addressIn(output: ReadableStream<string>): Promise<string> {
  const found = Promise.withResolvers<string>();
  let text = "";
  output.pipeTo(
    new WritableStream({
      write(chunk) {
        text += chunk;
        const match = text.match(/^DevTools listening on (ws:\S+)$/m);
        if (match) found.resolve(match[1]!);
      },
      close() {
        found.reject(new Error(`Chromium ended: ${text}`));
      },
    }),
  );
  return await found.promise;
}

type Fields = { [key: string]: unknown };

interface Connection {
  send(method: string, params?: Fields, sessionId?: string): Promise<Fields>;
  /** Calls back with each event. */
  onEvent(handle: (method: string, params: Fields) => void): void;
  close(): Promise<void>;
}

async function connect(address: string): Promise<Connection> {
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const pending = new Map<number, PromiseWithResolvers<Fields>>();
  let handle: (method: string, params: Fields) => void = () => {};
  socket.onmessage = ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(data);
    if (id === undefined) return handle(method, params);
    const waiting = pending.get(id);
    pending.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  };
  let lastId = 0;
  return {
    async send(method, params = {}, sessionId) {
      const id = ++lastId;
      const answer = Promise.withResolvers<Fields>();
      pending.set(id, answer);
      const timer = setTimeout(
        () => answer.reject(new Error(`${method} was never answered`)),
        patienceMs,
      );
      socket.send(JSON.stringify({ id, method, params, sessionId }));
      try {
        return await answer.promise;
      } finally {
        clearTimeout(timer);
      }
    },
    onEvent(each) {
      handle = each;
    },
    async close() {
      const closed = new Promise((resolve) => socket.onclose = resolve);
      socket.close();
      await closed;
    },
  };
}

async function openTab(
  connection: Connection,
  { width, height, dark, forced }: {
    width: number;
    height: number;
    dark: boolean;
    forced: boolean;
  },
): Promise<Tab> {
  const { targetId } = await connection.send("Target.createTarget", {
    url: "about:blank",
  });
  const { sessionId } = await connection.send("Target.attachToTarget", {
    targetId,
    flatten: true,
  });
  const send = (method: string, params?: Fields) =>
    connection.send(method, params, sessionId as string);
  const tab: Tab = {
    complaints: [],
    requests: [],
    async goto(url) {
      await send("Page.navigate", { url });
      await tab.until(
        `location.href === ${JSON.stringify(url)} && document.body !== null`,
      );
    },
    async evaluate<Result>(expression: string) {
      const { result, exceptionDetails } = await send("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
      }) as { result: { value: Result }; exceptionDetails?: unknown };
      if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
      return result.value;
    },
    async until(expression) {
      const endMs = performance.now() + patienceMs;
      while (!await tab.evaluate<boolean>(expression).catch(() => false)) {
        if (performance.now() > endMs) {
          throw new Error(
            `never came true: ${expression}. ${tab.complaints.join("\n")}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async mouse(type, x, y, { pressed = type === "mousePressed" } = {}) {
      await send("Input.dispatchMouseEvent", {
        type,
        x,
        y,
        button: type === "mouseMoved" && !pressed ? "none" : "left",
        buttons: Number(pressed),
        clickCount: type === "mouseMoved" ? 0 : 1,
      });
    },
    async key(key) {
      const text = key.length === 1 ? { text: key } : {};
      await send("Input.dispatchKeyEvent", { type: "keyDown", key, ...text });
      await send("Input.dispatchKeyEvent", { type: "keyUp", key });
    },
    async pdf() {
      const { data } = await send("Page.printToPDF", {
        paperWidth: 8.27,
        paperHeight: 11.69,
      });
      return Uint8Array.fromBase64(data as string);
    },
    async screenshot({ whole = false } = {}) {
      const { data } = await send("Page.captureScreenshot", {
        captureBeyondViewport: whole,
      });
      return Uint8Array.fromBase64(data as string);
    },
  };
  connection.onEvent((method, params) => {
    if (method === "Network.requestWillBeSent") {
      tab.requests.push((params.request as { url: string }).url);
    } else if (method === "Runtime.exceptionThrown") {
      tab.complaints.push(JSON.stringify(params.exceptionDetails));
    } else if (
      method === "Runtime.consoleAPICalled" &&
      ["error", "warning"].includes(params.type as string)
    ) {
      tab.complaints.push(JSON.stringify(params.args));
    } else if (method === "Log.entryAdded") {
      tab.complaints.push(JSON.stringify(params.entry));
    }
  });
  for (const domain of ["Page", "Runtime", "Network", "Log"]) {
    await send(`${domain}.enable`);
  }
  await send("Emulation.setDeviceMetricsOverride", {
    width,
    height,
    deviceScaleFactor: 1,
    mobile: width < 600,
  });
  await send("Emulation.setEmulatedMedia", {
    features: [
      { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
      { name: "forced-colors", value: forced ? "active" : "none" },
    ],
  });
  return tab;
}

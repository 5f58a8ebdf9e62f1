/**
 * The workshop: a program that the reader changes, judged in the browser.
 *
 * @module
 */
/// <reference lib="dom" />
import { verdictOf } from "../../../report/terminal.ts";
import { button, element } from "../../../report/web/dom.ts";
import type { Name } from "../names.ts";
import { Asking } from "./asking.ts";
import { drawRun, seedIn } from "./bench.ts";
import { editor } from "./editor.ts";
import type { Ask, Told } from "./program.ts";
import { fragmentOf, holdsProgram, sharedIn } from "./shared.ts";

/** The data of a workshop's element. */
export interface Task {
  /** Under this name the browser keeps what was written. */
  name: string;
  program: string;
  run: string;
  options: { readonly [name: string]: string | number };
  /** All runs that may judge it, with their titles. */
  runs: readonly (readonly [id: string, title: string])[];
}

const asking = new Asking<Ask, Told>("judge_program.js");

/** Puts a workshop into its place. */
export async function openWorkshop(place: HTMLElement): Promise<void> {
  const task: Task = JSON.parse(place.querySelector("script")!.textContent!);
  const [names, library] = await Promise.all([
    fetch("names.json").then((answer) => answer.json() as Promise<Name[]>),
    fetch("library.js.txt").then((answer) => answer.text()),
  ]);
  const shared = await sharedIn(location.hash);
  const text = shared ?? keptAs(task.name) ?? task.program;
  const workshop = new Workshop(task, { names, library, text });
  if (shared === undefined && holdsProgram(location.hash)) {
    workshop.say(
      "yellow",
      "The program in this page's address can't be read: was it cut short? This is another one.",
    );
  }
  place.append(workshop.element);
}

/** The program of last time, where a browser keeps something for a page. */
function keptAs(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

class Workshop {
  readonly element: HTMLElement;
  #task: Task;
  #library: string;
  #module: Uint8Array<ArrayBuffer> | undefined;
  #run: HTMLSelectElement;
  #seed = element("input", { type: "number", min: "1", value: "1" });
  #verdict = element("p", { className: "verdict-line", ariaLive: "polite" });
  #more = element("pre", { className: "lines", hidden: true, tabIndex: 0 });
  #file = element("p", { className: "about" });
  #views = element("div", { className: "views" });
  #editor: ReturnType<typeof editor>;
  #round = 0;

  constructor(
    task: Task,
    { names, library, text }: {
      names: readonly Name[];
      library: string;
      text: string;
    },
  ) {
    this.#task = task;
    this.#library = library;
    this.#run = element(
      "select",
      {},
      ...task.runs.map(([id, title]) =>
        element("option", { value: id, selected: id === task.run }, title)
      ),
    );
    this.#editor = editor({
      text,
      names,
      onRun: () => this.#judge(),
      onChange: () => this.#keep(),
    });
    this.element = element(
      "div",
      { className: "bench" },
      this.#editor.element,
      element(
        "div",
        { className: "controls" },
        button(
          "Run: judge the program (Ctrl-Enter)",
          "Run",
          () => this.#judge(),
        ),
        element("label", {}, "judged by ", this.#run),
        element("label", {}, "seed ", this.#seed),
        button(
          "Reset: begin again with the given program",
          "Reset",
          () => this.#reset(),
        ),
        button(
          "Share: copy a link to this program",
          "Share",
          () => this.#share(),
        ),
        this.#modulePicker(),
      ),
      this.#file,
      this.#verdict,
      this.#more,
      this.#views,
    );
    this.#takeDrops();
  }

  /** Judges the program: the task's options go with the task's run. */
  async #judge(): Promise<void> {
    const round = ++this.#round;
    const { run, options } = this.#task;
    this.element.ariaBusy = "true";
    this.#verdict.textContent = "…";
    const told = await asking.ask({
      run: this.#run.value,
      options: this.#run.value === run ? options : {},
      seed: seedIn(this.#seed),
      program: this.#module ?? this.#editor.text(),
      library: this.#library,
    });
    if (round !== this.#round) return;
    this.element.ariaBusy = "false";
    await this.#show(told);
  }

  async #show(told: Told): Promise<void> {
    if ("failed" in told) {
      const where = told.line === undefined ? "" : `Line ${told.line}: `;
      this.say("red", `✗ ${where}${told.failed}`);
      this.#editor.mark(told.failed, told.line);
      this.#views.replaceChildren();
      return;
    }
    const [sign, word, colour] = verdictOf(told.record);
    const [first = "", ...others] = (told.record.reason ?? "").split("\n");
    this.say(
      colour,
      first === "" ? `${sign} ${word}` : `${sign} ${word}: ${first}`,
      others.join("\n").trim(),
    );
    this.#editor.mark(first, told.line);
    await drawRun(this.#views, told.data);
    this.element.dataset.shown = String(this.#round);
  }

  say(colour: string, text: string, more = ""): void {
    this.#verdict.className = `verdict-line ${colour}`;
    this.#verdict.textContent = text;
    this.#more.textContent = more;
    this.#more.hidden = more === "";
  }

  #keep(): void {
    this.#takeModule(undefined);
    try {
      localStorage.setItem(this.#task.name, this.#editor.text());
    } catch {
      // Not every browser keeps something for a page.
    }
  }

  #reset(): void {
    this.#round++; // What is being judged is gone.
    this.element.ariaBusy = "false";
    this.#editor.setText(this.#task.program);
    this.#editor.mark("");
    this.#views.replaceChildren();
    this.say("", "");
  }

  async #share(): Promise<void> {
    history.replaceState(null, "", await fragmentOf(this.#editor.text()));
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    this.say("", "The address of this page now holds the program.");
  }

  #modulePicker(): HTMLElement {
    const input = element("input", { type: "file", accept: ".wasm" });
    input.onchange = () => this.#takeFile(input.files?.[0]);
    return element("label", { className: "file" }, "or a .wasm node ", input);
  }

  #takeDrops(): void {
    this.element.addEventListener(
      "dragover",
      (event) => event.preventDefault(),
    );
    this.element.addEventListener("drop", (event) => {
      const file = event.dataTransfer?.files[0];
      if (file === undefined) return;
      event.preventDefault();
      this.#takeFile(file);
    });
  }

  async #takeFile(file: File | undefined): Promise<void> {
    if (file === undefined) return;
    if (!("Suspending" in WebAssembly)) {
      return this.say(
        "yellow",
        "This browser can't suspend WebAssembly (JavaScript Promise Integration), which judging a module takes. A Chromium from 137 on can.",
      );
    }
    this.#takeModule(new Uint8Array(await file.arrayBuffer()), file.name);
    await this.#judge();
  }

  #takeModule(
    module: Uint8Array<ArrayBuffer> | undefined,
    name?: string,
  ): void {
    this.#module = module;
    this.#file.textContent = module
      ? `Judged is ${name}, until you change the program.`
      : "";
  }
}

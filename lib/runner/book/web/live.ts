/**
 * A table of figures that a reader can change: controls, the run that they
 * make, its figures, and its views.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../../../report/page/data.ts";
import { verdictOf } from "../../../report/terminal.ts";
import { button, element } from "../../../report/web/dom.ts";
import { cellText, commandOf, type Outcome } from "../../columns.ts";
import type { Control, Figures, LiveRow } from "../controls.ts";
import { Asking } from "./asking.ts";
import { drawRun, seedIn } from "./bench.ts";
import type { Ask, Told } from "./judge.ts";

/** The seeds that show how much chance there is in a figure. */
const manySeeds = 20;

/** The time after which a control is taken to be at rest. */
const restMs = 150;

const asking = new Asking<Ask, Told>("judge.js");

/** Makes a table's rows runs that one can start, and change. */
export function enliven(place: HTMLElement): void {
  const figures: Figures = JSON.parse(
    place.querySelector("script")!.textContent!,
  );
  let bench: Bench | undefined;
  for (const line of place.querySelectorAll<HTMLElement>("[data-row]")) {
    const row = figures.rows[Number(line.dataset.row)]!;
    const isPicture = line.tagName !== "TR";
    const words = isPicture ? "Run it, and change it" : "Run";
    const start = button(`${words}: ${row.label}`, words, () => {
      if (bench === undefined) {
        bench = new Bench(figures);
        place.append(bench.element);
      }
      bench.take(row);
    });
    (line.querySelector("th") ?? line).append(start);
  }
}

/** Where a run is changed, judged and looked at. */
class Bench {
  readonly element: HTMLElement;
  #figures: Figures;
  #row!: LiveRow;
  #inputs = new Map<string, HTMLInputElement | HTMLSelectElement>();
  #seed = element("input", {
    type: "number",
    min: "1",
    max: "1000000",
    value: "1",
  });
  #title = element("h4");
  #verdict = element("p", { className: "verdict-line", ariaLive: "polite" });
  #table = element("div", {
    className: "wide",
    tabIndex: 0,
    role: "region",
    ariaLabel: "Figures of this run",
  });
  #command = element("code", { className: "again" });
  #dots = element("div", { className: "dots" });
  #views = element("div", { className: "views" });
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round = 0;

  constructor(figures: Figures) {
    this.#figures = figures;
    this.#seed.oninput = () => this.#changed();
    this.element = element(
      "div",
      { className: "bench" },
      this.#title,
      element(
        "div",
        { className: "controls" },
        ...figures.controls.map((control) => this.#inputFor(control)),
        element("label", {}, "seed ", this.#seed),
        button("Judge twenty seeds", "Twenty seeds", () => this.#judgeMany()),
      ),
      this.#verdict,
      this.#table,
      this.#dots,
      this.#command,
      this.#views,
    );
  }

  /** Takes over a row of the table, and runs it. */
  take(row: LiveRow): void {
    this.#row = row;
    this.#title.textContent = `Change it: ${row.label}`;
    for (const [name, input] of this.#inputs) {
      input.value = row.values[name] ?? row.defaults[name] ?? "";
      input.dispatchEvent(new Event("shown"));
    }
    this.#seed.value = String(this.#figures.seed ?? 1);
    this.#judge();
    this.element.scrollIntoView({ block: "nearest" });
  }

  #inputFor(control: Control): HTMLElement {
    const { name, label } = control;
    if (control.kind === "choice") {
      const select = element(
        "select",
        {},
        ...control.values.map(([value, text]) =>
          element("option", { value }, text)
        ),
      );
      select.onchange = () => this.#changed();
      this.#inputs.set(name, select);
      return element("label", {}, `${label} `, select);
    }
    const { least, most, step, unit } = control;
    const range = element("input", {
      type: "range",
      min: String(least),
      max: String(most),
      step: String(step),
    });
    const output = element("output");
    const show = () => output.textContent = `${range.value}${unit}`;
    range.addEventListener("shown", show);
    range.oninput = () => {
      show();
      this.#changed();
    };
    this.#inputs.set(name, range);
    return element("label", {}, `${label} `, range, output);
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#judge(), restMs);
  }

  /** The run to be judged, as the controls stand. */
  #asked(): Pick<Ask, "options" | "args"> {
    const options: { [name: string]: string | number } = {
      ...this.#row.options,
    };
    const args = [...this.#row.args];
    for (const { name, of } of this.#figures.controls) {
      const value = this.#inputs.get(name)!.value;
      // A word of the row stands in its command, even if it changes nothing.
      if (
        value === (this.#row.defaults[name] ?? "") &&
        !(name in this.#row.values)
      ) continue;
      if (of === "run") options[name] = value;
      else if (value !== "") args.push(`--${name}`, value);
    }
    return { options, args };
  }

  async #judge(): Promise<void> {
    const round = ++this.#round;
    const asked = this.#asked();
    const seed = seedIn(this.#seed);
    this.#dots.replaceChildren();
    this.element.ariaBusy = "true";
    this.#command.textContent = `deno task run ${
      commandOf({ label: "", run: this.#row.run, ...asked })
        .replace(/( -- |$)/, seed === 1 ? "$1" : ` --seed ${seed}$1`)
    }`;
    const told = await asking.ask({
      run: this.#row.run,
      ...asked,
      seed,
      shown: true,
    });
    if (round !== this.#round) return; // There's a newer question.
    if ("failed" in told) return this.#fail(told.failed);
    this.#show([told.outcome]);
    if (told.data) await this.#draw(told.data, round);
  }

  async #judgeMany(): Promise<void> {
    const round = ++this.#round;
    const asked = this.#asked();
    const outcomes: Outcome[] = [];
    this.#dots.replaceChildren();
    this.#views.replaceChildren();
    this.element.ariaBusy = "true";
    this.#command.textContent = `deno task run ${
      commandOf({ label: "", run: this.#row.run, ...asked, seeds: manySeeds })
    }`;
    for (let seed = 1; seed <= manySeeds; seed++) {
      const told = await asking.ask({
        run: this.#row.run,
        ...asked,
        seed,
        shown: false,
      });
      if (round !== this.#round) return;
      if ("failed" in told) return this.#fail(told.failed);
      outcomes.push(told.outcome);
      const { record } = told.outcome;
      const [, word, colour] = verdictOf(record);
      this.#dots.append(button(
        `Seed ${seed}: ${word}`,
        String(seed),
        () => {
          this.#seed.value = String(seed);
          this.#judge();
        },
      ));
      this.#dots.lastElementChild!.className = colour;
      this.#show(outcomes);
    }
  }

  #fail(message: string): void {
    this.element.ariaBusy = "false";
    this.#verdict.textContent = message;
    this.#table.replaceChildren();
    this.#views.replaceChildren();
  }

  #show(outcomes: readonly Outcome[]): void {
    this.element.ariaBusy = "false";
    const { columns } = this.#figures;
    const worst = outcomes.find(({ record }) => !record.pass) ?? outcomes[0]!;
    const { record } = worst;
    const [sign, word, colour] = verdictOf(record);
    const words = outcomes.length > 1
      ? `${cellText("verdict", outcomes)} passed`
      : `${sign} ${word}`;
    const [reason] = (record.reason ?? "").split("\n");
    this.#verdict.className = `verdict-line ${colour}`;
    this.#verdict.textContent = reason ? `${words}: ${reason}` : words;
    this.#table.replaceChildren(element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...columns.map((column) => element("th", { scope: "col" }, column)),
        ),
      ),
      element(
        "tbody",
        {},
        element(
          "tr",
          {},
          ...columns.map((column) =>
            element("td", {}, cellText(column, outcomes))
          ),
        ),
      ),
    ));
  }

  async #draw(data: PageData, round: number): Promise<void> {
    await drawRun(this.#views, data);
    this.element.dataset.shown = String(round);
  }
}

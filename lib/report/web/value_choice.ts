/**
 * The choice of the value that one follows in the replay: one of all, or all
 * together.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../page/data.ts";
import type { Knowledge } from "../page/knowledge.ts";
import { button, element } from "./dom.ts";
import { mostInteresting, type Spread, spreadOf } from "./knowing.ts";

/** The choice. */
export interface ValueChoice {
  controls: Node[];
  /** The value that is followed; `undefined` for all together. */
  readonly spread: Spread | undefined;
}

/** Makes the controls; `changed` is called with each new choice. */
export function valueChoice(
  data: PageData,
  knowledge: Knowledge,
  changed: (spread: Spread | undefined) => void,
): ValueChoice {
  const { values } = knowledge;
  const select = element(
    "select",
    {},
    element("option", { value: "" }, "all"),
    ...values.map((value, i) =>
      element("option", { value: String(i) }, String(value))
    ),
  );
  let spread: Spread | undefined;
  const read = () => {
    spread = select.value === ""
      ? undefined
      : spreadOf(knowledge, data.nodes, Number(select.value));
  };
  const follow = () => {
    read();
    changed(spread);
  };
  const go = (steps: number) => {
    const { length } = select.options;
    select.selectedIndex = (select.selectedIndex + steps + length) % length;
    follow();
  };
  select.addEventListener("change", follow);
  if (values.length > 0) {
    select.value = String(mostInteresting(data, knowledge));
  }
  read();
  return {
    controls: [
      element(
        "span",
        { className: "group" },
        element("label", {}, "value", select),
        button("Previous value", "‹", () => go(-1)),
        button("Next value", "›", () => go(1)),
      ),
    ],
    get spread() {
      return spread;
    },
  };
}

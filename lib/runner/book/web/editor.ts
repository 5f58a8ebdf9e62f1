/**
 * The editor of the workshop: CodeMirror, with the library's names at hand.
 *
 * @module
 */
/// <reference lib="dom" />
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { javascript, javascriptLanguage } from "@codemirror/lang-javascript";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import { element } from "../../../report/web/dom.ts";
import type { Name } from "../names.ts";

/** An editor. */
export interface Editor {
  element: HTMLElement;
  text(): string;
  setText(text: string): void;
  /** Marks a line as wrong; without one, none. */
  mark(message: string, line?: number): void;
}

/** The colours of the page, in the editor. */
const colours = HighlightStyle.define([
  { tag: [tags.comment], color: "var(--muted)" },
  { tag: [tags.keyword, tags.bool, tags.null], color: "var(--fault)" },
  { tag: [tags.string, tags.regexp], color: "var(--ok)" },
  { tag: [tags.number, tags.typeName], color: "var(--fail)" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName)],
    color: "var(--accent)",
  },
]);

const look = EditorView.theme({
  "&": {
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    fontSize: "0.8125rem",
    borderRadius: "8px",
  },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--text)" },
  ".cm-gutters": {
    backgroundColor: "var(--surface)",
    color: "var(--muted)",
    border: "0",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--grid)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-tooltip": {
    backgroundColor: "var(--background)",
    color: "var(--text)",
    border: "1px solid var(--line)",
  },
});

/**
 * Makes an editor.
 *
 * @param settings `names` are those of the library; `onRun` is called by Ctrl-Enter.
 */
export function editor(
  { text, names, onChange, onRun }: {
    text: string;
    names: readonly Name[];
    onChange: () => void;
    onRun: () => void;
  },
): Editor {
  const place = element("div", { className: "editor" });
  const view = new EditorView({
    parent: place,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(keymap.of([{
          key: "Mod-Enter",
          run() {
            onRun();
            return true;
          },
        }])),
        basicSetup,
        javascript({ typescript: true }),
        javascriptLanguage.data.of({ autocomplete: completionsOf(names) }),
        autocompletion(),
        hoverTooltip((view, position) => tooltipAt(view, position, names)),
        syntaxHighlighting(colours),
        look,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "The program" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange();
        }),
      ],
    }),
  });
  return {
    element: place,
    text: () => view.state.doc.toString(),
    setText(insert) {
      const { length: to } = view.state.doc;
      view.dispatch({ changes: { from: 0, to, insert } });
    },
    mark(message, line) {
      const { doc } = view.state;
      const at = line !== undefined && line >= 1 && line <= doc.lines
        ? doc.line(line)
        : undefined;
      view.dispatch(setDiagnostics(
        view.state,
        at ? [{ from: at.from, to: at.to, severity: "error", message }] : [],
      ));
    },
  };
}

/** Proposes members after a dot, else what the library exports. */
function completionsOf(names: readonly Name[]) {
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/\w+\.?\w*/);
    if (word === null || word.from === word.to && !context.explicit) {
      return null;
    }
    const [object, member] = word.text.split(".");
    const fitting = member === undefined
      ? names.filter(({ of }) => of === undefined)
      : membersOf(object!, names);
    if (fitting.length === 0) return null;
    return {
      from: member === undefined ? word.from : word.from + object!.length + 1,
      options: fitting.map(({ name, kind, parameters, doc }): Completion => ({
        label: name,
        type: { typeAlias: "type", getter: "property" }[kind] ?? kind,
        detail: parameters,
        info: doc,
      })),
      validFor: /^\w*$/,
    };
  };
}

/** The members of what a variable is likely to be: `node` is a `Node`. */
function membersOf(object: string, names: readonly Name[]): Name[] {
  const own = names.filter(({ of }) =>
    of?.toLowerCase() === object.toLowerCase()
  );
  return own.length > 0
    ? own
    : names.filter(({ of }) =>
      of !== undefined && ["KV", "Disk", "TSO"].includes(of)
    );
}

function tooltipAt(view: EditorView, position: number, names: readonly Name[]) {
  const word = view.state.wordAt(position);
  if (word === null) return null;
  const text = view.state.sliceDoc(word.from, word.to);
  const before = /(\w+)\.$/.exec(
    view.state.sliceDoc(Math.max(0, word.from - 40), word.from),
  );
  const found =
    (before
      ? membersOf(before[1]!, names)
      : names.filter(({ of }) => of === undefined))
      .find(({ name }) => name === text);
  if (found === undefined) return null;
  return {
    pos: word.from,
    above: true,
    create: () => ({
      dom: element(
        "div",
        { className: "hint" },
        element("code", {}, `${found.name}${found.parameters ?? ""}`),
        element("p", {}, found.doc),
      ),
    }),
  };
}

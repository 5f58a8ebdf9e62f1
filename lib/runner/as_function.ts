/**
 * A module as the body of a function, which can be run many times, each time with
 * other globals.
 *
 * @module
 */
import { type AnyNode, type ImportDeclaration, type Node, parse } from "acorn";
import {
  NotSimulated,
  type Program,
  pureModules,
} from "../workbench/hosts/program.ts";

/** The body of an async function. */
export interface Body extends Pick<Program, "code" | "imports"> {
  /** Returns where places in the module, in ascending order, are in the code. */
  moved(places: readonly number[]): number[];
}

/** A change of a text: the part from `start` to `end` becomes another. */
interface Edit {
  start: number;
  end: number;
  text: string;
}

/**
 * Makes the body of an async function of a module that imports nothing but the
 * runtime's modules.
 *
 * @param known gives what the body has in the place of another module.
 * @throws {NotSimulated} if it does what can't be had under virtual time.
 */
export function asFunction(
  module: string,
  known: (name: string) => string | undefined = () => undefined,
): Body {
  const imports = new Set<string>();
  const edits: Edit[] = [];
  const tree = parse(module, {
    ecmaVersion: "latest",
    sourceType: "module",
    allowHashBang: true,
  });
  visit(tree, (node) => {
    edits.push(
      ...node.type === "ImportDeclaration"
        ? [importEdit(node, imports, known)]
        : editsOf(node, module),
    );
  });
  if (module.startsWith("#!")) edits.push({ start: 0, end: 2, text: "//" });
  let code = module;
  // From the end to the beginning: the places of others stay right.
  for (const { start, end, text } of edits.sort((a, b) => b.start - a.start)) {
    code = code.slice(0, start) + text + code.slice(end);
  }
  return {
    code,
    imports: [...imports],
    moved(places) {
      const left = [...edits]; // the last of them is the first
      let shift = 0;
      return places.map((place) => {
        for (let next = left.at(-1); next; next = left.at(-1)) {
          const { start, end, text } = next;
          if (place < end || place < start) break;
          shift += text.length - (end - start);
          left.pop();
        }
        return Math.min(place, left.at(-1)?.start ?? place) + shift;
      });
    },
  };
}

function visit(node: AnyNode, each: (node: AnyNode) => void): void {
  each(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child as AnyNode, each);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value &&
    "start" in value;
}

/** The words before what is exported, which may be in brackets. */
const exportDefault = /^export(?:\s|\/\*[^]*?\*\/|\/\/.*)+default/;

function editsOf(node: AnyNode, module: string): Edit[] {
  const { start, end } = node;
  switch (node.type) {
    case "ExportNamedDeclaration":
      return [{ start, end: node.declaration?.start ?? end, text: "" }];
    case "ExportDefaultDeclaration": {
      const { declaration } = node;
      // A function or a class may have a name, which the module goes on to use.
      const isNamed = /^(Function|Class)Declaration$/.test(declaration.type) &&
        "id" in declaration && declaration.id !== null;
      const [words] = exportDefault.exec(module.slice(start))!;
      const text = isNamed ? "" : "void";
      return [{ start, end: start + words.length, text }];
    }
    case "ExportAllDeclaration":
      throw new NotSimulated(`exports ${node.source.value}`);
    case "MetaProperty":
      return node.meta.name === "import"
        ? [{ start, end, text: "$importMeta" }]
        : [];
    case "ImportExpression":
      throw new NotSimulated("imports while it runs");
    case "CallExpression":
    case "NewExpression":
      if (
        node.callee.type === "Identifier" &&
        ["eval", "Function"].includes(node.callee.name)
      ) {
        throw new NotSimulated(`calls ${node.callee.name}`);
      }
      return [];
    case "WhileStatement":
    case "DoWhileStatement":
    case "ForStatement":
    case "ForOfStatement": {
      const { body } = node;
      return body.type === "BlockStatement"
        ? [insert(body.start + 1, "$loop();")]
        : [insert(body.start, "{$loop();"), insert(body.end, "}")];
    }
    default:
      return [];
  }
}

/** Puts the names that a module imports into constants. */
function importEdit(
  { source, specifiers, start, end }: ImportDeclaration,
  imports: Set<string>,
  known: (name: string) => string | undefined,
): Edit {
  const name = String(source.value);
  const other = known(name);
  if (other === undefined) {
    if (!Object.hasOwn(pureModules, name)) {
      const isBundlers = specifiers.some(({ local }) =>
        local.name.startsWith("__deno_internal_")
      );
      throw new NotSimulated(
        isBundlers ? "calls require, as CommonJS does" : `imports ${name}`,
      );
    }
    imports.add(name);
  }
  const from = other ?? `$imported[${JSON.stringify(name)}]`;
  const names = specifiers.map((each) => {
    const { name: local } = each.local;
    if (each.type === "ImportNamespaceSpecifier") return `${local} = ${from}`;
    const key = each.type === "ImportDefaultSpecifier"
      ? "default"
      : each.imported.type === "Identifier"
      ? each.imported.name
      : String(each.imported.value);
    return `${local} = ${from}[${JSON.stringify(key)}]`;
  });
  const text = names.length > 0 ? `const ${names.join(", ")};` : "";
  return { start, end, text };
}

function insert(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

/**
 * Makes one script of a node's source and all that it imports, for the workbench
 * to run it under virtual time.
 *
 * @module
 */
import { type AnyNode, type Node, parse } from "acorn";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { BadOption } from "../workbench/mod.ts";
import {
  NotSimulated,
  type Program,
  pureModules,
} from "../workbench/hosts/program.ts";
import { projectFlags, projectOf } from "./project.ts";

/**
 * Makes a program of a source.
 *
 * @throws {BadOption} if it can't be bundled, because of a syntax error, say.
 * @throws {NotSimulated} if it uses something that isn't simulated.
 */
export async function programFrom(
  path: string,
  args: readonly string[],
): Promise<Program> {
  if (path.endsWith(".cjs")) throw new NotSimulated("is CommonJS");
  const file = Deno.realPathSync(path);
  const { code, imports } = asFunction(await bundle(file, path));
  return { code, imports, url: pathToFileURL(file).href, args };
}

/**
 * Makes one module of a source and all that it imports.
 *
 * @param name for the words.
 */
async function bundle(path: string, name: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--format", "esm"],
      ...projectFlags(path),
      path,
    ],
    // Deno looks for the source's project from here.
    cwd: dirname(path),
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  const [problem = ""] = decoder.decode(stderr).split(
    /^error: bundling failed/m,
  );
  throw new BadOption(
    `${name} can't be bundled: ${problem.replace(/^error: /, "").trim()}`,
  );
}

/** The files of a program. */
export interface ProgramFiles {
  files: string[];
  /** False if there may be more: one of them is absent, or can't be parsed. */
  isWhole: boolean;
}

/**
 * Finds the files that a source is made of: itself, what it imports, and what
 * describes its project.
 */
export async function filesOfSource(path: string): Promise<ProgramFiles> {
  const modules = await modulesOf(path);
  const imported = modules.map(({ specifier }) => specifier)
    .filter((url) => url.startsWith("file:") && !url.includes("/node_modules/"))
    .map((url) => fileURLToPath(url));
  return {
    files: [...new Set([path, ...imported, projectOf(path) ?? path])],
    isWhole: modules.length > 0 && !modules.some(({ error }) => error),
  };
}

/** Lists the modules of a source; none if not even its project can be read. */
async function modulesOf(
  path: string,
): Promise<{ specifier: string; error?: string }[]> {
  let flags: string[];
  try {
    flags = projectFlags(path);
  } catch (error) {
    if (error instanceof BadOption) return [];
    throw error;
  }
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--quiet", ...flags, path],
    cwd: dirname(path),
    stderr: "null",
  }).output();
  const { modules } = JSON.parse(
    new TextDecoder().decode(stdout) || '{"modules":[]}',
  );
  return modules;
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
 */
export function asFunction(
  module: string,
): Pick<Program, "code" | "imports"> {
  const imports = new Set<string>();
  const edits: Edit[] = [];
  const tree = parse(module, {
    ecmaVersion: "latest",
    sourceType: "module",
    allowHashBang: true,
  });
  visit(tree, (node) => edits.push(...editsOf(node, imports)));
  if (module.startsWith("#!")) edits.push({ start: 0, end: 2, text: "//" });
  let code = module;
  // From the end to the beginning: the places of others stay right.
  for (const { start, end, text } of edits.sort((a, b) => b.start - a.start)) {
    code = code.slice(0, start) + text + code.slice(end);
  }
  return { code, imports: [...imports] };
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

function editsOf(node: AnyNode, imports: Set<string>): Edit[] {
  const { start, end } = node;
  switch (node.type) {
    case "ImportDeclaration": {
      const name = String(node.source.value);
      if (!Object.hasOwn(pureModules, name)) {
        throw new NotSimulated(`imports ${name}`);
      }
      imports.add(name);
      const from = `$imported[${JSON.stringify(name)}]`;
      const names = node.specifiers.map((each) => {
        const { name: local } = each.local;
        if (each.type === "ImportNamespaceSpecifier") {
          return `${local} = ${from}`;
        }
        const key = each.type === "ImportDefaultSpecifier"
          ? "default"
          : each.imported.type === "Identifier"
          ? each.imported.name
          : String(each.imported.value);
        return `${local} = ${from}[${JSON.stringify(key)}]`;
      });
      const text = names.length > 0 ? `const ${names.join(", ")};` : "";
      return [{ start, end, text }];
    }
    case "ExportNamedDeclaration":
      return [{ start, end: node.declaration?.start ?? end, text: "" }];
    case "ExportDefaultDeclaration":
      return [{ start, end: node.declaration.start, text: "void " }];
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

function insert(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

/** Says why a program is judged over pipes. */
export function notSimulated(path: string, { message }: NotSimulated): string {
  return `${path} ${message}, and that isn't simulated: judged over pipes, in real time.`;
}

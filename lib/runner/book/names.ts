/**
 * The library's names and what is said of them, for the workshop's editor.
 *
 * @module
 */

/** A name that a program can use. */
export interface Name {
  name: string;
  /** The class or interface that it's a member of. */
  of?: string;
  /** `"function"`, `"class"`, `"interface"`, `"method"`, … */
  kind: string;
  /** The parameters of a function, by their names. */
  parameters?: string;
  /** The first paragraph of its documentation. */
  doc: string;
}

interface Documented {
  name: string;
  kind: string;
  jsDoc?: { doc?: string };
  params?: readonly Parameter[];
  functionDef?: { params: readonly Parameter[] };
}

interface Parameter {
  kind: string;
  name?: string;
  left?: Parameter;
  arg?: Parameter;
  optional?: boolean;
}

interface Declaration extends Documented {
  def?: {
    methods?: readonly Documented[];
    properties?: readonly Documented[];
    params?: readonly Parameter[];
  };
}

/** Reads the names from what `deno doc --json` prints. */
export function namesOf(json: string): Name[] {
  const { nodes } = JSON.parse(json) as {
    nodes: {
      [url: string]: {
        symbols: { name: string; declarations: Declaration[] }[];
      };
    };
  };
  const symbols = Object.values(nodes).flatMap(({ symbols }) => symbols);
  return symbols.flatMap(({ name, declarations: [declaration] }) => {
    if (declaration === undefined) return [];
    const { def = {} } = declaration;
    const members = [...def.methods ?? [], ...def.properties ?? []]
      .map((member) => nameOf(member, name));
    return [
      nameOf({ ...declaration, name, params: def.params }),
      ...members,
    ];
  });
}

function nameOf(
  { name, kind, jsDoc, params, functionDef }: Documented,
  of?: string,
): Name {
  const all = functionDef?.params ?? params;
  const hasParameters = all !== undefined && kind !== "getter";
  return {
    name,
    kind: kind ?? "property",
    doc: (jsDoc?.doc ?? "").split("\n\n")[0]!.replaceAll("\n", " ").trim(),
    ...of !== undefined && { of },
    ...hasParameters && { parameters: `(${all.map(textOf).join(", ")})` },
  };
}

function textOf({ kind, name, left, arg, optional }: Parameter): string {
  if (left) return `${textOf(left)}?`;
  if (kind === "rest") return `...${arg ? textOf(arg) : ""}`;
  return `${name ?? "{…}"}${optional ? "?" : ""}`;
}

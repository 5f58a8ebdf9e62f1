/**
 * The objects that all nodes of a thread share with each other and with the
 * workbench, such as `Array.prototype`. In a process a program may change them
 * as it likes; here it would change them for all.
 *
 * @module
 */

// What looks for changes must not depend on what may have been changed: neither
// on methods nor on iterators.
const { defineProperty, getOwnPropertyDescriptor, is } = Object;
const { deleteProperty, getPrototypeOf, ownKeys } = Reflect;

/** An object, and its properties as they were. */
interface Kept {
  name: string;
  object: object;
  keys: readonly PropertyKey[];
  descriptors: readonly PropertyDescriptor[];
}

/** Properties that change, or are set, without harm to anybody. */
const harmless = ["stackTraceLimit"];

/** The shared objects at a moment. */
export class SharedBuiltIns {
  #all: Kept[] = [];

  /**
   * Remembers objects as they are: all that the names stand for, and, of
   * functions, their prototypes.
   */
  constructor(named: { readonly [name: string]: unknown }) {
    const seen = new Set<unknown>();
    const keep = (name: string, object: unknown) => {
      if (!isObject(object) || seen.has(object)) return;
      seen.add(object);
      const keys = ownKeys(object).filter((key) =>
        !harmless.includes(String(key))
      );
      const descriptors = keys.map((key) =>
        getOwnPropertyDescriptor(object, key)!
      );
      this.#all.push({ name, object, keys, descriptors });
      keep(`${name}.prototype`, (object as { prototype?: unknown }).prototype);
    };
    for (const [name, object] of Object.entries({ ...named, ...unnamed })) {
      keep(name, object);
    }
  }

  /**
   * Puts all back as it was.
   *
   * @returns the name of the first property that had been changed, if any.
   */
  restore(): string | undefined {
    let changed: string | undefined;
    for (let i = 0; i < this.#all.length; i++) {
      const key = restore(this.#all[i]!);
      if (key !== undefined) changed ??= nameOf(this.#all[i]!.name, key);
    }
    return changed;
  }
}

/** The shared objects that no global is named after. */
const unnamed = {
  "the prototype of iterators": Iterator.prototype,
  "the prototype of array iterators": getPrototypeOf([].values()),
  "the prototype of map iterators": getPrototypeOf(new Map().values()),
  "the prototype of set iterators": getPrototypeOf(new Set().values()),
  "the prototype of typed arrays": getPrototypeOf(Uint8Array.prototype),
  "the prototype of generators": getPrototypeOf(function* () {}),
  "the prototype of async functions": getPrototypeOf(async () => {}),
};

function restore({ object, keys, descriptors }: Kept): PropertyKey | undefined {
  let changed: PropertyKey | undefined;
  for (let i = 0; i < keys.length; i++) {
    const now = getOwnPropertyDescriptor(object, keys[i]!);
    if (isSame(now, descriptors[i]!)) continue;
    changed ??= keys[i];
    putBack(object, keys[i]!, descriptors[i]!);
  }
  const now = ownKeys(object);
  // There may be one more of them that is harmless.
  for (let i = 0; now.length > keys.length && i < now.length; i++) {
    const key = now[i]!;
    if (has(keys, key) || has(harmless, key)) continue;
    changed ??= key;
    deleteProperty(object, key);
  }
  return changed;
}

function isSame(
  now: PropertyDescriptor | undefined,
  was: PropertyDescriptor,
): boolean {
  return now !== undefined && is(now.value, was.value) &&
    now.get === was.get && now.set === was.set &&
    now.writable === was.writable && now.configurable === was.configurable;
}

function putBack(
  object: object,
  key: PropertyKey,
  was: PropertyDescriptor,
): void {
  try {
    defineProperty(object, key, was);
  } catch {
    // What has been frozen stays so.
  }
}

function has(keys: readonly PropertyKey[], key: PropertyKey): boolean {
  for (let i = 0; i < keys.length; i++) if (keys[i] === key) return true;
  return false;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null ||
    typeof value === "function";
}

function nameOf(object: string, key: PropertyKey): string {
  return typeof key === "symbol"
    ? `${object}[${key.description}]`
    : `${object}.${String(key)}`;
}

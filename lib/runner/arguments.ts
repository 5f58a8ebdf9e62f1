/**
 * Tries what the command line gives to a node, before anything is run.
 *
 * @module
 */
import { type App, Node } from "../node.ts";
import { BadOption } from "../workbench/mod.ts";

/**
 * Calls an app with its arguments once, on a node that nothing reaches, so that
 * it can say what is wrong with them. An app that ignores its arguments takes
 * none.
 *
 * @param run whose arguments they are, for the words.
 * @param isOurs tells whether the runner itself has an option of that name.
 * @throws {BadOption} what the app threw.
 */
export async function tryArguments<M>(
  app: App<M>,
  args: readonly string[],
  run: string,
  isOurs: (name: string) => boolean = () => false,
): Promise<void> {
  let looked = false;
  const watched = new Proxy([...args], {
    get(target, key) {
      looked = true;
      return Reflect.get(target, key);
    },
  });
  try {
    // Nothing wakes an app that waits: what it says, it says at once.
    await Promise.race([
      app(deafNode<M>(), watched),
      new Promise((resolve) => setTimeout(resolve)),
    ]);
  } catch (error) {
    throw new BadOption(
      `${run}: ${error instanceof Error ? error.message : error}${
        (error as Error).name === "UnknownArgument" ? hintAt(args, isOurs) : ""
      }`,
    );
  }
  if (!looked && args.length > 0) {
    throw new BadOption(
      `${run}: ${
        JSON.stringify(args[0])
      } is no argument of the node. It takes none at all.`,
    );
  }
}

/** A node that nothing reaches. */
function deafNode<M>(): Node<M> {
  return new Node<M>({
    send() {},
    now: () => 0,
    setTimer: () => () => {},
    random: () => 0,
    log() {},
  });
}

/** Says which of a node's arguments are options of the runner's. */
function hintAt(
  args: readonly string[],
  isOurs: (name: string) => boolean,
): string {
  const option = args.find((arg) => {
    const [, name] = /^--([^=]+)/.exec(arg) ?? [];
    return name !== undefined && isOurs(name);
  });
  return option === undefined
    ? ""
    : ` The runner's options, such as ${option}, stand before --.`;
}

/** Finds the runs whose nodes take an argument, by its name without dashes. */
export function takersOf(
  name: string,
  runs: readonly { id: string; app: App }[],
): string[] {
  return runs.filter(({ app }) => {
    try {
      app(deafNode(), [`--${name}`]);
      return false;
    } catch (error) {
      // It's said to be unknown, or to need a value.
      return (error as Error).name !== "UnknownArgument";
    }
  }).map(({ id }) => id);
}

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
 * @throws {BadOption} what the app threw.
 */
export async function tryArguments<M>(
  app: App<M>,
  args: readonly string[],
  run: string,
): Promise<void> {
  let looked = false;
  const watched = new Proxy([...args], {
    get(target, key) {
      looked = true;
      return Reflect.get(target, key);
    },
  });
  const node = new Node<M>({
    send() {},
    now: () => 0,
    setTimer: () => () => {},
    random: () => 0,
    log() {},
  });
  try {
    // Nothing wakes an app that waits: what it says, it says at once.
    await Promise.race([
      app(node, watched),
      new Promise((resolve) => setTimeout(resolve)),
    ]);
  } catch (error) {
    throw new BadOption(
      `${run}: ${error instanceof Error ? error.message : error}`,
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

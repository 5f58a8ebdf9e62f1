/**
 * An echo node for Node.js as one writes it without a library: what `bench.ts`
 * measures ours against.
 */
import process from "node:process";
import { createInterface } from "node:readline";

let id;

createInterface({ input: process.stdin }).on("line", (line) => {
  const { src, body } = JSON.parse(line);
  if (body.type === "init") {
    id = body.node_id;
    reply(src, body, { type: "init_ok" });
  } else {
    reply(src, body, { type: "echo_ok", echo: body.echo });
  }
});

function reply(dest, { msg_id }, body) {
  const message = { src: id, dest, body: { ...body, in_reply_to: msg_id } };
  process.stdout.write(JSON.stringify(message) + "\n");
}

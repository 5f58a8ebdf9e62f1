/** Echo. */
import { assertEquals } from "@std/assert";
import { echo } from "../../challenges/echo.ts";
import { Cluster } from "../cluster.ts";

Deno.test("what is sent comes back, whatever it is", async () => {
  const cluster = await Cluster.start(1, echo);
  for (const value of ["Please echo 35", "", 0, null, [1, { a: "ä€😀" }]]) {
    const answer = await cluster.ask("n0", { type: "echo", echo: value });
    assertEquals([answer?.type, answer?.echo], ["echo_ok", value]);
  }
});

/**
 * Plans of what clients do, and of what is done to nodes: for the tests of what
 * survives.
 *
 * @module
 */
import fc from "fast-check";

/** Plans whose steps are those that are named, each as often as it's named. */
export function plansOf<What extends string>(...steps: What[]) {
  return fc.record({
    seed: fc.nat(1e6),
    nodes: fc.integer({ min: 2, max: 4 }),
    latencyMs: fc.constantFrom(0, 1, 20, 100),
    latencyDist: fc.constantFrom("constant" as const, "exponential" as const),
    pLoss: fc.constantFrom(0, 0.1),
    pDuplicate: fc.constantFrom(0, 0.2),
    pReorder: fc.constantFrom(0, 0.3),
    steps: fc.array(
      fc.record({
        node: fc.nat(3),
        what: fc.constantFrom(...steps),
        waitMs: fc.constantFrom(0, 1, 5, 50, 200, 1500),
      }),
      { minLength: 20, maxLength: 60 },
    ),
  });
}

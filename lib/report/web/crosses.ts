/**
 * The ends of lost messages in a drawing. How far each of them came nobody
 * knows; so each ends somewhere on its way, where no other ends at the same
 * time.
 *
 * @module
 */

/** A lost message, between the numbers of two lanes. */
export interface Lost {
  sentMs: number;
  from: number;
  to: number;
}

/** Parts of the way after which it may end, the best first. */
const parts = [0.4, 0.52, 0.28, 0.64, 0.34, 0.46, 0.58, 0.22, 0.7];

/** The least distance between crosses, in lanes. */
const apart = 0.3;

/**
 * Finds the part of its way after which each message ends.
 *
 * @param lost in the order in which they were sent.
 * @param togetherMs messages that were sent within this time have to end in
 * different places.
 */
export function endsOf(lost: readonly Lost[], togetherMs: number): number[] {
  let recent: { ms: number; place: number }[] = [];
  return lost.map(({ sentMs, from, to }) => {
    recent = recent.filter(({ ms }) => ms >= sentMs - togetherMs);
    const distanceOf = (part: number) =>
      Math.min(
        apart,
        ...recent.map(({ place }) => Math.abs(place - placeAt(part))),
      );
    const placeAt = (part: number) => from + part * (to - from);
    const best = parts.reduce((a, b) => distanceOf(b) > distanceOf(a) ? b : a);
    recent.push({ ms: sentMs, place: placeAt(best) });
    return best;
  });
}

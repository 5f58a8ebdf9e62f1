/**
 * Collections in maps.
 *
 * @module
 */

/** Returns a map's value for a key, made when it is first asked for. */
export function inner<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}

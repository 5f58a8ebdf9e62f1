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

/** An empty map, for {@linkcode inner}. */
export function newMap<K, V>(): Map<K, V> {
  return new Map();
}

/** An empty set. */
export function newSet<T>(): Set<T> {
  return new Set();
}

/** An empty list. */
export function newList<T>(): T[] {
  return [];
}

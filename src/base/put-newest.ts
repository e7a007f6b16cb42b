/**
 * Puts an entry last in a map that is in the order of use, or moves it there; while there are more than `max`, the first
 * ones go. So a memory of answers, tokens or objects cannot grow with what others send.
 */
export function putNewest<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}

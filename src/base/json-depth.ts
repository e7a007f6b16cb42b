/**
 * Whether objects and lists lie in each other more than `limit` times. It does not call itself, so that any depth can be
 * asked: what walks through a value does, and JSON.stringify too, and there a stack ends.
 */
export function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= limit; depth += 1) {
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
    if (level.length === 0) return false;
  }
  return true;
}

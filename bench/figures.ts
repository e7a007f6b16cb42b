/** Prints one measurement. */
export function row(name: string, figure: string): void {
  console.log(`${name.padEnd(56)} ${figure}`);
}

/** Least, median and ninth decile of times in milliseconds. */
export function summarize(timesMs: readonly number[]): string {
  const sorted = timesMs.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `min ${at(0)} ms, p50 ${at(0.5)} ms, p90 ${at(0.9)} ms (n=${sorted.length})`;
}

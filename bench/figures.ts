/** One line of the output: what was measured, the figure, and what it should be. */
export function row(name: string, figure: string, target?: string): void {
  console.log(`${name.padEnd(62)} ${figure}${target === undefined ? '' : `   (target: ${target})`}`);
}

/** Least, median and ninth decile of times in milliseconds. */
export function summarize(timesMs: readonly number[]): string {
  const sorted = timesMs.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `min ${at(0)} ms, p50 ${at(0.5)} ms, p90 ${at(0.9)} ms (n=${sorted.length})`;
}

/** The middle one of some figures, not sorted. */
export function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
}

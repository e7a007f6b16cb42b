/**
 * Completion indexes as a Job's status writes them: in order, runs of three or more as `first-last`, two neighbours as
 * `a,b` (batch/v1 JobStatus.completedIndexes; indexed_job_utils.go).
 */
export function renderIndexes(indexes: Iterable<number>): string {
  const sorted = [...new Set(indexes)].sort((a, b) => a - b);
  const runs: { first: number; last: number }[] = [];
  for (const index of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && run.last + 1 === index) run.last = index;
    else runs.push({ first: index, last: index });
  }
  const texts = runs.map(({ first, last }) => {
    if (first === last) return String(first);
    return last === first + 1 ? `${first},${last}` : `${first}-${last}`;
  });
  return texts.join(',');
}

/** The indexes of a text such as `0-2,5` that are below `completions`; what is not understood is left out. */
export function parseIndexes(text: string | undefined, completions: number): ReadonlySet<number> {
  const found = new Set<number>();
  for (const part of (text ?? '').split(',')) {
    const [first, last = first] = part.split('-').map((digits) => (/^\d+$/.test(digits) ? Number(digits) : NaN));
    if (first === undefined || last === undefined || Number.isNaN(first) || Number.isNaN(last)) continue;
    for (let index = first; index <= last && index < completions; index += 1) found.add(index);
  }
  return found;
}

import { editDistance } from './edit-distance.ts';

const SHORTEST_PREFIX = 3;

/**
 * The candidate that a person most likely meant by `word`; undefined when none is close. Upper and lower case count as
 * equal, about a third of the letters may differ, and one may be the beginning of the other (`certificate`, `cert`).
 */
export function nearest<T extends string>(word: string, candidates: readonly T[]): T | undefined {
  const wanted = word.toLowerCase();
  let best: { readonly candidate: T; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const most = Math.max(1, Math.floor(candidate.length / 3));
    // Never so far that nothing of a short word is left, and no work on words that can't be close.
    if (Math.abs(candidate.length - word.length) > most) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance > most || distance >= Math.min(word.length, best?.distance ?? Infinity)) continue;
    best = { candidate, distance };
  }
  if (best !== undefined || wanted.length < SHORTEST_PREFIX) return best?.candidate;
  return candidates.find(
    (candidate) =>
      candidate.length >= SHORTEST_PREFIX &&
      (wanted.startsWith(candidate.toLowerCase()) || candidate.toLowerCase().startsWith(wanted)),
  );
}

/** `; did you mean "x"?` for a message about `word`, or nothing where no candidate is close. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const meant = nearest(word, candidates);
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}

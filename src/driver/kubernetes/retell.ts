/**
 * An event that is still true is told again after this, milliseconds: the API server forgets events after an hour
 * (kube-apiserver's `--event-ttl`), and who looks at a pod in the middle of the night has to find why it is not well.
 */
export const RETELL_AFTER_MS = 50 * 60_000;

/**
 * What a pod's events tell of failures that are tried again and again: the causes, and since when ({@link Clock.monotonic});
 * `undefined` where one was met and is told only if the next try meets it too.
 */
export type ToldCauses = ReadonlyMap<string, number | undefined>;

/** Nothing was told yet, or it is over. */
export const NOTHING_TOLD: ToldCauses = new Map();

/** Whether anything was told that is not over yet. */
export function isAnyTold(told: ToldCauses): boolean {
  return [...told.values()].some((atMs) => atMs !== undefined);
}

/**
 * Decides which failures of a try to tell, so that each cause is told once, not once a try: those that are new or were told
 * long ago. Causes that the try did not meet are forgotten; one that comes with another time or pause is the same.
 * `doubtful` failures may be over at the next try, and would mislead until then: they are told when that meets them again.
 */
export function planTelling(
  told: ToldCauses,
  failures: readonly string[],
  nowMs: number,
  doubtful: ReadonlySet<string> = new Set(),
): { readonly told: ToldCauses; readonly tell: readonly string[] } {
  const telling = new Map<string, number | undefined>();
  const tell: string[] = [];
  for (const text of failures) {
    const cause = withoutTimes(text);
    if (telling.has(cause)) continue;
    if (doubtful.has(text) && !told.has(cause)) {
      telling.set(cause, undefined);
      continue;
    }
    const toldAtMs = told.get(cause);
    const isKnown = toldAtMs !== undefined && nowMs - toldAtMs < RETELL_AFTER_MS;
    telling.set(cause, isKnown ? toldAtMs : nowMs);
    if (!isKnown) tell.push(text);
  }
  return { told: telling, tell };
}

function withoutTimes(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?|\d+(?:\.\d+)? ?(?:ms|s)\b/g, '#');
}

/**
 * An event that is still true is told again after this, milliseconds: the API server forgets events after an hour
 * (kube-apiserver's `--event-ttl`), and who looks at a pod in the middle of the night has to find why it is not well.
 */
export const RETELL_AFTER_MS = 50 * 60_000;

/** What a pod's events tell of failures that are tried again and again: the causes, and since when ({@link Clock.monotonic}). */
export type ToldCauses = ReadonlyMap<string, number>;

/** Nothing was told yet, or it is over. */
export const NOTHING_TOLD: ToldCauses = new Map();

/**
 * Decides which failures of a try to tell, so that each cause is told once, not once a try: those that are new or were told
 * long ago. Causes that the try did not meet are forgotten; one that comes with another time or pause is the same.
 */
export function planTelling(
  told: ToldCauses,
  failures: readonly string[],
  nowMs: number,
): { readonly told: ToldCauses; readonly tell: readonly string[] } {
  const telling = new Map<string, number>();
  const tell: string[] = [];
  for (const text of failures) {
    const cause = withoutTimes(text);
    const toldAtMs = telling.get(cause) ?? told.get(cause);
    const isKnown = toldAtMs !== undefined && nowMs - toldAtMs < RETELL_AFTER_MS;
    telling.set(cause, isKnown ? toldAtMs : nowMs);
    if (!isKnown) tell.push(text);
  }
  return { told: telling, tell };
}

function withoutTimes(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?|\d+(?:\.\d+)? ?(?:ms|s)\b/g, '#');
}

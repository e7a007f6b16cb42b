import { createHash } from 'node:crypto';
import { parseDuration, renderDuration } from '#base';

/** Annotations with which people steer refreshes (docs/refresh.md). */
export const REFRESH_ANNOTATIONS = {
  /** On a class or a pod: any new value refreshes its volumes at once. */
  refresh: 'secrets-store.csi.k8s.io/refresh',
  /** On a class: the time between two checks of its volumes, in place of `--rotation-poll-interval`. */
  interval: 'secrets-store.csi.k8s.io/rotation-poll-interval',
} as const;

/** Whoever may write a class is not who pays for the vault's load: less is the flag's to allow. */
const MIN_INTERVAL_MS = 10_000;
const MAX_INTERVAL_MS = 366 * 24 * 3_600_000;

/** What a class says about the time between two checks. */
export interface ClassInterval {
  /** Undefined: it says nothing that counts, so the flag does. */
  readonly intervalMs: number | undefined;
  /** What is wrong with what it says, for an event. */
  readonly problem: string | undefined;
}

/** Reads {@link REFRESH_ANNOTATIONS}.interval of a class. */
export function parseIntervalAnnotation(annotations: Readonly<Record<string, unknown>>): ClassInterval {
  const text = annotations[REFRESH_ANNOTATIONS.interval];
  if (typeof text !== 'string') return { intervalMs: undefined, problem: undefined };
  const intervalMs = parseDuration(text.trim());
  const bad = (why: string): ClassInterval => ({
    intervalMs: undefined,
    problem: `annotation ${REFRESH_ANNOTATIONS.interval}: ${JSON.stringify(text.slice(0, 40))} ${why}; the interval of --rotation-poll-interval counts`,
  });
  if (intervalMs === undefined) return bad('is no duration, for example 90s, 15m or 1h30m');
  if (intervalMs < MIN_INTERVAL_MS) return bad(`is shorter than ${renderDuration(MIN_INTERVAL_MS)}`);
  if (intervalMs > MAX_INTERVAL_MS) return bad(`is longer than ${renderDuration(MAX_INTERVAL_MS)}`);
  return { intervalMs, problem: undefined };
}

/** A mark of the refresh annotation: equal values have equal marks; `''` where there is none. It tells nothing of the value. */
export function refreshMark(annotations: Readonly<Record<string, unknown>> | undefined): string {
  const value = annotations?.[REFRESH_ANNOTATIONS.refresh];
  return typeof value === 'string' && value !== '' ? mark(value) : '';
}

/** A short digest by which two texts are told apart. */
export function mark(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

import { issueText, KeyferryError, shortenMiddle, type ErrorCode, type Issue } from '#base';
import type { ObjectRef } from './broker/vault-object.ts';
import { objectLabel } from './parameters/object-spec.ts';

/** The words that begin every failed mount, upstream's. */
const PREFIX = 'failed to mount objects, error: ';

/**
 * How long the text of a failed mount may be, characters. It ends in an event of 1024, where kubelet's and the driver's
 * words about the volume and the pod stand before it.
 */
const MAX_TEXT = 780;
/** What one reason keeps of its text at least, however many there are. */
const MIN_REASON = 160;
/** How many objects with one reason are named. */
const MAX_LABELS = 5;

/**
 * The error for a mount whose input is wrong: every issue with its place, as many as an event has room for. `attributes`
 * are the mount's, which name the class.
 */
export function mountInputError(
  issues: readonly Issue[],
  attributes: Readonly<Record<string, string>> = {},
): KeyferryError {
  const texts = fitted(
    issues.map((issue) => shortenMiddle(issueText(issue), MAX_TEXT / 2)),
    MAX_TEXT,
  );
  return new KeyferryError('invalid-input', `${PREFIX}${classOf(attributes)}${texts.join('; ')}`, { issues });
}

function classOf(attributes: Readonly<Record<string, string>>): string {
  const name = attributes['secretProviderClass'] ?? '';
  const namespace = attributes['csi.storage.k8s.io/pod.namespace'] ?? '';
  return name === '' || namespace === '' ? '' : `secretproviderclass ${namespace}/${name}: `;
}

/** An object that could not be had, and why. */
export interface FailedFetch {
  readonly object: ObjectRef;
  readonly error: KeyferryError;
}

// To a driver UNAVAILABLE means that the provider is not there (it asks three times at once), and RESOURCE_EXHAUSTED that
// the answer is too large. Azure's trouble is neither; upstream answers UNKNOWN to everything.
const CODES_AT_THE_EDGE: Partial<Record<ErrorCode, ErrorCode>> = {
  unavailable: 'unknown',
  'resource-exhausted': 'unknown',
};

/**
 * The error for a mount whose objects could not all be had. Every object that failed is named; a reason that several have
 * in common (a refused identity) is said once. What helps against a reason is never cut off by the reason's length.
 */
export function fetchError(failed: readonly FailedFetch[]): KeyferryError {
  const labelsByReason = new Map<string, { readonly error: KeyferryError; readonly labels: string[] }>();
  for (const { object, error } of failed) {
    const key = `${error.message}\n${error.hint ?? ''}`;
    const group = labelsByReason.get(key) ?? { error, labels: [] };
    group.labels.push(objectLabel(object));
    labelsByReason.set(key, group);
  }
  const groups = [...labelsByReason.values()];
  const room = Math.max(MIN_REASON, Math.floor(MAX_TEXT / groups.length));
  const texts = fitted(
    groups.map(({ error, labels }) => groupText(error, labels, room)),
    MAX_TEXT,
  );
  const first = failed[0]?.error ?? new KeyferryError('internal', 'no object failed');
  // No cause: its text stands in the message, perhaps cut, and would be told again after it.
  return new KeyferryError(CODES_AT_THE_EDGE[first.code] ?? first.code, `${PREFIX}${texts.join('; ')}`, {
    ...(first.upstreamCode === undefined ? {} : { upstreamCode: first.upstreamCode }),
    ...(first.retryAfterMs === undefined ? {} : { retryAfterMs: first.retryAfterMs }),
    ...(first.upstreamRequestId === undefined ? {} : { upstreamRequestId: first.upstreamRequestId }),
  });
}

function groupText(error: KeyferryError, labels: readonly string[], room: number): string {
  const [first = '', ...others] = labels;
  const named = [first, ...others.slice(0, MAX_LABELS - 1).map((label) => label.replace('failed to get ', ''))];
  if (labels.length > MAX_LABELS) named.push(`${labels.length - MAX_LABELS} more`);
  const begin = `${named.join('; ')}: `;
  const end = error.hint === undefined ? '' : ` (${error.hint})`;
  return `${begin}${shortenMiddle(error.message, Math.max(MIN_REASON, room - begin.length - end.length))}${end}`;
}

/** The texts that fit in `room` together, and how many are left out; always at least the first. */
function fitted(texts: readonly string[], room: number): readonly string[] {
  let used = 0;
  const count = texts.findIndex((text) => (used += text.length + 2) > room);
  if (count < 0) return texts;
  const kept = texts.slice(0, Math.max(1, count));
  return kept.length === texts.length ? texts : [...kept, `and ${texts.length - kept.length} more`];
}

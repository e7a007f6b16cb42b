import { badRequest, invalid, type FieldIssue } from '../status-errors.ts';
import { isTrue } from './parse-request.ts';

/** What a list or a watch asks for beside its selectors (meta/v1 ListOptions). */
export interface ListOptions {
  /** 0 for all. */
  readonly limit: number;
  readonly continue: string | undefined;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: 'Exact' | 'NotOlderThan' | undefined;
  /** Undefined when the client does not say. */
  readonly sendInitialEvents: boolean | undefined;
  readonly allowWatchBookmarks: boolean;
  /** 0 when the client does not say. */
  readonly timeoutSeconds: number;
}

/** Reads the query of a list or a watch. Throws 400 for numbers that are none, and 422 for what does not go together. */
export function parseListOptions(query: URLSearchParams, verb: 'list' | 'watch'): ListOptions {
  const match = query.get('resourceVersionMatch') ?? '';
  const initial = query.get('sendInitialEvents');
  const options = {
    limit: wholeNumber(query.get('limit')),
    continue: query.get('continue') || undefined,
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: match,
    sendInitialEvents: initial === null || initial === '' ? undefined : isTrue(initial),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    timeoutSeconds: wholeNumber(query.get('timeoutSeconds')),
  };
  const issues = verb === 'watch' ? watchIssues(options) : listIssues(options);
  if (issues.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', issues);
  return { ...options, resourceVersionMatch: (match || undefined) as ListOptions['resourceVersionMatch'] };
}

function wholeNumber(text: string | null): number {
  if (text === null || text === '') return 0;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  // Go's numbers go a little further than those that JavaScript counts exactly.
  if (!Number.isSafeInteger(Number(text))) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return Math.max(0, Number(text));
}

type Unchecked = Omit<ListOptions, 'resourceVersionMatch'> & { readonly resourceVersionMatch: string };

const MATCH = 'resourceVersionMatch';

function forbid(field: string, detail: string): FieldIssue {
  return { field, reason: 'FieldValueForbidden', detail };
}

function unsupported(value: string, allowed: readonly string[]): FieldIssue {
  const list = allowed.map((text) => JSON.stringify(text)).join(', ');
  return { field: MATCH, reason: 'FieldValueNotSupported', value, detail: `supported values: ${list}` };
}

/** ValidateListOptions of apimachinery's internalversion validation. */
function listIssues(options: Unchecked): FieldIssue[] {
  const { resourceVersionMatch: match, resourceVersion, sendInitialEvents } = options;
  const issues: FieldIssue[] = [];
  if (match !== '') {
    if (resourceVersion === '') {
      issues.push(forbid(MATCH, `${MATCH} is forbidden unless resourceVersion is provided`));
    }
    if (options.continue !== undefined) {
      issues.push(forbid(MATCH, `${MATCH} is forbidden when continue is provided`));
    }
    if (match !== 'Exact' && match !== 'NotOlderThan') issues.push(unsupported(match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0') {
      issues.push(forbid(MATCH, `${MATCH} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (sendInitialEvents !== undefined) {
    issues.push(forbid('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return issues;
}

function watchIssues(options: Unchecked): FieldIssue[] {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const issues: FieldIssue[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    issues.push(forbid(MATCH, `sendInitialEvents requires setting ${MATCH} to NotOlderThan`));
  }
  if (match === '') return issues;
  if (sendInitialEvents === undefined) {
    issues.push(forbid(MATCH, `${MATCH} is forbidden for watch unless sendInitialEvents is provided`));
  }
  if (match !== 'NotOlderThan') issues.push(unsupported(match, ['NotOlderThan']));
  if (options.continue !== undefined) issues.push(forbid(MATCH, `${MATCH} is forbidden when continue is provided`));
  return issues;
}

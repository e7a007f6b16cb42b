import type { ApiError } from '../../api-access.ts';
import { choiceIssues, invalidIssue } from '../kinds/field-issues.ts';
import { invalid } from '../status-errors.ts';

/** The options of a write, by the method that it is asked with. */
const OPTION_KINDS: Readonly<Record<string, string>> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
  DELETE: 'DeleteOptions',
};

const MAX_MANAGER_LENGTH = 128;

/** Throws 422 for values that a write's query may not have (apimachinery meta/v1 validation). */
export function checkWriteQuery(method: string, query: URLSearchParams): void {
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  const manager = query.get('fieldManager') ?? '';
  const issues = [
    ...(dryRun.every((value) => value === 'All') ? [] : choiceIssues('dryRun', dryRun, ['All'])),
    ...choiceIssues('fieldValidation', query.get('fieldValidation') || undefined, ['', 'Ignore', 'Strict', 'Warn']),
    ...(manager.length > MAX_MANAGER_LENGTH
      ? [invalidIssue('fieldManager', manager, `may not be more than ${MAX_MANAGER_LENGTH} characters`)]
      : []),
  ];
  if (issues.length > 0)
    throw invalid({ group: 'meta.k8s.io', kind: OPTION_KINDS[method] ?? 'UpdateOptions' }, '', issues);
}

/** 422 for a force that is asked for outside of server-side apply. */
export function forceNotAllowed(): ApiError {
  return invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
    { field: 'force', reason: 'FieldValueForbidden', detail: 'may not be specified for non-apply patch' },
  ]);
}

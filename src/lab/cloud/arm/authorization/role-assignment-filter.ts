import { AzureError } from '../../rest/azure-error.ts';

/** Which role assignments a list shows. */
export interface AssignmentFilter {
  /** None of those below the scope. */
  readonly atScope: boolean;
  /** Those of this principal only; lower case. */
  readonly principalId?: string;
}

const PRINCIPAL = /^(?:principalId\s+eq\s+'?([0-9a-f-]{36})'?|assignedTo\('([0-9a-f-]{36})'\))$/i;

/**
 * Reads `atScope()`, `principalId eq '…'`, `assignedTo('…')`, or two of them joined by `and`. Throws 400 for anything else.
 * The lab has no groups, so what is assigned to a principal is what names it.
 */
export function parseAssignmentFilter(filter: string): AssignmentFilter {
  if (filter.trim() === '') return { atScope: false };
  const parsed = filter.split(/\s+and\s+/i).map((clause) => {
    if (/^atScope\(\)$/i.test(clause.trim())) return { atScope: true };
    const [, named, assigned] = PRINCIPAL.exec(clause.trim()) ?? [];
    const principalId = (named ?? assigned)?.toLowerCase();
    if (principalId === undefined) throw unsupported(filter);
    return { principalId };
  });
  return { atScope: false, ...Object.assign({}, ...parsed) };
}

function unsupported(filter: string): AzureError {
  return new AzureError(
    400,
    'UnsupportedQuery',
    `The filter '${filter}' is not supported. Supported filters are either 'atScope()' or 'principalId eq '{value}'' or ` +
      "'assignedTo('{value}')'.",
  );
}

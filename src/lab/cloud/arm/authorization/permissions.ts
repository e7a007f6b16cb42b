import { matchesPattern, trimEndSlashes } from '#base';
import type { RoleDefinition } from './built-in-roles.ts';

/** What somebody wants to do: an operation of ARM, or one on the contents of a resource. */
export interface WantedAction {
  readonly plane: 'control' | 'data';
  /** For example `Microsoft.KeyVault/vaults/read`. */
  readonly action: string;
}

/** Whether `role` allows an action: one of its permission sets names it and does not take it back. */
export function roleAllows(role: RoleDefinition, wanted: WantedAction): boolean {
  return role.permissions.some(({ actions, notActions, dataActions, notDataActions }) => {
    const [granted, excepted] = wanted.plane === 'control' ? [actions, notActions] : [dataActions, notDataActions];
    return fitsAny(granted, wanted.action) && !fitsAny(excepted, wanted.action);
  });
}

/** Whether `action` is one of `patterns`, in which each `*` stands for any text, slashes included. */
function fitsAny(patterns: readonly string[], action: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, action));
}

/** Whether the scope `outer` holds `inner`, or is it. Scopes are ARM ids; `/` holds everything. */
export function scopeHolds(outer: string, inner: string): boolean {
  const [above, below] = [trimScope(outer), trimScope(inner)];
  return below === above || below.startsWith(`${above}/`);
}

function trimScope(scope: string): string {
  return trimEndSlashes(scope.toLowerCase());
}

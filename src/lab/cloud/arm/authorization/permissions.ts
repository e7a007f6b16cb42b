import { trimEndSlashes } from '#base';
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

function fitsAny(patterns: readonly string[], action: string): boolean {
  return patterns.some((pattern) => fitsPattern(pattern, action));
}

/** Whether `action` fits `pattern`, in which each `*` stands for any text, slashes included. Case has no meaning. */
export function fitsPattern(pattern: string, action: string): boolean {
  const [head = '', ...rest] = pattern.toLowerCase().split('*');
  const text = action.toLowerCase();
  if (rest.length === 0) return text === head;
  if (!text.startsWith(head)) return false;
  const tail = rest.pop() ?? '';
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - tail.length >= at && text.endsWith(tail);
}

/** Whether the scope `outer` holds `inner`, or is it. Scopes are ARM ids; `/` holds everything. */
export function scopeHolds(outer: string, inner: string): boolean {
  const [above, below] = [trimScope(outer), trimScope(inner)];
  return below === above || below.startsWith(`${above}/`);
}

function trimScope(scope: string): string {
  return trimEndSlashes(scope.toLowerCase());
}

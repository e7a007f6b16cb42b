import { isRecord, ownField, setField } from '../json.ts';

/** Applies a JSON merge patch (RFC 7386); nothing is changed in place. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else setField(merged, field, applyMergePatch(ownField(merged, field), value));
  }
  return merged;
}

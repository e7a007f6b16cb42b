import { BUILTIN_KINDS } from './apiserver/kinds/builtin-kinds.ts';
import type { ServedKind } from './controllers/index.ts';

/** The API server's built-in kinds as the controllers see them: each once, in the version that is stored. */
export function servedKinds(): readonly ServedKind[] {
  return BUILTIN_KINDS.filter(({ version, storageVersion }) => version === storageVersion).map(
    ({ kind, group, version, resource, namespaced }) => ({ kind, ref: { group, version, resource }, namespaced }),
  );
}

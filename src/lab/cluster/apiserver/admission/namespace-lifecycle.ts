import type { Target } from '../operations/context.ts';
import { forbidden, notFound } from '../status-errors.ts';
import type { AdmissionStep } from './admission.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };

/** Refuses new objects in a namespace that is missing or going away (kube-apiserver's NamespaceLifecycle). */
export const checkNamespaceLifecycle: AdmissionStep = (context, { target, verb, object }) => {
  const { kind, namespace } = target;
  if (verb !== 'create' || !kind.namespaced || namespace === undefined) return object;
  const found = context.storage.get(NAMESPACES, undefined, namespace);
  if (found === undefined) throw notFound(NAMESPACES, namespace);
  if (found.metadata.deletionTimestamp === undefined) return object;
  throw forbidden(
    kind,
    object.metadata.name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
};

/** Namespaces that cannot be deleted (kube-apiserver's NamespaceLifecycle). */
const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** Throws 403 for a namespace that every cluster keeps. */
export function checkMayBeDeleted({ kind, name }: Target): void {
  if (kind.group !== '' || kind.kind !== 'Namespace' || !IMMORTAL.has(name)) return;
  throw forbidden(NAMESPACES, name, 'this namespace may not be deleted');
}

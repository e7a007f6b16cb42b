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

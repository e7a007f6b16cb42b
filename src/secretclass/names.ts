import { createHash } from 'node:crypto';
import type { ResourceRef } from '#kube';

/** The API group of both kinds. */
export const SECRET_CLASS_GROUP = 'secrets-store.csi.x-k8s.io';

/** The two kinds in their storage version. */
export const SECRET_CLASS_RESOURCES = {
  classes: { group: SECRET_CLASS_GROUP, version: 'v1', resource: 'secretproviderclasses' },
  podStatuses: { group: SECRET_CLASS_GROUP, version: 'v1', resource: 'secretproviderclasspodstatuses' },
} as const satisfies Record<string, ResourceRef>;

/** Labels that other programs look for. */
export const SECRET_CLASS_LABELS = {
  /** On each Secret that was made from a volume; its value is `true`. */
  managed: 'secrets-store.csi.k8s.io/managed',
  /** On each pod status: the node that wrote it. */
  node: 'internal.secrets-store.csi.k8s.io/node-name',
} as const;

/** Annotations that a person sets. */
export const SECRET_CLASS_ANNOTATIONS = {
  /** On a Secret that somebody else made: `true` hands it over to the driver. */
  adopt: 'secrets-store.csi.k8s.io/adopt',
} as const;

// A name of an object is a DNS subdomain: at most 253 characters.
const MAX_NAME = 253;

/**
 * The name of a pod status: `<pod>-<namespace>-<class>`, as upstream names it. A longer one than a name may be, which
 * upstream can't write at all, is cut and ends with a digest of the whole.
 */
export function podStatusName(pod: string, namespace: string, className: string): string {
  const full = `${pod}-${namespace}-${className}`;
  if (full.length <= MAX_NAME) return full;
  const digest = createHash('sha256').update(full).digest('hex').slice(0, 16);
  return `${full.slice(0, MAX_NAME - digest.length - 1).replace(/[-.]+$/, '')}-${digest}`;
}

import type { KubeObject } from '#kube';

/** The roles and bindings that a cluster begins with. */
export const BOOTSTRAP_ROLES: readonly KubeObject[] = [];

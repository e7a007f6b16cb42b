import type { KubeObject } from '#kube';
import type { ApiContext, Target, WriteOptions } from '../operations/context.ts';
import { admitDefaultTolerations } from './default-tolerations.ts';
import { checkNamespaceLifecycle } from './namespace-lifecycle.ts';
import { admitPodPriority } from './pod-priority.ts';
import { admitPodResources } from './pod-resources.ts';
import { checkRoleEscalation } from './role-escalation.ts';
import { admitServiceAccount } from './service-account.ts';
import { assignServiceAddresses } from './service-addresses.ts';

/** One write on its way to the storage. */
export interface AdmissionRequest {
  readonly target: Target;
  readonly verb: 'create' | 'update';
  readonly object: KubeObject;
  /** Undefined on create. */
  readonly old?: KubeObject;
  readonly options: WriteOptions;
}

/** A step of admission: answers the object, changed or not, or throws its refusal. */
export type AdmissionStep = (context: ApiContext, request: AdmissionRequest) => KubeObject;

const STEPS: readonly AdmissionStep[] = [
  checkNamespaceLifecycle,
  admitServiceAccount,
  admitPodPriority,
  admitDefaultTolerations,
  admitPodResources,
  assignServiceAddresses,
  checkRoleEscalation,
];

/** Passes the object through the admission steps in their order; each may change it or refuse it. */
export function admit(context: ApiContext, request: AdmissionRequest): KubeObject {
  return STEPS.reduce((object, step) => step(context, { ...request, object }), request.object);
}

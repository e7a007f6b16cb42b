import type { KubeObject } from '#kube';
import type { ApiContext, Target, WriteOptions } from '../operations/context.ts';

/** One write on its way to the storage. */
export interface AdmissionRequest {
  readonly target: Target;
  readonly verb: 'create' | 'update';
  readonly object: KubeObject;
  readonly old?: KubeObject;
  readonly options: WriteOptions;
}

/** Passes the object through the admission steps in their order; each may change it or refuse it. */
export function admit(_context: ApiContext, request: AdmissionRequest): KubeObject {
  return request.object;
}

import type { KubeObject } from '#kube';
import { badRequest } from '../status-errors.ts';
import type { ApiContext, Target, WriteOptions } from './context.ts';

/** How an apply was asked for. */
export interface ApplyOptions extends WriteOptions {
  /** Take fields over from other managers. */
  readonly force: boolean;
}

/** Server-side apply: makes the object hold what `body` says, and remembers that `fieldManager` owns it. */
export function applyObject(
  _context: ApiContext,
  _target: Target,
  _body: unknown,
  _options: ApplyOptions,
): { readonly object: KubeObject; readonly created: boolean } {
  throw badRequest('server-side apply is not served yet');
}

import type { KubeObject } from '#kube';
import type { PatchType } from '../../api-access.ts';
import { isRecord, recordOf } from '../json.ts';
import { applyJsonPatch, parseJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { applyStrategicPatch } from '../patch/strategic-merge.ts';
import { badRequest, unsupportedMediaType } from '../status-errors.ts';
import { requireObject, type ApiContext, type Target, type WriteOptions } from './context.ts';
import { decodeObject } from './decode.ts';
import { replaceObject } from './update.ts';

/** Changes the object by a patch and answers it. */
export function patchObject(
  context: ApiContext,
  target: Target,
  type: Exclude<PatchType, 'apply'>,
  body: unknown,
  options: WriteOptions,
): KubeObject {
  const live = requireObject(context, target);
  const patched = patchDocument(target, live, type, body);
  if (!isRecord(patched)) throw badRequest('the patch leaves no JSON object');
  const named = recordOf(patched['metadata'])['name'];
  if (named !== undefined && named !== target.name) {
    throw badRequest(`the name of the object (${String(named)}) does not match the name on the URL (${target.name})`);
  }
  const desired = decodeObject(target, patched, options);
  return replaceObject(context, target, { live, desired, options, operation: 'Update' });
}

function patchDocument(target: Target, live: KubeObject, type: Exclude<PatchType, 'apply'>, body: unknown): unknown {
  switch (type) {
    case 'json':
      return applyJsonPatch(live, parseJsonPatch(body));
    case 'merge':
      return applyMergePatch(live, body);
    case 'strategic':
      if (target.kind.schema.type !== 'struct' || target.kind.schema.name === undefined) {
        throw unsupportedMediaType(
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        );
      }
      return applyStrategicPatch(target.kind.schema, live, body);
  }
}

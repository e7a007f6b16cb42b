import type { KubeObject } from '#kube';
import type { PatchType } from '../../api-access.ts';
import { textOf, isRecord, recordOf } from '../json.ts';
import { applyJsonPatch, parseJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { applyStrategicPatch } from '../patch/strategic-merge.ts';
import type { Schema } from '../schema/schema.ts';
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
  const patched = patchDocument(target.kind.schema, live, type, body);
  if (!isRecord(patched)) throw badRequest('the patch leaves no JSON object');
  const named = recordOf(patched['metadata'])['name'];
  if (named !== undefined && named !== target.name) {
    throw badRequest(`the name of the object (${textOf(named)}) does not match the name on the URL (${target.name})`);
  }
  const desired = decodeObject(target, patched, options);
  return replaceObject(context, target, { live, desired, options });
}

/** `live` with the patch applied. Throws 400, 415 and 422 for a patch that cannot be. */
export function patchDocument(
  schema: Schema,
  live: KubeObject,
  type: Exclude<PatchType, 'apply'>,
  body: unknown,
): unknown {
  switch (type) {
    case 'json':
      return applyJsonPatch(live, parseJsonPatch(body));
    case 'merge':
      return applyMergePatch(live, body);
    case 'strategic':
    default:
      if (schema.type !== 'any' && (schema.type !== 'struct' || schema.name === undefined)) {
        throw unsupportedMediaType(
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        );
      }
      return applyStrategicPatch(schema, live, body);
  }
}

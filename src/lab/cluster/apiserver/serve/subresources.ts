import type { DeleteRequest } from '../../api-access.ts';
import { listOf, recordOf } from '../json.ts';
import { SCALE_COLUMNS } from '../kinds/columns.ts';
import { requireObject, type Target } from '../operations/context.ts';
import { decodeOptions } from '../operations/decode.ts';
import { evictPod } from '../operations/evict.ts';
import { patchDocument } from '../operations/patch.ts';
import { readScale, writeScale } from '../operations/scale.ts';
import { updateObject } from '../operations/update.ts';
import { badRequest, methodNotAllowed } from '../status-errors.ts';
import type { Call, ServeContext } from './context.ts';
import { requestToken } from './token-request.ts';
import type { ResourceRequest } from './parse-request.ts';
import { servePodLog } from './pod-log.ts';
import { mediaTypeOf, parseWriteOptions, patchTypeOf, readObject } from './read-request.ts';
import { sendJson } from './respond.ts';
import { viewed, viewOf } from './view.ts';

/** Serves every subresource but `status`. Exec and attach come here only without an upgrade to WebSocket. */
export async function serveSubresource(
  context: ServeContext,
  call: Call,
  info: ResourceRequest,
  target: Target,
): Promise<void> {
  switch (target.subresource ?? '') {
    case 'token':
      if (info.verb !== 'create') throw methodNotAllowed();
      sendJson(call.response, 201, await requestToken(context, target, await readObject(call.request)));
      return;
    case 'scale':
      await serveScale(context, call, info, target);
      return;
    case 'eviction':
      if (info.verb !== 'create') throw methodNotAllowed();
      await serveEviction(context, call, target);
      return;
    case 'finalize': {
      if (info.verb !== 'update') throw methodNotAllowed();
      const options = parseWriteOptions(call.request, call.url.searchParams, call.user);
      const body = await readObject(call.request);
      sendJson(call.response, 200, updateObject(context.api, target, body, options));
      return;
    }
    case 'log':
      if (info.verb !== 'get') throw methodNotAllowed();
      await servePodLog(context, call, target);
      return;
    default:
      throw badRequest('Upgrade request required');
  }
}

async function serveScale(context: ServeContext, call: Call, info: ResourceRequest, target: Target): Promise<void> {
  const { api } = context;
  const scale = readScale(target.kind, requireObject(api, target));
  if (info.verb === 'get') {
    sendJson(call.response, 200, viewed(context, { ...target.kind, columns: SCALE_COLUMNS }, viewOf(call), scale));
    return;
  }
  const body = await readObject(call.request);
  const options = parseWriteOptions(call.request, call.url.searchParams, call.user);
  if (info.verb === 'update') {
    sendJson(call.response, 200, writeScale(api, target, body, options));
    return;
  }
  if (info.verb !== 'patch') throw methodNotAllowed();
  const type = patchTypeOf(mediaTypeOf(call.request));
  const patched =
    type === 'apply' ? { ...scale, ...recordOf(body) } : patchDocument({ type: 'any' }, scale, type, body);
  sendJson(call.response, 200, writeScale(api, target, patched, options));
}

async function serveEviction(context: ServeContext, call: Call, target: Target): Promise<void> {
  const body = await readObject(call.request);
  const options = recordOf(decodeOptions('Eviction', body)['deleteOptions']);
  const { gracePeriodSeconds, preconditions } = options as DeleteRequest;
  const dryRun = listOf(options['dryRun']).includes('All');
  const write = parseWriteOptions(call.request, call.url.searchParams, call.user);
  const request = { gracePeriodSeconds, preconditions, dryRun: dryRun || write.dryRun };
  evictPod(context.api, target, request, { ...write, fieldManager: 'kube-apiserver', fieldValidation: 'Ignore' });
  sendJson(call.response, 201, { apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Success', code: 201 });
}

import type { KubeObject } from '#kube';
import { isCustom, type Kind } from '../kinds/kind.ts';
import { REVIEW_KINDS } from '../kinds/review-kinds.ts';
import type { Target, WriteOptions } from '../operations/context.ts';
import { applyObject } from '../operations/apply.ts';
import { createObject } from '../operations/create.ts';
import { deleteCollection, deleteObject } from '../operations/delete.ts';
import { patchObject } from '../operations/patch.ts';
import { getObject, listObjects } from '../operations/read.ts';
import { updateObject } from '../operations/update.ts';
import { methodNotAllowed, statusError, unknownResource } from '../status-errors.ts';
import { answerReview } from './reviews.ts';
import { requireAllowed } from './admit-request.ts';
import type { Call, ServeContext } from './context.ts';
import { waitForDefaultAccount } from './default-account.ts';
import { parseListOptions } from './list-options.ts';
import { isTrue, type ResourceRequest } from './parse-request.ts';
import { mediaTypeOf, parseDeleteRequest, parseWriteOptions, patchTypeOf, readObject } from './read-request.ts';
import { forceNotAllowed } from './write-issues.ts';
import { addWarnings, sendJson } from './respond.ts';
import { serveSubresource } from './subresources.ts';
import { partialMetadata, renderTable } from './table.ts';
import { selection, viewed, viewOf, type View } from './view.ts';
import { serveWatch } from './watch-stream.ts';

/** Serves a request for a resource whose sender may make it. */
export async function serveResource(context: ServeContext, call: Call, info: ResourceRequest): Promise<void> {
  const review = REVIEW_KINDS.find(
    ({ group, version, resource }) => group === info.group && version === info.version && resource === info.resource,
  );
  if (review !== undefined) {
    if (info.verb !== 'create') throw methodNotAllowed();
    const answer = await answerReview(context, call.user, review.kind, info.namespace, await readObject(call.request));
    sendJson(call.response, 201, answer);
    return;
  }
  const kind = context.api.kinds.get(info);
  if (kind.namespaced && info.namespace === undefined && (info.name !== '' || info.verb === 'create')) {
    throw info.verb === 'create' ? methodNotAllowed() : unknownResource();
  }
  const { subresource } = info;
  const target: Target = { kind, namespace: info.namespace, name: info.name, subresource };
  if (subresource === undefined || subresource === 'status') {
    if (subresource === 'status' && !kind.subresources.includes('status')) throw unknownResource();
    await serveObject(context, call, info, target);
    return;
  }
  if (!kind.subresources.some((known) => known === subresource)) throw unknownResource();
  await serveSubresource(context, call, info, target);
}

/** Verbs that are about one object; a collection has them not. */
const NAMED_VERBS: ReadonlySet<string> = new Set(['update', 'patch']);

async function serveObject(context: ServeContext, call: Call, info: ResourceRequest, target: Target): Promise<void> {
  const { api } = context;
  const { request, url, user } = call;
  const { kind } = target;
  const query = url.searchParams;
  const view = viewOf(call);
  if (kind.deprecation !== undefined) addWarnings(call.response, [kind.deprecation]);
  if (target.name === '' && NAMED_VERBS.has(info.verb)) throw methodNotAllowed();
  switch (info.verb) {
    case 'get':
      sendObject(context, call, kind, view, 200, getObject(api, target));
      return;
    case 'list':
      sendList(context, call, kind, view, info.namespace);
      return;
    case 'watch':
      await serveWatch(context, call, kind, info, view);
      return;
    case 'create': {
      if (target.name !== '') throw methodNotAllowed();
      const body = await readObject(request);
      const options = parseWriteOptions(request, query, user);
      await waitForDefaultAccount(context, target, body);
      const created = createObject(api, target, body, options);
      sendWritten(context, call, kind, view, 201, created, options);
      return;
    }
    case 'update': {
      const body = await readObject(request);
      const options = parseWriteOptions(request, query, user);
      sendWritten(context, call, kind, view, 200, updateObject(api, target, body, options), options);
      return;
    }
    case 'patch':
      await servePatch(context, call, target, view);
      return;
    case 'delete': {
      // a status is a part of its object: who may remove the part must not remove the whole by it
      if (target.subresource !== undefined) throw methodNotAllowed();
      const answer = deleteObject(api, target, parseDeleteRequest(await readObject(request), query));
      sendJson(call.response, 200, answer);
      return;
    }
    case 'deletecollection': {
      const asked = parseDeleteRequest(await readObject(request), query);
      sendJson(call.response, 200, deleteCollection(api, kind, selection(query, info.namespace), asked));
      return;
    }
  }
}

async function servePatch(context: ServeContext, call: Call, target: Target, view: View): Promise<void> {
  const { api } = context;
  const { request, url, user } = call;
  const type = patchTypeOf(mediaTypeOf(request));
  const body = await readObject(request);
  const options = parseWriteOptions(request, url.searchParams, user);
  if (type !== 'apply') {
    if (url.searchParams.has('force')) throw forceNotAllowed();
    sendWritten(context, call, target.kind, view, 200, patchObject(api, target, type, body, options), options);
    return;
  }
  if (api.storage.get(target.kind.collection, target.namespace, target.name) === undefined) {
    const { group, resource } = target.kind;
    requireAllowed(context, user, { type: 'resource', verb: 'create', group, resource, namespace: target.namespace });
    await waitForDefaultAccount(context, target, body);
  }
  const force = isTrue(url.searchParams.get('force'));
  if (url.searchParams.get('fieldManager') === null) {
    throw statusError({
      code: 422,
      reason: 'Invalid',
      message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    });
  }
  const { object, created } = applyObject(api, target, body, { ...options, force });
  sendWritten(context, call, target.kind, view, created ? 201 : 200, object, options);
}

function sendWritten(
  context: ServeContext,
  call: Call,
  kind: Kind,
  view: View,
  code: number,
  object: KubeObject,
  { warnings }: WriteOptions,
): void {
  addWarnings(call.response, warnings);
  sendObject(context, call, kind, view, code, object);
}

function sendObject(
  context: ServeContext,
  { response }: Call,
  kind: Kind,
  view: View,
  code: number,
  object: KubeObject,
): void {
  sendJson(response, code, viewed(context, kind, view, object));
}

function sendList(
  context: ServeContext,
  { response, url }: Call,
  kind: Kind,
  { representation, include }: View,
  namespace: string | undefined,
): void {
  const query = url.searchParams;
  const options = parseListOptions(query, 'list');
  const list = listObjects(context.api, kind, { ...selection(query, namespace), ...options });
  const { metadata, items } = list;
  switch (representation) {
    case 'table':
      sendJson(response, 200, renderTable(kind, items, { metadata, include, nowMs: context.api.clock.now() }));
      return;
    case 'partial':
    case 'partial-list':
      sendJson(response, 200, {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: items.map(partialMetadata),
      });
      return;
    case 'object':
      sendJson(response, 200, isCustom(kind) ? list : { ...list, items: items.map(withoutType) });
      return;
  }
}

/** Items of a list of a built-in kind do not say their kind: the list does. Those of custom resources do. */
function withoutType({ apiVersion: _apiVersion, kind: _kind, ...object }: KubeObject): object {
  return object;
}

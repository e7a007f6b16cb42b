import type { KubeObject } from '#kube';
import type { KubeList, ListQuery } from '../../api-access.ts';
import { recordOf } from '../json.ts';
import { groupVersion, type Kind } from '../kinds/kind.ts';
import { matchesFields, parseFieldSelector } from '../selectors/field-selector.ts';
import { matchesLabels, parseLabelSelector } from '../selectors/label-selector.ts';
import { badRequest, expired } from '../status-errors.ts';
import { requireObject, type ApiContext, type Target } from './context.ts';
import { fromStored } from './versions.ts';

/** Reads one object. Throws 404 when it is not there. */
export function getObject(context: ApiContext, target: Target): KubeObject {
  return requireObject(context, target);
}

/** A list query with its page. */
export interface PagedQuery extends ListQuery {
  /** At most this many; 0 or undefined: all. */
  readonly limit?: number | undefined;
  /** Where the page before ended. */
  readonly continue?: string | undefined;
}

/** Lists objects by namespace and name. A page goes on after the last name of the page before, with what is stored then. */
export function listObjects(context: ApiContext, kind: Kind, query: PagedQuery): KubeList {
  const matches = selectorOf(kind, query);
  const all = context.storage
    .list(kind.collection, query.namespace)
    .map((object) => fromStored(kind, object))
    .filter(matches);
  const start = query.continue === undefined ? 0 : firstAfter(all, parseContinue(query.continue));
  const limit = query.limit === undefined || query.limit <= 0 ? all.length : query.limit;
  const items = all.slice(start, start + limit);
  const last = items.at(-1);
  const remaining = all.length - start - items.length;
  return {
    apiVersion: groupVersion(kind),
    kind: kind.listKind,
    metadata: {
      resourceVersion: String(context.storage.revision),
      ...(remaining > 0 && last !== undefined ? { continue: renderContinue(last), remainingItemCount: remaining } : {}),
    },
    items,
  };
}

/** A predicate of what the query's namespace and selectors let through. Throws 400 for a selector that cannot be read. */
export function selectorOf(kind: Kind, query: ListQuery): (object: KubeObject) => boolean {
  const labels = parseLabelSelector(query.labelSelector ?? '');
  const fields = parseFieldSelector(query.fieldSelector ?? '', kind.selectableFields);
  return (object) =>
    (query.namespace === undefined || object.metadata.namespace === query.namespace) &&
    matchesLabels(labels, object.metadata.labels) &&
    matchesFields(fields, object);
}

function sortKey(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;
}

function renderContinue(last: KubeObject): string {
  return Buffer.from(JSON.stringify({ v: 1, after: sortKey(last) })).toString('base64url');
}

function parseContinue(token: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw badRequest('continue key is not valid');
  }
  const { v, after } = recordOf(parsed);
  if (v !== 1 || typeof after !== 'string') throw expired('The provided continue parameter is too old');
  return after;
}

function firstAfter(objects: readonly KubeObject[], after: string): number {
  const index = objects.findIndex((object) => sortKey(object) > after);
  return index === -1 ? objects.length : index;
}

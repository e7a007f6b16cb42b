import type { KubeObject } from '#kube';
import { ApiError, type KubeList, type ListQuery } from '../../api-access.ts';
import { groupVersion, type Kind } from '../kinds/kind.ts';
import { matchesFields, parseFieldSelector } from '../selectors/field-selector.ts';
import { matchesLabels, parseLabelSelector } from '../selectors/label-selector.ts';
import { badRequest, expired, tooLargeVersion } from '../status-errors.ts';
import { requireObject, type ApiContext, type Target } from './context.ts';
import { parseContinueToken, renderContinueToken, type PagePosition } from './continue-token.ts';
import { fromStored } from './versions.ts';

/** Reads one object. Throws 404 when it is not there. */
export function getObject(context: ApiContext, target: Target): KubeObject {
  return requireObject(context, target);
}

/** A list query with its page and its moment. */
export interface PagedQuery extends ListQuery {
  /** At most this many; 0 or undefined: all. */
  readonly limit?: number | undefined;
  /** Where the page before ended. */
  readonly continue?: string | undefined;
  /** '' or undefined: now. */
  readonly resourceVersion?: string | undefined;
  /** Left out, a page of a version shows that version, and a whole list something not older. */
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined;
}

/**
 * Lists objects by namespace and name. All pages show the objects of one moment; throws 410 when the history does not
 * reach back to it any more, and 504 for a moment that is not yet.
 */
export function listObjects(context: ApiContext, kind: Kind, query: PagedQuery): KubeList {
  const { storage } = context;
  const matches = selectorOf(kind, query);
  const page = query.continue === undefined ? undefined : parseContinueToken(query.continue);
  const asked = askedRevision(query, storage.revision);
  if (page !== undefined && asked !== undefined) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const moment = page === undefined ? asked : page.revision;
  // No token of this server says so: the moment would not stand still between its pages.
  if (moment !== undefined && moment > storage.revision) throw tooLargeVersion(moment, storage.revision);
  const revision = moment ?? storage.revision;
  const objects =
    moment === undefined ? storage.list(kind.collection, query.namespace) : past(context, kind, query, moment, page);
  const all = objects.map((object) => fromStored(kind, object)).filter(matches);
  const start = page === undefined ? 0 : firstAfter(all, page.after);
  const limit = query.limit === undefined || query.limit <= 0 ? all.length : query.limit;
  const items = all.slice(start, start + limit);
  const last = items.at(-1);
  const remaining = all.length - start - items.length;
  const selects = Boolean(query.labelSelector) || Boolean(query.fieldSelector);
  return {
    apiVersion: groupVersion(kind),
    kind: kind.listKind,
    metadata: {
      resourceVersion: String(revision),
      ...(remaining > 0 && last !== undefined
        ? {
            continue: renderContinueToken({ revision, after: sortKey(last) }),
            // how many remain of a selection is not told (ListMeta of the API reference)
            ...(selects ? {} : { remainingItemCount: remaining }),
          }
        : {}),
    },
    items,
  };
}

/** The revision that the list must show; undefined for any that is new enough. Throws 400 and 504. */
function askedRevision(query: PagedQuery, newest: number): number | undefined {
  const { resourceVersion = '', resourceVersionMatch: match } = query;
  if (resourceVersion === '' || resourceVersion === '0') return undefined;
  if (!/^\d+$/.test(resourceVersion)) {
    const text = JSON.stringify(resourceVersion);
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${text}: strconv.ParseUint: parsing ${text}: invalid syntax`,
    );
  }
  const revision = Number(resourceVersion);
  if (revision > newest) throw tooLargeVersion(revision, newest);
  const exact = match === 'Exact' || (match === undefined && (query.limit ?? 0) > 0);
  return exact ? revision : undefined;
}

const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** The objects of an earlier moment. */
function past(
  { storage }: ApiContext,
  kind: Kind,
  { namespace }: PagedQuery,
  revision: number,
  page: PagePosition | undefined,
): readonly KubeObject[] {
  try {
    return storage.listAt(kind.collection, revision, namespace);
  } catch (error) {
    if (page === undefined || !(error instanceof ApiError) || error.body.code !== 410) throw error;
    throw expired(TOO_OLD, { continue: renderContinueToken({ revision: undefined, after: page.after }) });
  }
}

/** A predicate of what the query's namespace and selectors let through. Throws 400 for a selector that cannot be read. */
export function selectorOf(kind: Kind, query: ListQuery): (object: KubeObject) => boolean {
  const labels = parseLabelSelector(query.labelSelector ?? '');
  const fields = parseFieldSelector(query.fieldSelector ?? '', kind.selectableFields);
  return (object) =>
    (query.namespace === undefined || object.metadata.namespace === query.namespace) &&
    matchesLabels(labels, object.metadata.labels) &&
    matchesFields(fields, object, kind.fieldReaders);
}

function sortKey(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;
}

function firstAfter(objects: readonly KubeObject[], after: string): number {
  const index = objects.findIndex((object) => sortKey(object) > after);
  return index === -1 ? objects.length : index;
}

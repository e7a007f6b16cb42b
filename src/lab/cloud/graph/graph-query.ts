import { AzureError } from '../rest/azure-error.ts';
import { json, queryValue, textOr } from '../rest/request.ts';
import { odataContext, type GraphCall } from './graph-call.ts';
import { badRequest } from './graph-errors.ts';
import { parseGraphFilter } from './graph-filter.ts';
import type { GraphObject } from './graph-objects.ts';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 999;

/**
 * Answers a list: `$filter`, `$orderby` by one field, `$select`, `$count`, and pages of `$top` (default 100) that
 * `@odata.nextLink` leads through. Throws 400 for values that Graph does not take.
 */
export function answerList(call: GraphCall, what: string, objects: readonly GraphObject[]): Response {
  const filter = queryValue(call.url, '$filter');
  const fitting = filter === undefined ? objects : objects.filter(parseGraphFilter(filter));
  const sorted = sortBy(fitting, queryValue(call.url, '$orderby'));
  const size = parseTop(queryValue(call.url, '$top'));
  const start = parseSkip(queryValue(call.url, '$skiptoken'));
  const select = selection(call);
  const end = start + size;
  return json(200, {
    ...odataContext(call, what),
    ...(queryValue(call.url, '$count') === 'true' ? { '@odata.count': sorted.length } : {}),
    ...(end < sorted.length ? { '@odata.nextLink': nextLink(call.url, end) } : {}),
    value: sorted.slice(start, end).map(select),
  });
}

/** Answers one object, with the fields that `$select` names. */
export function answerObject(call: GraphCall, what: string, object: GraphObject, status: 200 | 201 = 200): Response {
  return json(status, { ...odataContext(call, `${what}/$entity`), ...selection(call)(object) });
}

function selection(call: GraphCall): (object: GraphObject) => object {
  const wanted = queryValue(call.url, '$select');
  if (wanted === undefined || wanted === '' || wanted === '*') return (object) => object;
  const names = new Set(wanted.split(',').map((name) => name.trim().toLowerCase()));
  return (object) =>
    Object.fromEntries(
      Object.entries(object).filter(([name]) => name.startsWith('@odata.') || names.has(name.toLowerCase())),
    );
}

function sortBy(objects: readonly GraphObject[], order: string | undefined): readonly GraphObject[] {
  if (order === undefined || order === '') return objects;
  const match = /^(\w+)(?:\s+(asc|desc))?$/i.exec(order.trim());
  if (match === null) throw new AzureError(400, 'Request_UnsupportedQuery', 'Unsupported sort property in the query.');
  const [, field = '', direction] = match;
  const sign = direction?.toLowerCase() === 'desc' ? -1 : 1;
  const key = (object: GraphObject) => textOr(object[field], '').toLowerCase();
  return [...objects].sort((left, right) => sign * (key(left) < key(right) ? -1 : key(left) > key(right) ? 1 : 0));
}

function parseTop(top: string | undefined): number {
  if (top === undefined) return DEFAULT_PAGE;
  const size = /^\d+$/.test(top) ? Number(top) : 0;
  if (size >= 1 && size <= MAX_PAGE) return size;
  throw badRequest(`Invalid page size specified: '${top}'. Must be between 1 and ${MAX_PAGE} inclusive.`);
}

function parseSkip(token: string | undefined): number {
  if (token === undefined) return 0;
  const [, start] = /^lab(\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (start === undefined) throw badRequest('The specified page token value has expired or is invalid.');
  return Number(start);
}

function nextLink(url: URL, start: number): string {
  const next = new URL(url);
  next.searchParams.set('$skiptoken', Buffer.from(`lab${start}`).toString('base64url'));
  return next.href;
}

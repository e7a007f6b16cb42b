import { json, queryValue } from '../rest/request.ts';
import type { VaultCall } from './vault-call.ts';
import { badParameter } from './vault-errors.ts';

const MAX_PAGE = 25;

/** What a list shows: entries with unique keys, in the order of their keys. */
export interface Listed {
  readonly key: string;
  readonly item: unknown;
}

/**
 * One page of a list, as `maxresults` and `$skiptoken` ask. The link to the next page carries the host that the client
 * dialled, with the port that Azure writes out; SDK pagers follow no other host.
 */
export function renderPage(call: VaultCall, entries: readonly Listed[]): Response {
  const size = pageSize(call);
  const from = queryValue(call.url, '$skiptoken');
  const marker = from === undefined ? '' : readMarker(from);
  const rest = entries.filter(({ key }) => key >= marker);
  const next = rest[size];
  return json(200, {
    value: rest.slice(0, size).map(({ item }) => item),
    nextLink: next === undefined ? null : nextLink(call, next.key),
  });
}

function pageSize(call: VaultCall): number {
  const text = queryValue(call.url, 'maxresults');
  if (text === undefined) return MAX_PAGE;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1 || size > MAX_PAGE) {
    throw badParameter(`invalid value for maxresults: it must be between 1 and ${MAX_PAGE}`);
  }
  return size;
}

function nextLink(call: VaultCall, key: string): string {
  const token = Buffer.from(JSON.stringify({ NextMarker: key, TargetLocation: 0 })).toString('base64url');
  const { url } = call;
  const port = url.port === '' ? '443' : url.port;
  const maxResults = queryValue(url, 'maxresults');
  return (
    `https://${url.hostname}:${port}${url.pathname}?api-version=${encodeURIComponent(call.apiVersion)}&$skiptoken=${token}` +
    (maxResults === undefined ? '' : `&maxresults=${maxResults}`)
  );
}

function readMarker(token: string): string {
  try {
    const parsed = JSON.parse(Buffer.from(token, 'base64url').toString()) as { NextMarker?: unknown } | null;
    if (typeof parsed?.NextMarker === 'string') return parsed.NextMarker;
  } catch {
    // No JSON: refused below, as a marker without its field is.
  }
  throw badParameter('invalid value for $skiptoken');
}

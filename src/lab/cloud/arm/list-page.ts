import { AzureError } from '../rest/azure-error.ts';
import { json, queryValue } from '../rest/request.ts';
import type { ArmCall } from './arm-call.ts';

const MAX_PAGE = 1000;

/** What a list of ARM holds; its `id` is the order of its pages. */
export interface PageItem {
  readonly id: string;
}

/**
 * A list as ARM answers it: all of `items`, or pages of `$top` of them, each with a `nextLink` to the one after it. Throws 400
 * for a `$top` that is no number from 1 to 1000, and for a `$skiptoken` that came from no `nextLink`.
 */
export function listAnswer<Item extends PageItem>(
  call: ArmCall,
  items: readonly Item[],
  render: (item: Item) => unknown,
): Response {
  const top = queryValue(call.url, '$top');
  const token = queryValue(call.url, '$skiptoken');
  const after = token === undefined ? '' : readToken(token);
  const size = top === undefined ? MAX_PAGE : parseTop(top);
  const rest = items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).filter((item) => keyOf(item) > after);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const more = rest.length > page.length && last !== undefined;
  return json(200, {
    value: page.map(render),
    ...(more ? { nextLink: nextLink(call.url, keyOf(last)) } : {}),
  });
}

function keyOf({ id }: PageItem): string {
  return id.toLowerCase();
}

function parseTop(text: string): number {
  const top = Number(text);
  if (Number.isInteger(top) && top >= 1 && top <= MAX_PAGE) return top;
  throw new AzureError(
    400,
    'InvalidTopInQueryString',
    `The $top '${text}' of the query string is invalid: it must be a number between 1 and ${MAX_PAGE}.`,
  );
}

function nextLink(url: URL, key: string): string {
  const asked = [...url.searchParams].filter(([name]) => name.toLowerCase() !== '$skiptoken');
  const query = new URLSearchParams([...asked, ['$skiptoken', Buffer.from(key).toString('base64url')]]);
  return `${url.origin}${url.pathname}?${query.toString()}`;
}

function readToken(token: string): string {
  const key = Buffer.from(token, 'base64url').toString();
  if (key.startsWith('/subscriptions/')) return key;
  throw new AzureError(400, 'InvalidSkipToken', `The $skiptoken '${token}' of the query string is invalid.`);
}

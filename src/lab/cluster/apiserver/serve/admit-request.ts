import type { IncomingMessage } from 'node:http';
import { authenticate } from '../auth/authenticate.ts';
import { refusalText, type Attributes } from '../auth/authorizer.ts';
import type { UserInfo } from '../operations/context.ts';
import { forbidden, statusError } from '../status-errors.ts';
import type { ServeContext } from './context.ts';
import { parseRequestInfo, type RequestInfo } from './parse-request.ts';

/** Reads a request and finds whether its sender may do what it asks. Throws 401 and 403. */
export async function admitRequest(
  context: ServeContext,
  request: IncomingMessage,
): Promise<{ readonly info: RequestInfo; readonly url: URL; readonly user: UserInfo }> {
  const url = new URL(request.url ?? '/', 'https://localhost');
  const info = parseRequestInfo(request.method ?? 'GET', url);
  const sender = await authenticate(request, context.tokens);
  const user = impersonated(context, sender, request);
  requireAllowed(context, user, withSelectedName(info, url));
  return { info, url, user };
}

/** A list or watch that a field selector narrows to one name is decided as one of that name (kube-apiserver's RequestInfo). */
function withSelectedName(info: RequestInfo, { searchParams }: URL): RequestInfo {
  if (info.type !== 'resource' || info.name !== '' || (info.verb !== 'list' && info.verb !== 'watch')) return info;
  const [, name] = /(?:^|,)metadata\.name==?([^,=!]+)(?:,|$)/.exec(searchParams.get('fieldSelector') ?? '') ?? [];
  return name === undefined ? info : { ...info, name };
}

/** The user that a request's Impersonate headers ask to be (kubectl --as), else the sender. Throws 403 when the sender may not. */
function impersonated(context: ServeContext, sender: UserInfo, { headers }: IncomingMessage): UserInfo {
  const username = headers['impersonate-user'];
  if (typeof username !== 'string') return sender;
  const asked = headers['impersonate-group'] ?? [];
  const groups = typeof asked === 'string' ? asked.split(', ') : asked;
  const permit = (group: string, resource: string, name: string, namespace?: string) =>
    requireAllowed(context, sender, { type: 'resource', verb: 'impersonate', group, resource, name, namespace });
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  if (account === null) permit('', 'users', username);
  else permit('', 'serviceaccounts', account[2] ?? '', account[1]);
  for (const group of groups) permit('', 'groups', group);
  const own = account === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account[1] ?? ''}`];
  return { username, groups: [...new Set([...groups, ...own, 'system:authenticated'])] };
}

/** Throws 403 in Kubernetes' words when no role allows it. */
export function requireAllowed(context: ServeContext, user: UserInfo, attributes: Attributes): void {
  if (context.authorizer.allows(user, attributes) !== undefined) return;
  const why = refusalText(user, attributes);
  if (attributes.type === 'resource') throw forbidden(attributes, attributes.name, why);
  throw statusError({ code: 403, reason: 'Forbidden', message: `forbidden: ${why}`, details: {} });
}

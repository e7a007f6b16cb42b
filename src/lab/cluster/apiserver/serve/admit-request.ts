import type { IncomingMessage } from 'node:http';
import { authenticate } from '../auth/authenticate.ts';
import { refusalText, type Attributes } from '../auth/authorizer.ts';
import type { UserInfo } from '../operations/context.ts';
import { badRequest, forbidden, statusError } from '../status-errors.ts';
import type { ServeContext } from './context.ts';
import { readImpersonation } from './impersonate.ts';
import { parseRequestInfo, type RequestInfo } from './parse-request.ts';

/** Reads a request and finds whether its sender may do what it asks. Throws 401 and 403. */
export async function admitRequest(
  context: ServeContext,
  request: IncomingMessage,
): Promise<{ readonly info: RequestInfo; readonly url: URL; readonly user: UserInfo }> {
  const url = urlOf(request);
  const info = parseRequestInfo(request.method ?? 'GET', url);
  const sender = await authenticate(request, context.tokens);
  const impersonation = readImpersonation(request);
  for (const needed of impersonation?.needed ?? []) requireAllowed(context, sender, needed);
  const user = impersonation?.user ?? sender;
  requireAllowed(context, user, withSelectedName(inOwnNamespace(info), url));
  return { info, url, user };
}

function urlOf({ url = '/' }: IncomingMessage): URL {
  if (URL.canParse(url, 'https://localhost')) return new URL(url, 'https://localhost');
  throw badRequest('the request target is no address');
}

/** A list or watch that a field selector narrows to one name is decided as one of that name (kube-apiserver's RequestInfo). */
function withSelectedName(info: RequestInfo, { searchParams }: URL): RequestInfo {
  if (info.type !== 'resource' || info.name !== '' || (info.verb !== 'list' && info.verb !== 'watch')) return info;
  const [, name] = /(?:^|,)metadata\.name==?([^,=!]+)(?:,|$)/.exec(searchParams.get('fieldSelector') ?? '') ?? [];
  return name === undefined ? info : { ...info, name };
}

/** What is asked of one namespace is decided in it, so that its owner's binding there counts (kube-apiserver's RequestInfo). */
function inOwnNamespace(info: RequestInfo): RequestInfo {
  const isNamespace = info.type === 'resource' && info.group === '' && info.resource === 'namespaces';
  return isNamespace && info.name !== '' ? { ...info, namespace: info.name } : info;
}

/** Throws 403 in Kubernetes' words when no role allows it. */
export function requireAllowed(context: ServeContext, user: UserInfo, attributes: Attributes): void {
  if (context.authorizer.allows(user, attributes) !== undefined) return;
  const why = refusalText(user, attributes);
  if (attributes.type === 'resource') throw forbidden(attributes, attributes.name, why);
  throw statusError({ code: 403, reason: 'Forbidden', message: `forbidden: ${why}`, details: {} });
}

import type { IncomingMessage } from 'node:http';
import { ANONYMOUS } from '../auth/authenticate.ts';
import type { ResourceAttributes } from '../auth/authorizer.ts';
import type { UserInfo } from '../operations/context.ts';
import { statusError } from '../status-errors.ts';

/** Whom a request's Impersonate headers ask to be, and what the sender must be allowed for it. */
export interface Impersonation {
  readonly user: UserInfo;
  readonly needed: readonly ResourceAttributes[];
}

const AUTHENTICATION = 'authentication.k8s.io';
const EXTRA = 'impersonate-extra-';

/**
 * Reads the Impersonate headers (kubectl --as, --as-group, --as-uid) as kube-apiserver does
 * (k8s.io/apiserver/pkg/endpoints/filters/impersonation.go): each of them wants a permission of its own, groups that are
 * named stand in place of an account's own. Undefined where there are none. Throws 500, as kube-apiserver, for headers
 * without a user: to pass over them would be to answer as the sender.
 */
export function readImpersonation({ headersDistinct: headers, url = '' }: IncomingMessage): Impersonation | undefined {
  const username = headers['impersonate-user']?.[0] ?? '';
  const groups = headers['impersonate-group'] ?? [];
  const uid = headers['impersonate-uid']?.[0];
  const extra = Object.entries(headers)
    .filter(([name]) => name.startsWith(EXTRA))
    .map(([name, values = []]) => [unescaped(name.slice(EXTRA.length)), values] as const);
  if (username === '') {
    const asked = [
      ...groups.map((name) => `{Group  ${name}    }`),
      ...extra.flatMap(([key, values]) => values.map((value) => `{UserExtra  ${value}  ${AUTHENTICATION}/v1  ${key}}`)),
      ...(uid === undefined ? [] : [`{UID  ${uid}  ${AUTHENTICATION}/v1  }`]),
    ];
    if (asked.length === 0) return undefined;
    const path = url.split('?', 1)[0] ?? '';
    throw statusError({
      code: 500,
      reason: 'InternalError',
      message: `Internal Server Error: ${JSON.stringify(path)}: requested [${asked.join(' ')}] without impersonating a user`,
    });
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  const need = (resource: string, name: string, more: Partial<ResourceAttributes> = {}): ResourceAttributes => ({
    type: 'resource',
    verb: 'impersonate',
    group: '',
    resource,
    name,
    ...more,
  });
  const needed = [
    account === null
      ? need('users', username)
      : need('serviceaccounts', account[2] ?? '', { namespace: account[1] ?? '' }),
    ...groups.map((name) => need('groups', name)),
    ...extra.flatMap(([key, values]) =>
      values.map((value) => need('userextras', value, { group: AUTHENTICATION, subresource: key })),
    ),
    ...(uid === undefined ? [] : [need('uids', uid, { group: AUTHENTICATION })]),
  ];
  const own = account === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account[1] ?? ''}`];
  const general = username === ANONYMOUS.username ? ANONYMOUS.groups : ['system:authenticated'];
  return {
    needed,
    user: {
      username,
      groups: [...new Set([...(groups.length > 0 ? groups : own), ...general])],
      ...(uid === undefined ? {} : { uid }),
      ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
    },
  };
}

/** A header's name holds what may stand in one; the rest is percent-encoded. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

import { sendSigned, bodyOf } from './arm.ts';
import { AzError, httpError } from './errors.ts';
import type { AzHttp, AzRequest } from './http.ts';
import { objectsAt, textAt, type Json, type JsonObject } from './json.ts';
import type { Account } from './profile.ts';
import type { Tokens } from './tokens.ts';

/** The api-versions that az sends; that of keys is newer. */
const API_VERSION = '7.4';
const KEYS_API_VERSION = '7.6-preview.2';

/** Requests to the data plane of vaults, as the signed-in account. Every call throws on 4xx and 5xx. */
export interface VaultData {
  send(method: AzRequest['method'], vaultUrl: string, path: string, body?: Json): Promise<JsonObject>;
  /** All pages of a list. */
  list(vaultUrl: string, path: string): Promise<readonly JsonObject[]>;
}

/**
 * The data plane as az talks to it: the first request to a vault carries neither token nor body and must get a 401
 * whose WWW-Authenticate names the resource to ask a token for.
 */
export function createVaultData(http: AzHttp, tokens: Tokens, account: Account): VaultData {
  const scopes = new Map<string, string>();

  const scopeOf = async (vaultUrl: string, request: AzRequest): Promise<string> => {
    const known = scopes.get(vaultUrl);
    if (known !== undefined) return known;
    const challenge = await http.send({ ...request, body: undefined });
    const resource = /(?:resource|scope)="?([^",\s]+)"?/.exec(challenge.header('www-authenticate') ?? '')?.[1];
    if (challenge.status !== 401 || resource === undefined) throw challengeError(vaultUrl, challenge);
    const scope = resource.endsWith('/.default') ? resource : `${resource}/.default`;
    scopes.set(vaultUrl, scope);
    return scope;
  };

  const sendTo = async (vaultUrl: string, request: AzRequest): Promise<JsonObject> => {
    const scope = await scopeOf(vaultUrl, request);
    return bodyOf(await sendSigned(http, tokens, account, scope, request));
  };

  const urlOf = (vaultUrl: string, path: string) => {
    const version = /^\/(deleted)?keys\b/.test(path) ? KEYS_API_VERSION : API_VERSION;
    return `${vaultUrl}${path}?api-version=${version}`;
  };

  return {
    send: (method, vaultUrl, path, body) =>
      sendTo(vaultUrl, {
        method,
        url: urlOf(vaultUrl, path),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async list(vaultUrl, path) {
      const items: JsonObject[] = [];
      for (let next: string | undefined = urlOf(vaultUrl, path); next !== undefined;) {
        const page: JsonObject = await sendTo(vaultUrl, { method: 'GET', url: next });
        items.push(...objectsAt(page, 'value'));
        next = textAt(page, 'nextLink');
      }
      return items;
    },
  };
}

function challengeError(vaultUrl: string, answer: { readonly status: number; readonly body: string }): AzError {
  if (answer.status >= 400 && answer.status !== 401) return httpError(answer.status, answer.body);
  return new AzError(
    'error',
    `${new URL(vaultUrl).host} answered ${answer.status} without naming who gives out its tokens`,
  );
}

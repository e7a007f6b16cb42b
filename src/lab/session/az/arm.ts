import { AzHttpError, httpError } from './errors.ts';
import type { AzHttp, AzRequest, AzResponse } from './http.ts';
import type { AzIo } from './io.ts';
import { isObject, objectsAt, parseJson, textAt, type Json, type JsonObject } from './json.ts';
import { waitForEnd } from './long-running.ts';
import type { Account } from './profile.ts';
import { ARM_SCOPE, type Tokens } from './tokens.ts';

/** Host of Azure Resource Manager. */
export const ARM_URL = 'https://management.azure.com';

/** How a write ends: at once with `--no-wait`, else with the operation. */
export interface WriteOptions {
  readonly noWait?: boolean;
}

/** Requests to Azure Resource Manager as the signed-in account. Every call throws an {@link AzHttpError} on 4xx and 5xx. */
export interface Arm {
  /** `/subscriptions/{id}` of the account. */
  readonly subscription: string;
  get(path: string, apiVersion: string): Promise<JsonObject>;
  /** The same, undefined for 404. */
  find(path: string, apiVersion: string): Promise<JsonObject | undefined>;
  /** Whether a HEAD finds the resource. */
  exists(path: string, apiVersion: string): Promise<boolean>;
  /** All pages of a list. `filter` becomes `$filter`. */
  list(path: string, apiVersion: string, filter?: string): Promise<readonly JsonObject[]>;
  post(path: string, apiVersion: string): Promise<JsonObject>;
  /** Changes some fields of a resource and answers all of it as it is when the operation has ended. */
  patch(path: string, apiVersion: string, body: Json): Promise<JsonObject>;
  /** Does an action that may take long and answers nothing. */
  act(path: string, apiVersion: string, options?: WriteOptions): Promise<void>;
  /** Writes a resource and answers it as it is when the operation has ended; undefined with `noWait`. */
  put(path: string, apiVersion: string, body: Json, options?: WriteOptions): Promise<JsonObject | undefined>;
  delete(path: string, apiVersion: string, options?: WriteOptions): Promise<void>;
}

/** Sends a request with a token for `scope`; a token that is refused is replaced once. */
export async function sendSigned(
  http: AzHttp,
  tokens: Tokens,
  account: Account,
  scope: string,
  request: AzRequest,
): Promise<AzResponse> {
  const kept = await tokens.get(account, scope);
  const answer = await http.send({ ...request, token: kept.token });
  if (answer.status !== 401) return answer;
  const { token } = await tokens.get(account, scope, { fresh: true });
  return http.send({ ...request, token });
}

/** The ARM of one account. */
export function createArm(io: AzIo, http: AzHttp, tokens: Tokens, account: Account): Arm {
  const send = (method: AzRequest['method'], url: string, body?: Json) =>
    sendSigned(http, tokens, account, ARM_SCOPE, {
      method,
      url,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const url = (path: string, apiVersion: string, filter?: string) =>
    `${ARM_URL}${path}?${filter === undefined ? '' : `$filter=${encodeURIComponent(filter)}&`}api-version=${apiVersion}`;
  const get = async (path: string, apiVersion: string) => bodyOf(await send('GET', url(path, apiVersion)));

  return {
    subscription: `/subscriptions/${account.id}`,
    get,
    async find(path, apiVersion) {
      try {
        return await get(path, apiVersion);
      } catch (error) {
        if (error instanceof AzHttpError && error.status === 404) return undefined;
        throw error;
      }
    },
    async exists(path, apiVersion) {
      const answer = await send('HEAD', url(path, apiVersion));
      if (answer.status >= 400 && answer.status !== 404) bodyOf(answer);
      return answer.status !== 404;
    },
    async list(path, apiVersion, filter) {
      const items: JsonObject[] = [];
      for (let next: string | undefined = url(path, apiVersion, filter); next !== undefined;) {
        const page: JsonObject = bodyOf(await send('GET', next));
        items.push(...objectsAt(page, 'value'));
        next = textAt(page, 'nextLink');
      }
      return items;
    },
    post: async (path, apiVersion) => bodyOf(await send('POST', url(path, apiVersion))),
    async put(path, apiVersion, body, { noWait = false } = {}) {
      const target = url(path, apiVersion);
      const answer = await send('PUT', target, body);
      const resource = bodyOf(answer);
      if (noWait) return undefined;
      const ended = await waitForEnd({ io, answer, resourceUrl: target, get: (address) => send('GET', address) });
      return ended ?? resource;
    },
    async patch(path, apiVersion, body) {
      const target = url(path, apiVersion);
      const answer = await send('PATCH', target, body);
      const resource = bodyOf(answer);
      const ended = await waitForEnd({ io, answer, resourceUrl: target, get: (address) => send('GET', address) });
      return ended ?? resource;
    },
    async act(path, apiVersion, { noWait = false } = {}) {
      const answer = await send('POST', url(path, apiVersion));
      bodyOf(answer);
      if (!noWait) await waitForEnd({ io, answer, get: (address) => send('GET', address) });
    },
    async delete(path, apiVersion, { noWait = false } = {}) {
      const answer = await send('DELETE', url(path, apiVersion));
      bodyOf(answer);
      if (!noWait) await waitForEnd({ io, answer, get: (address) => send('GET', address) });
    },
  };
}

/** The object of a successful answer; `{}` when there is no body. Throws the error of any other answer. */
export function bodyOf(answer: AzResponse): JsonObject {
  if (answer.status >= 400) throw httpError(answer.status, answer.body);
  const parsed = parseJson(answer.body);
  return isObject(parsed) ? parsed : {};
}

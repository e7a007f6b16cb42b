import { AzHttpError, httpError } from './errors.ts';
import type { AzHttp, AzRequest, AzResponse } from './http.ts';
import type { AzIo } from './io.ts';
import { isObject, objectsAt, parseJson, textAt, type Json, type JsonObject } from './json.ts';
import { waitForEnd } from './long-running.ts';
import type { Account } from './profile.ts';
import { ARM_SCOPE, GRAPH_SCOPE, type Tokens } from './tokens.ts';

/** Host of Azure Resource Manager. */
export const ARM_URL = 'https://management.azure.com';

const GRAPH_URL = 'https://graph.microsoft.com/v1.0';

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

/** Microsoft Graph, as far as az asks it about principals. */
export interface Graph {
  /** The object id of who is signed in: of the user, or of the service principal. */
  signedInObjectId(): Promise<string>;
  /** The object id of the service principal or managed identity with this client id; undefined when there is none. */
  servicePrincipalObjectId(clientId: string): Promise<string | undefined>;
  /** The object id of the user with this principal name; undefined when there is none. */
  userObjectId(userPrincipalName: string): Promise<string | undefined>;
}

/** The Graph of one account. */
export function createGraph(http: AzHttp, tokens: Tokens, account: Account): Graph {
  const get = (path: string) =>
    sendSigned(http, tokens, account, GRAPH_SCOPE, { method: 'GET', url: `${GRAPH_URL}${path}` });
  const firstId = async (path: string) => textAt(objectsAt(bodyOf(await get(path)), 'value')[0], 'id');
  const quoted = (text: string) => encodeURIComponent(`'${text.replaceAll("'", "''")}'`);
  const servicePrincipalObjectId = (clientId: string) =>
    firstId(`/servicePrincipals?$filter=servicePrincipalNames/any(c:c%20eq%20${quoted(clientId)})`);
  return {
    servicePrincipalObjectId,
    userObjectId: (name) => firstId(`/users?$filter=userPrincipalName%20eq%20${quoted(name)}`),
    async signedInObjectId() {
      const me = await get('/me');
      const id = me.status < 400 ? textAt(bodyOf(me), 'id') : undefined;
      // Graph has no /me for service principals.
      const found = id ?? (await servicePrincipalObjectId(account.user.name));
      if (found === undefined) throw httpError(me.status, me.body);
      return found;
    },
  };
}

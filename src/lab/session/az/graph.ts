import { sendSigned } from './arm.ts';
import { AzHttpError, httpError } from './errors.ts';
import type { AzHttp, AzRequest, AzResponse } from './http.ts';
import { at, isObject, objectsAt, parseJson, textAt, type Json, type JsonObject } from './json.ts';
import type { Account } from './profile.ts';
import { GRAPH_SCOPE, type Tokens } from './tokens.ts';

const GRAPH_URL = 'https://graph.microsoft.com/v1.0';

/**
 * Microsoft Graph v1.0 as the signed-in account. Paths start with `/`. Every call throws an {@link AzHttpError} on 4xx
 * and 5xx, whose message is Graph's own sentence: az prints no more of it.
 */
export interface Graph {
  get(path: string): Promise<JsonObject>;
  /** All pages of a list; the filters are joined by `and`. */
  list(path: string, ...filters: readonly string[]): Promise<readonly JsonObject[]>;
  post(path: string, body: Json): Promise<JsonObject>;
  patch(path: string, body: Json): Promise<void>;
  delete(path: string): Promise<void>;
  /** The object id of who is signed in: of the user, or of the service principal. */
  signedInObjectId(): Promise<string>;
  /** The object id of the service principal or managed identity with this client id; undefined when there is none. */
  servicePrincipalObjectId(name: string): Promise<string | undefined>;
  /** The object id of the user with this principal name; undefined when there is none. */
  userObjectId(userPrincipalName: string): Promise<string | undefined>;
  /** The directory's objects with these ids; those that are not there are left out. */
  objects(ids: readonly string[]): Promise<readonly JsonObject[]>;
}

/** The Graph of one account. */
export function createGraph(http: AzHttp, tokens: Tokens, account: Account): Graph {
  const send = async (method: AzRequest['method'], url: string, body?: Json): Promise<JsonObject> => {
    const answer = await sendSigned(http, tokens, account, GRAPH_SCOPE, {
      method,
      url: url.startsWith('/') ? `${GRAPH_URL}${url}` : url,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status >= 400) throw graphError(answer);
    const parsed = parseJson(answer.body);
    return isObject(parsed) ? parsed : {};
  };
  const list: Graph['list'] = async (path, ...filters) => {
    const items: JsonObject[] = [];
    const query = filters.length === 0 ? '' : `?$filter=${encodeURIComponent(filters.join(' and '))}`;
    for (let next: string | undefined = `${path}${query}`; next !== undefined;) {
      const page: JsonObject = await send('GET', next);
      items.push(...objectsAt(page, 'value'));
      const link: Json | undefined = page['@odata.nextLink'];
      next = typeof link === 'string' ? link : undefined;
    }
    return items;
  };
  const servicePrincipalObjectId = async (name: string) =>
    textAt((await list('/servicePrincipals', `servicePrincipalNames/any(c:c eq ${quoted(name)})`))[0], 'id');
  const userObjectId = async (name: string) =>
    textAt((await list('/users', `userPrincipalName eq ${quoted(name)}`))[0], 'id');

  return {
    get: (path) => send('GET', path),
    list,
    post: (path, body) => send('POST', path, body),
    async patch(path, body) {
      await send('PATCH', path, body);
    },
    async delete(path) {
      await send('DELETE', path);
    },
    servicePrincipalObjectId,
    userObjectId,
    async signedInObjectId() {
      try {
        const id = textAt(await send('GET', '/me'), 'id');
        if (id !== undefined) return id;
        throw new AzHttpError(404, undefined, 'the answer to /me has no id');
      } catch (error) {
        // Graph has no /me for service principals: az looks for the account by its name.
        const { name, type } = account.user;
        const found = type === 'user' ? await userObjectId(name) : await servicePrincipalObjectId(name);
        if (found === undefined) throw error;
        return found;
      }
    },
    async objects(ids) {
      const types = ['user', 'group', 'servicePrincipal', 'directoryObjectPartnerReference'];
      return objectsAt(await send('POST', '/directoryObjects/getByIds', { ids, types }), 'value');
    },
  };
}

/** A text inside a Graph filter. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function graphError(answer: AzResponse): AzHttpError {
  const error = at(parseJson(answer.body), 'error');
  const message = textAt(error, 'message');
  if (message === undefined) return httpError(answer.status, answer.body);
  return new AzHttpError(answer.status, textAt(error, 'code'), message);
}

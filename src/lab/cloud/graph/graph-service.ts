import type { Clock, Log, Random } from '#base';
import { AZURE_CLOUDS } from '../azure-clouds.ts';
import type { Directory } from '../directory.ts';
import { answerWith, identityOf, type AnswerStyle } from '../rest/answer.ts';
import { AzureError } from '../rest/azure-error.ts';
import { json, queryValue, readJsonObject, type JsonObject } from '../rest/request.ts';
import { createRouteTable, pathSegments, type Route } from '../rest/router.ts';
import type { AccessToken, AuditLog, CloudService, TokenVerifier } from '../service.ts';
import { authenticate } from './authenticate.ts';
import { parseGraphFilter } from './graph-filter.ts';
import { GRAPH_KINDS, type GraphKind, type GraphObject } from './graph-objects.ts';

const HOSTS: readonly string[] = AZURE_CLOUDS.flatMap(({ graphHosts }) => graphHosts);

/** What Graph needs. */
export interface GraphDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly directory: Directory;
  readonly tokens: TokenVerifier;
  readonly audit: AuditLog;
}

interface GraphCall {
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly token: AccessToken;
  body(): Promise<JsonObject>;
}

/** The look-ups of Microsoft Graph v1.0 that az needs to find principals. It changes nothing. */
export function createGraph(deps: GraphDeps): CloudService {
  const { directory } = deps;
  const table = createRouteTable(createRoutes(directory));

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    deps.audit.note(request, { operation: 'Authentication' });
    const token = await authenticate(deps.tokens, request);
    deps.audit.note(request, { identity: identityOf(token), operation: 'Unknown' });
    const segments = pathSegments(url.pathname);
    const match = table.match(request.method, segments);
    if (match === undefined) {
      throw new AzureError(400, 'BadRequest', `Resource not found for the segment '${segments[1] ?? ''}'.`);
    }
    deps.audit.note(request, { operation: match.route.operation });
    const body = () => readJsonObject(request, (problem) => new AzureError(400, 'BadRequest', problem));
    return match.route.handle({ url, params: match.params, token, body });
  };

  const style: AnswerStyle = {
    renderError: ({ status, code, message }, requestId, request) =>
      json(status, {
        error: {
          code,
          message,
          innerError: {
            date: new Date(deps.clock.now()).toISOString().slice(0, 19),
            'request-id': requestId,
            'client-request-id': request.headers.get('client-request-id') ?? requestId,
          },
        },
      }),
    headers: (requestId, request) => ({
      'cache-control': 'no-cache',
      'request-id': requestId,
      'client-request-id': request.headers.get('client-request-id') ?? requestId,
      'odata-version': '4.0',
      'strict-transport-security': 'max-age=31536000',
    }),
  };
  return {
    name: 'graph',
    serves: (host) => HOSTS.includes(host),
    fetch: (request) => answerWith(deps, style, request, () => answer(request)),
  };
}

function createRoutes(directory: Directory): readonly Route<GraphCall>[] {
  const all = (kind: GraphKind): readonly GraphObject[] =>
    directory
      .principals()
      .filter((principal) => kind.has(principal))
      .map((principal) => kind.render(principal, directory.tenant));
  const context = (call: GraphCall, what: string) => ({
    '@odata.context': `${call.url.origin}/v1.0/$metadata#${what}`,
  });

  const list = (kind: GraphKind) => (call: GraphCall) => {
    const filter = queryValue(call.url, '$filter');
    const fits = filter === undefined ? () => true : parseGraphFilter(filter);
    return json(200, { ...context(call, kind.collection), value: all(kind).filter(fits) });
  };

  const show = (call: GraphCall, kind: GraphKind, asked: string, keys: readonly string[]) => {
    const wanted = asked.toLowerCase();
    const found = all(kind).find((object) => keys.some((key) => String(object[key]).toLowerCase() === wanted));
    if (found === undefined) throw notFound(asked);
    return json(200, { ...context(call, `${kind.collection}/$entity`), ...found });
  };

  const get = (kind: GraphKind) => (call: GraphCall) =>
    show(call, kind, call.params['id'] ?? '', kind.type === 'user' ? ['id', 'userPrincipalName'] : ['id']);

  // `/servicePrincipals(appId='…')` is one path segment.
  const getByKey = (call: GraphCall) => {
    const [, collection = '', value = ''] = /^(\w+)\(appId='([^']*)'\)$/i.exec(call.params['object'] ?? '') ?? [];
    const kind = GRAPH_KINDS.find((each) => each.collection.toLowerCase() === collection.toLowerCase());
    if (kind === undefined || kind.type === 'user') {
      throw new AzureError(400, 'BadRequest', `Resource not found for the segment '${call.params['object'] ?? ''}'.`);
    }
    return show(call, kind, value, ['appId']);
  };

  const me = (call: GraphCall) => {
    if (call.token.identityType !== 'user') {
      throw new AzureError(400, 'BadRequest', '/me request is only valid with delegated authentication flow.');
    }
    const users = GRAPH_KINDS.filter(({ type }) => type === 'user');
    const [user] = users.flatMap(all).filter(({ id }) => id.toLowerCase() === call.token.objectId.toLowerCase());
    if (user === undefined) throw notFound(call.token.objectId);
    return json(200, { ...context(call, 'users/$entity'), ...user });
  };

  const getByIds = async (call: GraphCall) => {
    const { ids, types } = await call.body();
    if (!Array.isArray(ids)) throw new AzureError(400, 'Request_BadRequest', "The property 'ids' is required.");
    const wanted = new Set(ids.map((id) => String(id).toLowerCase()));
    const kinds = GRAPH_KINDS.filter(({ type }) => !Array.isArray(types) || isAsked(types, type));
    const value = kinds.flatMap((kind) =>
      all(kind)
        .filter(({ id }) => wanted.has(id.toLowerCase()))
        .map((object) => ({ '@odata.type': `#microsoft.graph.${kind.type}`, ...object })),
    );
    return json(200, { ...context(call, 'directoryObjects'), value });
  };

  return [
    { method: 'GET', path: '/v1.0/me', operation: 'MeGet', handle: me },
    {
      method: 'POST',
      path: '/v1.0/directoryObjects/getByIds',
      operation: 'DirectoryObjectsGetByIds',
      handle: getByIds,
    },
    ...GRAPH_KINDS.flatMap((kind): readonly Route<GraphCall>[] => {
      const noun = `${kind.type.slice(0, 1).toUpperCase()}${kind.type.slice(1)}`;
      const path = `/v1.0/${kind.collection}`;
      return [
        { method: 'GET', path, operation: `${noun}List`, handle: list(kind) },
        { method: 'GET', path: `${path}/:id`, operation: `${noun}Get`, handle: get(kind) },
      ];
    }),
    { method: 'GET', path: '/v1.0/:object', operation: 'ObjectGetByKey', handle: getByKey },
  ];
}

function isAsked(types: readonly unknown[], type: string): boolean {
  return types.some((asked) => {
    const name = String(asked).toLowerCase();
    return name === type.toLowerCase() || name === 'directoryobject';
  });
}

function notFound(id: string): AzureError {
  return new AzureError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

import type { Clock, Log, Random } from '#base';
import { AZURE_CLOUDS } from '../azure-clouds.ts';
import type { Directory } from '../directory.ts';
import { answerWith, identityOf, type AnswerStyle } from '../rest/answer.ts';
import { AzureError } from '../rest/azure-error.ts';
import { json, readJsonObject } from '../rest/request.ts';
import { createRouteTable, pathSegments } from '../rest/router.ts';
import type { AuditLog, CloudService, TokenVerifier } from '../service.ts';
import { createApplicationRoutes } from './applications.ts';
import { authenticate } from './authenticate.ts';
import { createFederatedCredentialRoutes } from './federated-credentials.ts';
import { odataContext, type GraphCall, type GraphContext, type GraphRoute } from './graph-call.ts';
import { accessDenied, badRequest, graphFailure, notFound, unknownSegment } from './graph-errors.ts';
import { findObject, GRAPH_KINDS, renderUser, type GraphKind, type GraphObject } from './graph-objects.ts';
import { answerList, answerObject } from './graph-query.ts';
import { createGroupRoutes } from './groups.ts';
import { createServicePrincipalRoutes } from './service-principals.ts';

const HOSTS: readonly string[] = AZURE_CLOUDS.flatMap(({ graphHosts }) => graphHosts);

/** Reads that are POSTs. */
const READS = new Set(['DirectoryObjectsGetByIds', 'GetMemberGroups', 'CheckMemberGroups']);

/** What Graph needs. */
export interface GraphDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly directory: Directory;
  readonly tokens: TokenVerifier;
  readonly audit: AuditLog;
}

/**
 * Microsoft Graph v1.0 as far as az, the SDKs and Terraform use it for applications, service principals and users. Whoever
 * has a token may read; the directory is changed by the lab's users only, as an application has no such right by itself.
 */
export function createGraph(deps: GraphDeps): CloudService {
  const table = createRouteTable([
    ...createReadRoutes(deps),
    ...createApplicationRoutes(deps),
    ...createFederatedCredentialRoutes(deps),
    ...createServicePrincipalRoutes(deps),
    ...createGroupRoutes(deps),
  ]);

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    deps.audit.note(request, { operation: 'Authentication' });
    const token = await authenticate(deps.tokens, request);
    deps.audit.note(request, { identity: identityOf(token), operation: 'Unknown' });
    const segments = graphSegments(url.pathname);
    const match = table.match(request.method, segments);
    if (match === undefined) throw unknownSegment(segments[1] ?? '');
    deps.audit.note(request, { operation: match.route.operation });
    if (token.identityType !== 'user' && !READS.has(match.route.operation) && request.method !== 'GET') {
      throw accessDenied();
    }
    const body = () => readJsonObject(request, (problem) => new AzureError(400, 'BadRequest', problem));
    const prefer = request.headers.get('prefer') ?? '';
    return match.route.handle({ url, params: match.params, token, prefer, body });
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
    fail: (request, failure) => answerWith(deps, style, request, () => Promise.reject(graphFailure(failure))),
  };
}

/** What only reads: the lists and objects of every kind, and the look-ups across kinds. */
function createReadRoutes({ directory }: GraphContext): readonly GraphRoute[] {
  const list = (kind: GraphKind) => (call: GraphCall) => answerList(call, kind.collection, kind.all(directory));

  const get = (kind: GraphKind) => (call: GraphCall) => {
    const { id = '' } = call.params;
    const [, clientId] = /^appId=(.*)$/i.exec(id) ?? [];
    const keys = clientId === undefined ? kind.keys : ['appId'];
    const wanted = (clientId ?? id).toLowerCase();
    const found = kind.all(directory).find((object) => keys.some((key) => fold(object[key]) === wanted));
    if (found === undefined) throw notFound(clientId ?? id);
    return answerObject(call, kind.collection, found);
  };

  const me = (call: GraphCall) => {
    if (call.token.identityType !== 'user') {
      throw new AzureError(400, 'BadRequest', '/me request is only valid with delegated authentication flow.');
    }
    const user = directory.byObjectId(call.token.objectId);
    if (user?.type !== 'User') throw notFound(call.token.objectId);
    return answerObject(call, 'users', renderUser(user));
  };

  const typed = (kind: GraphKind, object: GraphObject): GraphObject => ({
    '@odata.type': `#microsoft.graph.${kind.type}`,
    ...object,
  });

  const getByIds = async (call: GraphCall) => {
    const { ids, types } = await call.body();
    if (!Array.isArray(ids)) throw badRequest("The property 'ids' is required.");
    const wanted = new Set(ids.map(fold));
    const kinds = GRAPH_KINDS.filter(({ type }) => !Array.isArray(types) || isAsked(types, type));
    const value = kinds.flatMap((kind) =>
      kind
        .all(directory)
        .filter(({ id }) => wanted.has(fold(id)))
        .map((object) => typed(kind, object)),
    );
    return json(200, { ...odataContext(call, 'directoryObjects'), value });
  };

  const getObject = (call: GraphCall) => {
    const { id = '' } = call.params;
    const found = findObject(directory, id);
    if (found === undefined) throw notFound(id);
    return answerObject(call, 'directoryObjects', found);
  };

  // Nobody owns anything: the lab's user may change everything as it is.
  const ownedObjects = (call: GraphCall) => answerList(call, 'directoryObjects', []);

  return [
    { method: 'GET', path: '/v1.0/me', operation: 'MeGet', handle: me },
    { method: 'GET', path: '/v1.0/me/ownedObjects', operation: 'MeOwnedObjects', handle: ownedObjects },
    {
      method: 'POST',
      path: '/v1.0/directoryObjects/getByIds',
      operation: 'DirectoryObjectsGetByIds',
      handle: getByIds,
    },
    { method: 'GET', path: '/v1.0/directoryObjects/:id', operation: 'DirectoryObjectGet', handle: getObject },
    ...GRAPH_KINDS.flatMap((kind): readonly GraphRoute[] => {
      const noun = `${kind.type.slice(0, 1).toUpperCase()}${kind.type.slice(1)}`;
      const path = `/v1.0/${kind.collection}`;
      return [
        { method: 'GET', path, operation: `${noun}List`, handle: list(kind) },
        { method: 'GET', path: `${path}/:id`, operation: `${noun}Get`, handle: get(kind) },
      ];
    }),
  ];
}

/**
 * The segments of a path in one form: the version as `v1.0`, and a key in brackets as a segment of its own, so that
 * `applications(appId='x')` is `applications`, `appId=x` and `users('$x')` is `users`, `$x`.
 */
function graphSegments(pathname: string): readonly string[] {
  const segments = pathSegments(pathname).flatMap((segment) => {
    const [, name, field, value] = /^(\w+)\((?:(\w+)=)?'((?:[^']|'')*)'\)$/.exec(segment) ?? [];
    if (name === undefined || value === undefined) return [segment];
    const key = value.replaceAll("''", "'");
    return [name, field === undefined ? key : `${field}=${key}`];
  });
  return segments[0]?.toLowerCase() === 'beta' ? ['v1.0', ...segments.slice(1)] : segments;
}

function isAsked(types: readonly unknown[], type: string): boolean {
  return types.some((asked) => {
    const name = String(asked).toLowerCase();
    return name === type.toLowerCase() || name === 'directoryobject';
  });
}

function fold(value: unknown): string {
  return String(value).toLowerCase();
}

import { methodNotAllowed, notAcceptable, unknownResource } from '../status-errors.ts';
import { aggregatedDiscovery, coreVersions, groupList, resourceList, singleGroup } from './discovery.ts';
import type { Call, ServeContext } from './context.ts';
import { acceptsType, parseAccept, wantsAggregatedDiscovery } from './negotiate.ts';
import { isHealthPath, renderHealth } from './health.ts';
import { openapiV2 } from './openapi-v2.ts';
import { openapiDocument, openapiIndex } from './openapi.ts';
import type { PathRequest } from './parse-request.ts';
import { sendBytes, sendJson, sendText } from './respond.ts';

const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Serves what is no resource: discovery, OpenAPI, health, version, and the token issuer's documents. */
export async function servePath(context: ServeContext, call: Call, info: PathRequest): Promise<void> {
  if (info.verb !== 'get' && info.verb !== 'head') throw methodNotAllowed();
  const { response, request } = call;
  const kinds = context.api.kinds.all();
  const parts = info.path.split('/').filter((part) => part !== '');
  const [first = ''] = parts;
  if (isHealthPath(first)) {
    const text = renderHealth(parts, call.url.searchParams);
    if (text === undefined) throw unknownResource();
    sendText(response, 200, text);
    return;
  }
  if ((first === 'api' || first === 'apis') && parts.length === 1) {
    if (wantsAggregatedDiscovery(parseAccept(request.headers.accept))) {
      sendJson(response, 200, aggregatedDiscovery(kinds, first), AGGREGATED_TYPE);
    } else {
      const address = request.headers.host ?? '';
      sendJson(response, 200, first === 'api' ? coreVersions(address) : groupList(kinds));
    }
    return;
  }
  if (first === 'openapi' && parts[1] === 'v2' && parts.length === 2) {
    const { contentType, body } = openapiV2(parseAccept(request.headers.accept));
    sendBytes(response, 200, body, contentType);
    return;
  }
  if (await serveIssuer(context, call, parts)) return;
  const body = await documentAt(context, parts);
  if (body === undefined) throw unknownResource();
  sendJson(response, 200, body);
}

/** The documents of the token issuer; each has one type, and none is had as another. Says whether `parts` is one. */
async function serveIssuer({ tokens }: ServeContext, call: Call, parts: readonly string[]): Promise<boolean> {
  const documents: Readonly<Record<string, readonly [type: string, document: () => unknown]>> = {
    '.well-known/openid-configuration': ['application/json', () => tokens.openidConfiguration()],
    'openid/v1/jwks': ['application/jwk-set+json', () => tokens.jwks()],
  };
  const found = documents[parts.join('/')];
  if (found === undefined) return false;
  const [type, document] = found;
  if (!acceptsType(call.request.headers.accept, type)) throw notAcceptable(type);
  call.response.setHeader('cache-control', 'public, max-age=3600');
  sendJson(call.response, 200, await document(), type);
  return true;
}

async function documentAt(context: ServeContext, parts: readonly string[]): Promise<unknown> {
  const kinds = context.api.kinds.all();
  const [first, second, third, ...rest] = parts;
  switch (first) {
    case undefined:
      return {
        paths: [
          '/.well-known/openid-configuration',
          '/api',
          '/apis',
          '/healthz',
          '/openapi/v2',
          '/openapi/v3',
          '/version',
        ],
      };
    case 'api':
      return third === undefined ? resourceList(kinds, '', second ?? '') : undefined;
    case 'apis':
      if (rest.length > 0) return undefined;
      return third === undefined ? singleGroup(kinds, second ?? '') : resourceList(kinds, second ?? '', third);
    case 'version':
      return versionInfo(context.kubernetesVersion);
    case 'openapi':
      if (second !== 'v3') return undefined;
      return third === undefined ? openapiIndex(kinds) : openapiDocument(kinds, [third, ...rest]);
    default:
      return undefined;
  }
}

function versionInfo(gitVersion: string): Record<string, string> {
  const [, major = '1', minor = '34'] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: 'linux/amd64',
  };
}

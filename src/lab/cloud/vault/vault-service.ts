import type { Clock, Log, Random } from '#base';
import type { Store } from '#lab/store';
import { answerWith, identityOf, type AnswerStyle } from '../rest/answer.ts';
import { AzureError } from '../rest/azure-error.ts';
import { json, queryValue, readJsonObject } from '../rest/request.ts';
import { createRouteTable, pathSegments } from '../rest/router.ts';
import type { AuditLog, CloudService, TokenVerifier } from '../service.ts';
import { checkApiVersion } from './api-version.ts';
import { authenticate } from './authenticate.ts';
import { authorize, noRoles, type RoleCheck } from './authorize.ts';
import { createCertificateRoutes } from './certificates.ts';
import { createKeyRoutes } from './keys.ts';
import { checkNetwork, LAB_CLIENT_ADDRESS } from './network.ts';
import { createSecretRoutes } from './secrets.ts';
import type { VaultCall, VaultRoute } from './vault-call.ts';
import { badParameter, invalidName, unknownOperation, vaultFailure } from './vault-errors.ts';
import { parseVaultHost, vaultExists } from './vault-hosts.ts';
import type { VaultRegistry } from './vault-registry.ts';

const OBJECT_NAME = /^[0-9a-zA-Z-]{1,127}$/;
const OVERRIDABLE_METHODS = ['GET', 'PUT', 'PATCH', 'DELETE'];

/** What the data plane of Key Vault needs. */
export interface VaultServiceDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly tokens: TokenVerifier;
  readonly audit: AuditLog;
  readonly vaults: VaultRegistry;
  /** Role assignments, for vaults with RBAC. Default: none exist. */
  readonly roles?: RoleCheck;
}

/** The data plane of all vaults, told apart by host name. */
export interface VaultService extends CloudService {
  /** Whether `host` (lower case, no port) names a vault that exists; see {@link vaultExists}. */
  exists(host: string): boolean;
}

/** The data plane of Key Vault for the vaults of `deps.vaults`. */
export function createVaultService(deps: VaultServiceDeps): VaultService {
  // One line per kind of object.
  const routes: readonly VaultRoute[] = [
    ...createSecretRoutes(deps),
    ...createKeyRoutes(deps),
    ...createCertificateRoutes(deps),
  ];
  const table = createRouteTable(routes);
  const roles = deps.roles ?? noRoles;

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const host = parseVaultHost(url.hostname);
    const vault = host === undefined ? undefined : deps.vaults.find(host.vaultName);
    if (host === undefined || vault === undefined) throw noSuchVault(url.hostname);

    // First of all, and without a look at the path or the body: SDKs send an empty request to be challenged.
    deps.audit.note(request, { operation: 'Authentication' });
    const token = await authenticate(deps.tokens, request, vault, host.cloud);
    deps.audit.note(request, { identity: identityOf(token), operation: 'Unknown' });

    const method = effectiveMethod(request);
    const segments = pathSegments(url.pathname);
    const match = table.match(method, segments);
    if (match !== undefined) deps.audit.note(request, { operation: match.route.operation });
    const apiVersion = queryValue(url, 'api-version');
    checkApiVersion(apiVersion);
    if (match === undefined) throw unknownOperation(method, segments.slice(1).join('/') || (segments[0] ?? ''));

    const objectName = match.params['name'];
    if (objectName !== undefined && !OBJECT_NAME.test(objectName)) throw invalidName(objectName);
    checkNetwork(vault, token);
    authorize(
      vault,
      token,
      { ...match.route.permission, objectName },
      {
        roles,
        note: (details) => deps.audit.note(request, { details }),
      },
    );
    const call: VaultCall = {
      url,
      apiVersion,
      params: match.params,
      vault,
      token,
      body: () => readJsonObject(request, badParameter),
    };
    return match.route.handle(call);
  };

  const style: AnswerStyle = {
    renderError,
    headers: (requestId, request) => responseHeaders(deps.vaults, requestId, request),
  };
  return {
    name: 'keyvault',
    serves: (host) => parseVaultHost(host) !== undefined,
    exists: (host) => vaultExists(deps.vaults, host),
    fetch: (request) => answerWith(deps, style, request, () => answer(request)),
    fail: (request, failure) => answerWith(deps, style, request, () => Promise.reject(vaultFailure(failure))),
  };
}

// A POST may stand for another verb.
function effectiveMethod(request: Request): string {
  const override = request.headers.get('x-http-method') ?? request.headers.get('x-http-method-override');
  const method = override?.toUpperCase() ?? '';
  return request.method === 'POST' && OVERRIDABLE_METHODS.includes(method) ? method : request.method;
}

function noSuchVault(host: string): AzureError {
  return new AzureError(
    502,
    'VaultNotFound',
    `getaddrinfo ENOTFOUND ${host}: no vault of this name exists. On Azure the name would not resolve.`,
  );
}

function renderError(error: AzureError): Response {
  const inner = error.innerCode === undefined ? {} : { innererror: { code: error.innerCode } };
  return json(error.status, { error: { code: error.code, message: error.message, ...inner } });
}

// The headers of each answer in the recordings of the SDKs' tests.
function responseHeaders(vaults: VaultRegistry, requestId: string, request: Request): Record<string, string> {
  const host = parseVaultHost(new URL(request.url).hostname);
  const clientRequestId = request.headers.get('x-ms-client-request-id');
  return {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'x-ms-keyvault-region': (host === undefined ? undefined : vaults.find(host.vaultName))?.location ?? 'none',
    ...(clientRequestId === null ? {} : { 'x-ms-client-request-id': clientRequestId }),
    'x-ms-request-id': requestId,
    'x-ms-keyvault-service-version': '1.9.2544.1',
    'x-ms-keyvault-network-info': `conn_type=Ipv4;addr=${LAB_CLIENT_ADDRESS};act_addr_fam=InterNetwork;`,
    'strict-transport-security': 'max-age=31536000;includeSubDomains',
    'x-content-type-options': 'nosniff',
  };
}

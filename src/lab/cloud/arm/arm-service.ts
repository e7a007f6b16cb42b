import type { Clock, Log, Random } from '#base';
import type { Store } from '#lab/store';
import { AZURE_CLOUDS } from '../azure-clouds.ts';
import type { ClusterHost, ClusterSpec, NodeIdentities } from '../clusters.ts';
import type { Directory } from '../directory.ts';
import { answerWith, identityOf, type AnswerStyle } from '../rest/answer.ts';
import { AzureError } from '../rest/azure-error.ts';
import { json, queryValue, readJsonObject, type JsonObject } from '../rest/request.ts';
import { createRouteTable, pathSegments, type RouteMatch } from '../rest/router.ts';
import type { AccessToken, AuditLog, CloudService, TokenVerifier } from '../service.ts';
import type { RoleCheck, RoleGrant, VaultRegistry } from '../vault/index.ts';
import { parseApiVersion } from './api-version.ts';
import type { ArmRoute } from './arm-call.ts';
import type { ArmContext, ResourceType } from './arm-context.ts';
import {
  armFailure,
  invalidNamespace,
  invalidRequestContent,
  invalidResourceType,
  subscriptionNotFound,
  unsupportedMediaType,
} from './arm-errors.ts';
import { authenticate } from './authenticate.ts';
import {
  authorizeAction,
  createOtherAuthorizationRoutes,
  createRoleAssignmentRoutes,
  createRoleDefinitionRoutes,
  openAccess,
  requiredAction,
  type HeldRole,
} from './authorization/index.ts';
import { createScaleSets } from './compute/scale-sets.ts';
import { createManagedClusters } from './container-service/managed-clusters.ts';
import { createVaults, VAULT_TYPE } from './key-vault/vaults.ts';
import { createFederatedCredentials } from './managed-identity/federated-credentials.ts';
import {
  createUserAssignedIdentities,
  IDENTITY_TYPE,
  principalIdOf,
} from './managed-identity/user-assigned-identities.ts';
import { splitExtension } from './extension-path.ts';
import { createOperations } from './operations.ts';
import { openResourceStore } from './resource-store.ts';
import { PROVIDER_NAMESPACES } from './resources/api-versions.ts';
import { isMetadataRequest, renderMetadata } from './resources/metadata-endpoints.ts';
import { createResourceGroups } from './resources/resource-groups.ts';
import { createResourceQueryRoutes } from './resources/resource-query.ts';
import { createDeploymentRoutes } from './resources/deployments.ts';
import { createFeatureRoutes } from './resources/features.ts';
import { createTagNameRoute, createTagRoutes } from './resources/tags.ts';
import { createSubscriptionRoutes } from './resources/subscriptions.ts';
import { groupOf, requireScope } from './tracked-resources.ts';

const HOSTS: readonly string[] = AZURE_CLOUDS.flatMap(({ managementHosts }) => managementHosts);
const JSON_MEDIA_TYPE = /^(application|text)\/([\w.-]+\+)?json$/i;

/** What ARM needs. */
export interface ArmDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly directory: Directory;
  readonly tokens: TokenVerifier;
  readonly audit: AuditLog;
  readonly clusters: ClusterHost;
}

/** A vault as the lab's status shows it. */
export interface VaultSummary {
  readonly name: string;
  readonly resourceGroup: string;
  readonly armId: string;
}

/** A user-assigned identity as the lab's status shows it. */
export interface IdentitySummary {
  readonly name: string;
  readonly resourceGroup: string;
  readonly armId: string;
  readonly clientId: string;
  readonly principalId: string;
  readonly federatedCredentials: number;
}

/** The emulated Azure Resource Manager. */
export interface ArmService extends CloudService {
  /** What the cluster host must run; after a restart of the lab it is the caller who starts them again. */
  clusters(): readonly ClusterSpec[];
  /** What IMDS on the nodes of a cluster, named by its ARM id, gives tokens for. */
  assignedIdentities(clusterId: string): NodeIdentities;
  vaults(): readonly VaultSummary[];
  /** User-assigned identities, those of clusters included. */
  identities(): readonly IdentitySummary[];
  /** The vaults as the data plane sees them. */
  readonly vaultRegistry: VaultRegistry;
  /** What role assignments let do with vaults' contents. */
  readonly dataRoles: RoleCheck;
  /** Resolves when no long-running operation runs. */
  idle(): Promise<void>;
  /** The same at the lab's end: no operation waits for room to write how it ended. */
  stop(): Promise<void>;
}

/** ARM over the resources in `deps.store`. */
export function createArm(deps: ArmDeps): ArmService {
  const { directory, store } = deps;
  const access = openAccess(deps);
  const context: ArmContext = {
    ...deps,
    access,
    resources: openResourceStore(store, { removed: (id) => access.assignments.forgetBelow(id) }),
    operations: createOperations(deps),
  };
  const groups = createResourceGroups(context, () => types);
  const identities = createUserAssignedIdentities(context);
  const vaults = createVaults(context);
  const scaleSets = createScaleSets(context);
  const clusters = createManagedClusters(context, { groups, identities, scaleSets });
  // One line per resource type.
  const types: readonly ResourceType[] = [identities, createFederatedCredentials(context), vaults, clusters, scaleSets];
  const table = createRouteTable([
    ...createSubscriptionRoutes(context),
    ...createResourceQueryRoutes(context),
    ...createDeploymentRoutes(),
    ...createFeatureRoutes(),
    createTagNameRoute(context),
    ...context.operations.routes,
    ...groups.routes,
    ...types.flatMap(({ routes }) => routes),
  ]);
  // What can be asked for at any scope.
  const extensions = createRouteTable([
    ...createRoleAssignmentRoutes({
      access,
      directory,
      clock: deps.clock,
      requireScope: (scope) => requireScope(context, scope),
    }),
    ...createRoleDefinitionRoutes(access, directory),
    ...createOtherAuthorizationRoutes(access),
    ...createTagRoutes(context),
  ]);

  const findRoute = (method: string, segments: readonly string[]): RouteMatch<ArmRoute> | undefined => {
    const extension = splitExtension(segments);
    if (extension === undefined) return table.match(method, segments);
    const match = extensions.match(method, extension.rest);
    return match === undefined ? undefined : { ...match, params: { ...match.params, scope: extension.scope } };
  };

  const knowsPath = (segments: readonly string[]) => {
    const extension = splitExtension(segments);
    return extension === undefined ? table.knows(segments) : extensions.knows(extension.rest);
  };

  const authorize = ({ route, params }: RouteMatch<ArmRoute>, token: AccessToken) => {
    if (route.open === true) return;
    // In the casing of the route table, as Azure names actions.
    const path = route.path
      .split('/')
      .slice(1)
      .map((part) => (part.startsWith(':') ? (params[part.slice(1)] ?? '') : part));
    const scopePath = (params['scope'] ?? '').split('/').filter((part) => part !== '');
    const required = requiredAction(route.method, [...scopePath, ...path]);
    // What belongs to the whole tenant is read by the rights that somebody has in the subscription.
    const isTenants = route.method === 'GET' && !required.scope.toLowerCase().startsWith('/subscriptions/');
    const scope = isTenants ? `/subscriptions/${directory.subscription.subscriptionId}` : required.scope;
    authorizeAction(access, directory, token, { ...required, scope });
  };

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    if (isMetadataRequest(url)) return renderMetadata(url);
    deps.audit.note(request, { operation: 'Authentication' });
    const token = await authenticate(deps.tokens, request, directory.tenant);
    deps.audit.note(request, { identity: identityOf(token), operation: 'Unknown' });
    // An escaped slash parts a path as any other: inside of a name it would make the id of another resource of it.
    const segments = pathSegments(url.pathname).flatMap((part) => part.split('/').filter((name) => name !== ''));
    const match = findRoute(request.method, segments);
    if (match !== undefined) deps.audit.note(request, { operation: match.route.operation });

    const apiVersion = parseApiVersion(queryValue(url, 'api-version'), segments);
    const subscriptionId = segments[0]?.toLowerCase() === 'subscriptions' ? segments[1] : undefined;
    if (subscriptionId !== undefined && subscriptionId.toLowerCase() !== directory.subscription.subscriptionId) {
      throw subscriptionNotFound(subscriptionId);
    }
    if (match === undefined) throw noRoute(knowsPath(segments), request.method, segments, apiVersion);
    authorize(match, token);
    if (request.method !== 'GET' && request.method !== 'DELETE') groups.refuseWhileDeleting(`/${segments.join('/')}`);
    return match.route.handle({
      url,
      apiVersion,
      params: match.params,
      token,
      may: (action, scope) => access.allows(token.objectId, { plane: 'control', action }, scope),
      header: (name) => request.headers.get(name) ?? undefined,
      body: () => readBody(request),
    });
  };

  const style: AnswerStyle = {
    renderError: ({ status, code, message }) => json(status, { error: { code, message } }),
    headers: responseHeaders,
  };
  const all = (type: string) => context.resources.below('/subscriptions', type);
  return {
    name: 'arm',
    serves: (host) => HOSTS.includes(host),
    fetch: (request) => answerWith(deps, style, request, () => answer(request)),
    fail: (request, failure) => answerWith(deps, style, request, () => Promise.reject(armFailure(request, failure))),
    clusters: () => clusters.specs(),
    assignedIdentities: (clusterId) => clusters.assignedIdentities(clusterId),
    vaults: () =>
      all(VAULT_TYPE).map((vault) => ({
        name: vault.name,
        resourceGroup: groupOf(context, vault),
        armId: vault.id,
      })),
    identities: () =>
      all(IDENTITY_TYPE).map((identity) => {
        const principalId = principalIdOf(identity);
        return {
          name: identity.name,
          resourceGroup: groupOf(context, identity),
          armId: identity.id,
          clientId: String(identity.properties['clientId']),
          principalId,
          federatedCredentials: directory.byObjectId(principalId)?.federatedCredentials.length ?? 0,
        };
      }),
    vaultRegistry: vaults.registry,
    dataRoles: (objectId, action, scope) => {
      const { giving, others } = access.account(objectId, { plane: 'data', action }, scope);
      return { grant: giving.map(describeRole)[0], others: others.map(describeRole) };
    },
    idle: () => context.operations.idle(),
    stop: () => context.operations.stop(),
  };
}

/** Says 415 of a body that is not declared to be JSON, as ARM does for `curl -d` without a header; an empty one needs no type. */
async function readBody(request: Request): Promise<JsonObject> {
  const mediaType = request.headers.get('content-type')?.split(';', 1)[0]?.trim() ?? '';
  if (JSON_MEDIA_TYPE.test(mediaType)) return readJsonObject(request, invalidRequestContent);
  if ((await request.text()) !== '') throw unsupportedMediaType(mediaType);
  return {};
}

function noRoute(pathIsKnown: boolean, method: string, segments: readonly string[], apiVersion: string): AzureError {
  const at = segments.findLastIndex((part) => part.toLowerCase() === 'providers');
  const namespace = at < 0 ? undefined : segments[at + 1];
  // What Azure has and the lab lacks answers with Azure's code, and says whose fault it is.
  const lacking = `The lab does not emulate '${method} ${typeOf(segments.slice(at + 1))}'.`;
  if (pathIsKnown) {
    const message = `The HTTP method '${method}' is not supported at this path.`;
    return new AzureError(405, 'HttpMethodNotAllowed', namespace === undefined ? message : `${message} ${lacking}`);
  }
  if (namespace === undefined) {
    return new AzureError(404, 'InvalidResourcePath', `The path '/${segments.join('/')}' has no such resource.`);
  }
  const known = PROVIDER_NAMESPACES.some((each) => each.toLowerCase() === namespace.toLowerCase());
  return known ? invalidResourceType(namespace, apiVersion, lacking) : invalidNamespace(namespace, lacking);
}

/** The type or action that the part of a path behind `providers` names: its names of resources are left out. */
function typeOf([namespace = '', ...rest]: readonly string[]): string {
  const locations = rest[0]?.toLowerCase() === 'locations';
  // Below a location names and types are the other way about.
  return [namespace, ...rest.filter((_part, index) => index % 2 === 0 || (locations && index === 1))].join('/');
}

function responseHeaders(requestId: string, request: Request): Record<string, string> {
  const clientRequestId = request.headers.get('x-ms-client-request-id');
  return {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'x-ms-request-id': requestId,
    'x-ms-correlation-request-id': request.headers.get('x-ms-correlation-request-id') ?? requestId,
    ...(clientRequestId === null ? {} : { 'x-ms-client-request-id': clientRequestId }),
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
  };
}

function describeRole({ assignment, role }: HeldRole): RoleGrant {
  return { assignmentId: assignment.name, role: role.roleName, scope: assignment.scope };
}

import { AZURE_CLOUDS } from '../azure-clouds.ts';
import type { Application, Directory } from '../directory.ts';
import { isObject, objectOr } from '../rest/request.ts';
import { AadstsError } from './aadsts.ts';

/** An API that access tokens are for. */
export interface Resource {
  /** The `aud` claim: what was asked for, with the slash at its end if it was asked with one. */
  readonly audience: string;
  /** The host of the v1.0 issuer of the cloud that the resource is in. */
  readonly tokenIssuerHost: string;
  /** The delegated scope that a user's token for it carries. */
  readonly userScope: string;
  /**
   * The `aud` claim of v2.0 tokens, which an application asks for that takes them (`requestedAccessTokenVersion` 2): its
   * client id, whatever it was asked for by. Undefined: it takes v1.0 tokens.
   */
  readonly v2Audience?: string;
}

interface KnownResource {
  /** Lower case, without the slash at the end. */
  readonly identifiers: readonly string[];
  readonly tokenIssuerHost: string;
  readonly userScope: string;
  readonly v2Audience?: string;
}

const USER_SCOPE = 'user_impersonation';
const GRAPH_SCOPE = 'Directory.ReadWrite.All User.Read.All';

/** Application ids of the resources, which may be asked for instead of their names. */
const APP_IDS = {
  vault: 'cfa8b339-82a2-471a-a3c9-0fc0be7a4093',
  management: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  graph: '00000003-0000-0000-c000-000000000000',
} as const;

const KNOWN: readonly KnownResource[] = AZURE_CLOUDS.flatMap((cloud) => {
  const { tokenIssuerHost } = cloud;
  const home = cloud.name === 'AzureCloud';
  const resource = (hosts: readonly string[], appId: string, userScope: string): KnownResource => ({
    identifiers: [...hosts.map((host) => `https://${host}`), ...(home ? [appId] : [])],
    tokenIssuerHost,
    userScope,
  });
  return [
    resource([cloud.vaultSuffix], APP_IDS.vault, USER_SCOPE),
    resource(cloud.managementHosts, APP_IDS.management, USER_SCOPE),
    resource(cloud.graphHosts, APP_IDS.graph, GRAPH_SCOPE),
  ];
});

/**
 * Other services of the public cloud that every tenant knows: programs ask for their tokens whether or not the lab serves
 * them.
 */
const ELSEWHERE: readonly KnownResource[] = [
  ['https://graph.windows.net', '00000002-0000-0000-c000-000000000000'],
  ['https://storage.azure.com', 'e406a681-f3d4-42a8-90b6-c2b029497af1'],
  ['https://database.windows.net', '022907d3-0f1b-48f7-badc-1ba6abab6d66'],
  ['https://ossrdbms-aad.database.windows.net', '123cd850-d9df-40bd-94d5-c9f07b7fa203'],
  ['https://managedhsm.azure.net', '589d5083-6f11-4d30-a62a-a4b316a14abf'],
  ['https://batch.core.windows.net'],
  ['https://datalake.azure.net'],
  ['https://rest.media.azure.net'],
  ['https://servicebus.azure.net'],
  // The API server of AKS clusters with Entra ID, for kubelogin.
  ['6dae42f8-4368-4678-94ff-3960e28e3630'],
].map((identifiers) => ({ identifiers, tokenIssuerHost: AZURE_CLOUDS[0].tokenIssuerHost, userScope: USER_SCOPE }));

const OIDC_SCOPES = new Set(['openid', 'profile', 'offline_access', 'email']);
const DEFAULT_SUFFIX = '/.default';

/**
 * The resource of a client credentials request: the text before the last `/.default`, so that `https://x//.default` is
 * for the audience `https://x/`. OIDC scopes are ignored: some SDKs add them. Throws AADSTS1002012.
 */
export function applicationScopeAudience(scope: string): string {
  const scopes = scope.split(' ').filter((part) => part !== '' && !OIDC_SCOPES.has(part));
  const [first, ...more] = scopes;
  if (first === undefined || more.length > 0 || !first.endsWith(DEFAULT_SUFFIX) || first === DEFAULT_SUFFIX) {
    throw new AadstsError(
      1002012,
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with ` +
        `/.default suffixed to the resource identifier (application ID URI).`,
    );
  }
  return first.slice(0, -DEFAULT_SUFFIX.length);
}

/** The resource of a user's request; Graph's when only OIDC scopes or bare Graph permissions are named. Throws AADSTS70011. */
export function userScopeAudience(scope: string): string {
  const scopes = scope.split(' ').filter((part) => part !== '' && !OIDC_SCOPES.has(part));
  const audiences = new Set(
    scopes.map((part) => (part.includes('/') ? part.slice(0, part.lastIndexOf('/')) : 'https://graph.microsoft.com')),
  );
  if (audiences.size > 1) {
    throw new AadstsError(
      70011,
      `The provided request must include a 'scope' input parameter. The provided value for the input parameter ` +
        `'scope' is not valid. The scope ${scope} is not valid.`,
    );
  }
  return [...audiences][0] ?? 'https://graph.microsoft.com';
}

/**
 * The resource that `audience` names: a service of Azure, or an application of the tenant by its client id or an identifier
 * URI. Throws AADSTS500011 for one that the tenant does not have.
 */
export function findResource(audience: string, directory: Directory): Resource {
  const { tenant } = directory;
  const folded = audience.toLowerCase().replace(/\/$/, '');
  const known =
    [...KNOWN, ...ELSEWHERE].find(({ identifiers }) => identifiers.includes(folded)) ??
    applicationResource(folded, directory);
  if (known === undefined) {
    throw new AadstsError(
      500011,
      `The resource principal named ${audience} was not found in the tenant named ${tenant.displayName}. This can ` +
        `happen if the application has not been installed by the administrator of the tenant or consented to by any ` +
        `user in the tenant. You might have sent your authentication request to the wrong tenant.`,
    );
  }
  const { identifiers: _, ...resource } = known;
  return { audience, ...resource };
}

/** An application that has a service principal is a resource, too. */
function applicationResource(folded: string, directory: Directory): KnownResource | undefined {
  const found = directory
    .applications()
    .find(({ clientId, identifierUris }) =>
      [clientId, ...identifierUris].some((name) => name.toLowerCase().replace(/\/$/, '') === folded),
    );
  if (found === undefined || directory.byClientId(found.clientId) === undefined) return undefined;
  const api = objectOr(found.properties['api']);
  return {
    identifiers: [folded],
    tokenIssuerHost: AZURE_CLOUDS[0].tokenIssuerHost,
    userScope: exposedScopes(found).join(' ') || USER_SCOPE,
    ...(api['requestedAccessTokenVersion'] === 2 ? { v2Audience: found.clientId } : {}),
  };
}

/** The permissions that an application offers to users (`api.oauth2PermissionScopes`). */
function exposedScopes({ properties }: Application): readonly string[] {
  const scopes = objectOr(properties['api'])['oauth2PermissionScopes'];
  return (Array.isArray(scopes) ? (scopes as readonly unknown[]) : [])
    .filter(isObject)
    .filter(({ isEnabled }) => isEnabled !== false)
    .map(({ value }) => value)
    .filter((value) => typeof value === 'string' && value !== '') as readonly string[];
}

/** What of `resource`'s permissions a user's request for `scope` gets: those that it names, or with `/.default` all. */
export function narrowedTo(scope: string, resource: Resource): Resource {
  const offered = resource.userScope.split(' ');
  const named = scope.split(' ').map((part) => part.slice(part.lastIndexOf('/') + 1));
  const granted = offered.filter((name) => named.includes(name));
  return granted.length === 0 ? resource : { ...resource, userScope: granted.join(' ') };
}

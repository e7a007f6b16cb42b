import { AZURE_CLOUDS, cloudOfLoginHost } from '../azure-clouds.ts';
import type { Tenant } from '../directory.ts';
import { AadstsError } from './aadsts.ts';
import { v1Issuer, v2Issuer } from './access-token.ts';
import { CONSUMERS_TENANT_ID, type TenantSegment } from './tenant-segment.ts';

/** Which discovery document: the v2.0 one, or the older one of v1.0 tokens. */
export type EndpointVersion = 'v1' | 'v2';

const ISSUER_IDS: Readonly<Record<TenantSegment, (tenant: Tenant) => string>> = {
  tenant: ({ tenantId }) => tenantId,
  any: () => '{tenantid}',
  consumers: () => CONSUMERS_TENANT_ID,
};

/**
 * The OpenID discovery document of the tenant at `host`, a sign-in host: endpoints are at that host, the issuer is the
 * one of its cloud. `any` (common, organizations) keeps the placeholder `{tenantid}`.
 */
export function openidConfiguration(
  host: string,
  segment: { readonly kind: TenantSegment; readonly name: string },
  tenant: Tenant,
  version: EndpointVersion,
): object {
  const id = segment.kind === 'tenant' ? tenant.tenantId : segment.name;
  const issuerId = ISSUER_IDS[segment.kind](tenant);
  const cloud = cloudOfLoginHost(host) ?? AZURE_CLOUDS[0];
  const base = `https://${host}/${id}`;
  const endpoints = `${base}/oauth2${version === 'v2' ? '/v2.0' : ''}`;
  return {
    token_endpoint: `${endpoints}/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${base}/discovery${version === 'v2' ? '/v2.0' : ''}/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer:
      version === 'v2' ? v2Issuer(cloud.loginHosts[0] ?? host, issuerId) : v1Issuer(cloud.tokenIssuerHost, issuerId),
    authorization_endpoint: `${endpoints}/authorize`,
    device_authorization_endpoint: `${endpoints}/devicecode`,
    end_session_endpoint: `${endpoints}/logout`,
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'oid', 'tid', 'ver', 'name', 'preferred_username'],
    tenant_region_scope: 'EU',
    cloud_instance_name: cloud.instanceName,
    msgraph_host: cloud.graphHosts[0],
  };
}

/**
 * The answer to instance discovery: which hosts are one cloud. `authorizationEndpoint` is the client's own authority.
 * Throws AADSTS50049 for a host that no cloud has.
 */
export function instanceDiscovery(authorizationEndpoint: string | undefined): object {
  const authority = URL.canParse(authorizationEndpoint ?? '') ? new URL(authorizationEndpoint ?? '') : undefined;
  const cloud = cloudOfLoginHost(authority?.hostname ?? '');
  if (authority === undefined || cloud === undefined) {
    throw new AadstsError(
      50049,
      `Unknown or invalid instance. To view the list of known instances, see the documentation of national clouds.`,
    );
  }
  const tenantName = authority.pathname.split('/')[1] || 'common';
  return {
    tenant_discovery_endpoint: `https://${cloud.loginHosts[0]}/${tenantName}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: AZURE_CLOUDS.map(({ loginHosts }) => ({
      preferred_network: loginHosts[0],
      preferred_cache: loginHosts[0] === 'login.microsoftonline.com' ? 'login.windows.net' : loginHosts[0],
      aliases: loginHosts,
    })),
  };
}

/** The answer to the question how the domain of a user name signs in: MSAL asks it before it sends a password. */
export function userRealm(userName: string, tenant: Tenant): object {
  const domain = userName.slice(userName.lastIndexOf('@') + 1).toLowerCase();
  const known = domain === tenant.defaultDomain.toLowerCase();
  return {
    ver: '1.0',
    account_type: known ? 'Managed' : 'Unknown',
    ...(known ? { domain_name: tenant.defaultDomain } : {}),
    cloud_instance_name: 'microsoftonline.com',
    cloud_audience_urn: 'urn:federation:MicrosoftOnline',
  };
}

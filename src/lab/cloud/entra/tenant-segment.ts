import type { Tenant } from '../directory.ts';
import { AadstsError } from './aadsts.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i;

/** Whether `text` has the form of a GUID. */
export function isGuid(text: string): boolean {
  return GUID.test(text);
}

/** The tenant of all personal Microsoft accounts, on every cloud's sign-in site. */
export const CONSUMERS_TENANT_ID = '9188040d-6c67-4c5b-b112-36a304b66dad';

/**
 * What the first segment of a path stands for: the lab's tenant, the placeholder that lets a user's home tenant decide,
 * or the tenant of personal accounts, in which the lab has nobody.
 */
export type TenantSegment = 'tenant' | 'any' | 'consumers';

/** Reads the tenant of a path: an id, a domain, or `common`, `organizations`, `consumers`. Throws AADSTS90002 or 900023. */
export function resolveTenant(segment: string, tenant: Tenant): TenantSegment {
  const name = segment.toLowerCase();
  if (name === tenant.tenantId.toLowerCase() || name === tenant.defaultDomain.toLowerCase()) return 'tenant';
  if (name === 'common' || name === 'organizations') return 'any';
  if (name === 'consumers' || name === CONSUMERS_TENANT_ID) return 'consumers';
  if (isGuid(name) || DNS_NAME.test(name)) {
    throw new AadstsError(
      90002,
      `Tenant '${segment}' not found. Check to make sure you have the correct tenant ID and are signing into the ` +
        `correct cloud. Check with your subscription administrator, this may happen if there are no active ` +
        `subscriptions for the tenant.`,
    );
  }
  throw new AadstsError(
    900023,
    `Specified tenant identifier '${segment}' is neither a valid DNS name, nor a valid external domain.`,
  );
}

/** {@link resolveTenant} for a client that wants to sign in. Throws AADSTS700016 too, for the tenant of personal accounts. */
export function resolveSignInTenant(segment: string, tenant: Tenant, clientId: string): 'tenant' | 'any' {
  const kind = resolveTenant(segment, tenant);
  if (kind !== 'consumers') return kind;
  throw new AadstsError(
    700016,
    `Application with identifier '${clientId}' was not found in the directory 'Microsoft Accounts'. This can happen if the ` +
      'application has not been installed by the administrator of the tenant or consented to by any user in the tenant. ' +
      'You may have sent your authentication request to the wrong tenant.',
  );
}

import type { Tenant } from '../directory.ts';
import { AadstsError } from './aadsts.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i;

/** Whether `text` has the form of a GUID. */
export function isGuid(text: string): boolean {
  return GUID.test(text);
}

/** What the first segment of a path stands for: the lab's tenant, or the placeholder that lets a user's home tenant decide. */
export type TenantSegment = 'tenant' | 'any';

/** Reads the tenant of a path: an id, a domain, or `common` and `organizations`. Throws AADSTS90002 or 900023. */
export function resolveTenant(segment: string, tenant: Tenant): TenantSegment {
  const name = segment.toLowerCase();
  if (name === tenant.tenantId.toLowerCase() || name === tenant.defaultDomain.toLowerCase()) return 'tenant';
  if (name === 'common' || name === 'organizations') return 'any';
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

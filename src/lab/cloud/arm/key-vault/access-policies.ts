import { isObject, type JsonObject } from '../../rest/request.ts';
import type { AccessPolicy } from '../../vault/index.ts';
import { badRequest } from '../arm-errors.ts';

const MAX_POLICIES = 1024;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The permissions that exist, by kind (Microsoft.KeyVault REST API, Permissions). */
const PERMISSIONS: Readonly<Record<keyof AccessPolicy['permissions'], string>> = {
  keys:
    'all encrypt decrypt wrapKey unwrapKey sign verify get list create update import delete backup restore recover ' +
    'purge release rotate getrotationpolicy setrotationpolicy',
  secrets: 'all get list set delete backup restore recover purge',
  certificates:
    'all get list delete create import update managecontacts getissuers listissuers setissuers deleteissuers ' +
    'manageissuers recover purge backup restore',
  storage: 'all get list delete set update regeneratekey recover purge backup restore setsas listsas getsas deletesas',
};
const KINDS = ['keys', 'secrets', 'certificates', 'storage'] as const;

/** Reads a list of access policies. Throws 400 that names the part which has no valid value. */
export function parseAccessPolicies(value: unknown): readonly AccessPolicy[] {
  if (!Array.isArray(value) || value.length > MAX_POLICIES) throw invalid('accessPolicies');
  return value.map((policy: unknown) => {
    if (!isObject(policy)) throw invalid('accessPolicies');
    const { applicationId } = policy;
    return {
      tenantId: parseGuid('accessPolicies.tenantId', policy['tenantId']),
      objectId: parseGuid('accessPolicies.objectId', policy['objectId']),
      ...(applicationId === undefined || applicationId === null
        ? {}
        : { applicationId: parseGuid('accessPolicies.applicationId', applicationId) }),
      permissions: parsePermissions(policy['permissions']),
    };
  });
}

/** How `PUT …/accessPolicies/{operation}` changes a vault's policies. */
export const POLICY_CHANGES = {
  /** Gives permissions on top of those that are there. */
  add: (now: readonly AccessPolicy[], sent: readonly AccessPolicy[]) =>
    sent.reduce<readonly AccessPolicy[]>((policies, policy) => {
      const before = policies.find((other) => samePrincipal(other, policy));
      if (before === undefined) return [...policies, policy];
      const permissions = combine(before, policy, (had, more) => [...had, ...more.filter((verb) => !has(had, verb))]);
      return policies.map((other) => (other === before ? { ...before, permissions } : other));
    }, now),
  /** Sets the permissions of the principals that are named, and leaves the others alone. */
  replace: (now: readonly AccessPolicy[], sent: readonly AccessPolicy[]) => [
    ...now.filter((policy) => !sent.some((other) => samePrincipal(other, policy))),
    ...sent,
  ],
  /** Takes permissions away; a policy that is left with none goes. */
  remove: (now: readonly AccessPolicy[], sent: readonly AccessPolicy[]) =>
    now.flatMap((policy) => {
      const taken = sent.find((other) => samePrincipal(other, policy));
      if (taken === undefined) return [policy];
      const permissions = combine(policy, taken, (had, less) => had.filter((verb) => !has(less, verb)));
      return KINDS.some((kind) => (permissions[kind] ?? []).length > 0) ? [{ ...policy, permissions }] : [];
    }),
} as const;

/** 400 with the text of Key Vault's resource provider for a property without a valid value. */
export function invalid(property: string): ReturnType<typeof badRequest> {
  return badRequest(`An invalid value was provided for '${property}'.`);
}

/** Reads a GUID. Throws 400 that names the property. */
export function parseGuid(property: string, value: unknown): string {
  if (typeof value !== 'string' || !GUID.test(value)) throw invalid(property);
  return value;
}

function parsePermissions(value: unknown): AccessPolicy['permissions'] {
  if (!isObject(value)) throw invalid('accessPolicies.permissions');
  return Object.fromEntries(
    KINDS.flatMap((kind) => {
      const verbs = value[kind];
      if (verbs === undefined || verbs === null) return [];
      const property = `accessPolicies.permissions.${kind}`;
      if (!Array.isArray(verbs)) throw invalid(property);
      const known = PERMISSIONS[kind].split(' ');
      return [[kind, verbs.map((verb: unknown) => parseVerb(property, known, verb))]];
    }),
  );
}

function parseVerb(property: string, known: readonly string[], verb: unknown): string {
  if (typeof verb !== 'string' || !has(known, verb)) throw invalid(property);
  return verb;
}

function has(verbs: readonly string[], verb: string): boolean {
  return verbs.some((other) => other.toLowerCase() === verb.toLowerCase());
}

function samePrincipal(a: AccessPolicy, b: AccessPolicy): boolean {
  const key = (policy: AccessPolicy) =>
    `${policy.tenantId} ${policy.objectId} ${policy.applicationId ?? ''}`.toLowerCase();
  return key(a) === key(b);
}

function combine(
  a: AccessPolicy,
  b: AccessPolicy,
  merge: (a: readonly string[], b: readonly string[]) => readonly string[],
): AccessPolicy['permissions'] {
  return Object.fromEntries(
    KINDS.flatMap((kind) => {
      const verbs = merge(a.permissions[kind] ?? [], b.permissions[kind] ?? []);
      return a.permissions[kind] === undefined && verbs.length === 0 ? [] : [[kind, verbs]];
    }),
  );
}

/** The policies of a vault's properties, which were checked when they were stored. */
export function storedPolicies(properties: JsonObject): readonly AccessPolicy[] {
  return (properties['accessPolicies'] ?? []) as readonly AccessPolicy[];
}

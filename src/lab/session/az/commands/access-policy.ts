import { at, textAt, type JsonObject } from '../json.ts';

/** The kinds of things that an access policy speaks of, in the singular of az's options. */
export const PERMISSION_KINDS = ['certificate', 'key', 'secret', 'storage'] as const;

/** One of {@link PERMISSION_KINDS}. */
export type PermissionKind = (typeof PERMISSION_KINDS)[number];

/** The verbs of each kind (Microsoft.KeyVault REST API, AccessPolicyEntry), in the order in which az lists them. */
export const PERMISSIONS: Readonly<Record<PermissionKind, readonly string[]>> = {
  certificate:
    'all get list delete create import update managecontacts getissuers listissuers setissuers deleteissuers manageissuers recover purge backup restore'.split(
      ' ',
    ),
  key: 'all encrypt decrypt wrapKey unwrapKey sign verify get list create update import delete backup restore recover purge release rotate getrotationpolicy setrotationpolicy'.split(
    ' ',
  ),
  secret: 'all get list set delete backup restore recover purge'.split(' '),
  storage:
    'all get list delete set update regeneratekey recover purge backup restore setsas listsas getsas deletesas'.split(
      ' ',
    ),
};

const WIRE_NAMES: Readonly<Record<PermissionKind, string>> = {
  certificate: 'certificates',
  key: 'keys',
  secret: 'secrets',
  storage: 'storage',
};

/** Who a policy is for. */
export interface PolicySubject {
  readonly tenantId: string;
  readonly objectId: string;
  readonly applicationId: string | undefined;
}

/** Whether a policy is for `who`: the same tenant, object and application, whatever their case. */
export function isPolicyOf(policy: JsonObject, who: PolicySubject): boolean {
  return (
    textAt(policy, 'objectId')?.toLowerCase() === who.objectId.toLowerCase() &&
    textAt(policy, 'tenantId')?.toLowerCase() === who.tenantId.toLowerCase() &&
    (textAt(policy, 'applicationId') ?? '').toLowerCase() === (who.applicationId ?? '').toLowerCase()
  );
}

/**
 * The policies after giving `who` these permissions: kinds that are not named keep what they had; a policy that ends
 * without any permission goes.
 */
export function applyPolicy(
  policies: readonly JsonObject[],
  who: PolicySubject,
  given: Partial<Record<PermissionKind, readonly string[]>>,
): readonly JsonObject[] {
  const before = policies.find((policy) => isPolicyOf(policy, who));
  const permissions: Record<string, readonly string[]> = {};
  for (const kind of PERMISSION_KINDS) {
    const kept = at(before, `permissions.${WIRE_NAMES[kind]}`);
    const list = given[kind] ?? (Array.isArray(kept) ? (kept as string[]) : undefined);
    if (list !== undefined) permissions[WIRE_NAMES[kind]] = list;
  }
  const policy: JsonObject = {
    tenantId: who.tenantId,
    objectId: who.objectId,
    ...(who.applicationId === undefined ? {} : { applicationId: who.applicationId }),
    permissions,
  };
  const isEmpty = Object.values(permissions).every((list) => list.length === 0);
  const after = before === undefined ? [...policies, policy] : policies.map((old) => (old === before ? policy : old));
  return isEmpty ? after.filter((entry) => entry !== policy) : after;
}

import { describe, expect, it } from 'vitest';
import { allowedByRole, refusedByPolicies, refusedByRoles } from './access-reasons.ts';

const token = { objectId: 'object-1', clientId: 'client-1' };
const get = { collection: 'secrets', verb: 'get' } as const;
const policy = (objectId: string, secrets: readonly string[]) => ({
  tenantId: 'tenant',
  objectId,
  permissions: { secrets },
});

describe('the audit log’s word on access policies', () => {
  it.each([
    [
      'that none names the caller',
      [policy('other', ['get'])],
      "none of the vault's 1 access policies names object object-1",
    ],
    [
      'that the caller’s lacks the permission',
      [policy('OBJECT-1', ['list', 'set'])],
      'the access policy of object OBJECT-1 gives secrets list, set, not get',
    ],
    ['that the caller’s is empty', [policy('object-1', [])], 'gives secrets nothing, not get'],
    [
      'that one names the client instead of the object',
      [policy('client-1', ['get'])],
      'an access policy names the client id client-1; it has to name the object id object-1',
    ],
  ])('says %s', (_what, policies, text) => {
    expect(refusedByPolicies(policies, token, get)).toContain(text);
  });
});

describe('the audit log’s word on roles', () => {
  const grant = { assignmentId: 'a', role: 'Key Vault Secrets User', scope: '/vaults/other' };

  it('names the assignment that gives access, and its scope', () => {
    expect(allowedByRole(grant)).toBe('role assignment a: Key Vault Secrets User at /vaults/other');
  });

  it('names what the caller has elsewhere', () => {
    expect(refusedByRoles([grant], 'object-1', '/vaults/one/secrets/s')).toBe(
      'no role of object object-1 gives this at /vaults/one/secrets/s; it has Key Vault Secrets User at /vaults/other',
    );
    expect(refusedByRoles([], 'object-1', '/vaults/one')).toBe('object object-1 has no role assignment anywhere');
  });
});

import { describe, expect, it } from 'vitest';
import { vaultHint } from './vault-hints.ts';

describe('the hint for a failed vault request', () => {
  it.each([
    ['a code', { codes: ['Forbidden', 'ForbiddenByPolicy'], status: 403, isPlain: false }, /object id/],
    [
      'the first known of several codes',
      { codes: ['SecretNotFound', 'SecretDisabled'], status: 404, isPlain: false },
      /objectName/,
    ],
    ['a text in place of an error of the vault', { codes: [], status: 502, isPlain: true }, /proxy answered/],
  ])('is known by %s', (_what, answer, hint) => {
    expect(vaultHint({ kind: 'secret', ...answer })).toMatch(hint);
  });

  it.each([
    ['secret', 'for secrets', 'Key Vault Secrets User'],
    ['key', 'for keys', 'Key Vault Crypto User'],
    ['cert', 'for certificates', 'Key Vault Certificate User'],
  ] as const)('names what lets an identity read a %s', (kind, permission, role) => {
    const refused = { codes: ['Forbidden', 'ForbiddenByPolicy'], status: 403, isPlain: false, kind };
    expect(vaultHint(refused)).toContain(`the get permission ${permission}`);
    expect(vaultHint({ ...refused, codes: ['Forbidden', 'ForbiddenByRbac'] })).toContain(`the role ${role} to`);
  });

  it.each([
    ['a vault that is in trouble itself', { codes: ['ServiceUnavailable'], status: 503, isPlain: false }],
    ['a text with a status that proxies do not use for their own trouble', { codes: [], status: 400, isPlain: true }],
    ['a code that is a name of every object', { codes: ['constructor'], status: 400, isPlain: false }],
  ])('is none for %s', (_what, answer) => {
    expect(vaultHint({ kind: 'secret', ...answer })).toBeUndefined();
  });
});

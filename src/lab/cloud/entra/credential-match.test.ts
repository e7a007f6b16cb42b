import { describe, expect, it } from 'vitest';
import { describeCredentialMatch } from './credential-match.ts';

const credential = (name: string, changes: object = {}) => ({
  name,
  issuer: 'https://issuer.test/',
  subject: 'system:serviceaccount:shop:web',
  audiences: ['api://AzureADTokenExchange'],
  ...changes,
});
const claims = {
  issuer: 'https://issuer.test/',
  subject: 'system:serviceaccount:shop:web',
  audiences: ['api://AzureADTokenExchange'],
};

describe('the audit log’s word on federated credentials', () => {
  it.each([
    ['names the one that fits', [credential('a', { subject: 'x' }), credential('b')], { federatedCredential: 'b' }],
    ['says that there is none', [], { federatedCredential: 'none is configured' }],
    [
      'names the nearest and what it expects',
      [
        credential('far', { subject: 'x', issuer: 'y' }),
        credential('near', { subject: 'system:serviceaccount:Shop:web' }),
      ],
      { nearestCredential: 'near expects subject system:serviceaccount:Shop:web' },
    ],
    [
      'names all that differs',
      [credential('one', { issuer: 'https://issuer.test', audiences: ['a', 'b'] })],
      { nearestCredential: 'one expects issuer https://issuer.test and audience a, b' },
    ],
  ])('%s', (_what, credentials, told) => {
    expect(describeCredentialMatch(credentials, claims)).toEqual(told);
  });
});

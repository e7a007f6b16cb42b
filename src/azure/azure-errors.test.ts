import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { retryAfterMs, tokenError } from './azure-errors.ts';

it.each([
  ['5', 5_000],
  ['0', 0],
  ['1.5', 1_500],
  ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
  ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ['-1', undefined],
  ['soon', undefined],
  [' ', undefined],
  [undefined, undefined],
])('Retry-After "%s" is a pause of %s ms', (header, expected) => {
  expect(retryAfterMs(header, Date.UTC(2026, 0, 1))).toBe(expected);
});

const claims = { issuer: 'https://issuer.example/a/', subject: 'system:serviceaccount:shop:web' };
const refusal = (description: string, presented?: typeof claims) =>
  tokenError(
    new Error('refused'),
    {
      status: 401,
      body: JSON.stringify({ error: 'invalid_client', error_description: description }),
      retryAfterMs: undefined,
    },
    'getting a token',
    { mode: 'workload-identity', claims: presented },
  );

it.each([
  ['70025', /create a federated identity credential/],
  ['700211', /issuer to the one named here/],
  ['700212', /audience to api:\/\/AzureADTokenExchange/],
  ['700213', /with this subject/],
  ['7002138', /in the same upper and lower case/],
  ['50166', /\.well-known\/openid-configuration/],
  ['7000272', /publish its new key/],
  ['700024', /clocks/],
  ['700016', /client id, not the object id/],
  ['90002', /tenantID and cloudName/],
])('AADSTS%s keeps its text without the ids of the request, and says what helps', (code, hint) => {
  const error = refusal(
    `AADSTS${code}: It is refused. Trace ID: 1-2 Correlation ID: 3-4 Timestamp: 2026-01-01 00:00:00Z`,
  );
  expect(error).toMatchObject({
    message: `getting a token: AADSTS${code}: It is refused.`,
    upstreamCode: `AADSTS${code}`,
    upstreamRequestId: '1-2',
  });
  expect(error.hint).toMatch(hint);
});

describe('the claims of the token that was exchanged', () => {
  it('complete the help where the refusal does not name them', () => {
    const error = refusal('AADSTS50166: Request to External OIDC endpoint failed.', claims);
    expect(error.message).toBe(
      'getting a token by the token of system:serviceaccount:shop:web: AADSTS50166: Request to External OIDC endpoint failed.',
    );
    expect(error.hint).toContain('https://issuer.example/a/.well-known/openid-configuration');
  });

  it('are not said twice', () => {
    const said = `AADSTS700213: No matching record for subject '${claims.subject}'.`;
    expect(refusal(said, claims).message).toBe(`getting a token: ${said}`);
  });
});

describe('a token request without an answer of Entra ID', () => {
  it.each([
    ['that reaches nobody', new Error('getaddrinfo ENOTFOUND login.microsoftonline.com'), undefined, /DNS, proxy/],
    ['that is late', new KeyferryError('deadline-exceeded', 'no answer within 10 s'), undefined, /DNS, proxy/],
    ['that a broken service answers', new Error('odd'), { status: 502, body: 'x', retryAfterMs: undefined }, /trouble/],
  ])('%s says where to look', (_what, error, failure, hint) => {
    expect(tokenError(error, failure, 'getting a token', { mode: 'workload-identity' }).hint).toMatch(hint);
  });

  it('is told in one line', () => {
    const broken = new Error('network_error:\n  connect\n  ECONNREFUSED');
    const error = tokenError(broken, undefined, 'getting a token', { mode: 'workload-identity' });
    expect(error.message).toBe('getting a token: network_error: connect; ECONNREFUSED');
  });
});

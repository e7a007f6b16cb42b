import { expect, it } from 'vitest';
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

const refusal = (description: string) =>
  tokenError(
    new Error('refused'),
    {
      status: 401,
      body: JSON.stringify({ error: 'invalid_client', error_description: description }),
      retryAfterMs: undefined,
    },
    'getting a token',
  );

it.each([
  ['70025', /create a federated identity credential/],
  ['700211', /issuer to the one named here/],
  ['700212', /audience to api:\/\/AzureADTokenExchange/],
  ['700213', /with this subject/],
  ['7002138', /in the same upper and lower case/],
  ['50166', /\.well-known\/openid-configuration/],
  ['7000272', /publish it/],
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

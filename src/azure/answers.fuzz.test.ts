// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { constantFrom, integer, oneof, option, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { expectQuick, fuzz, outcomeOf } from '../base/testing/fuzz.ts';
import { hostileJson, hostileText, mutatedText, textOfPieces } from '../base/testing/hostile.ts';
import { retryAfterMs, tokenError, vaultError } from './azure-errors.ts';
import { parseCloudEnvironment } from './clouds.ts';

const TOKEN = 'eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiJzIn0.c2lnbmF0dXJl';
const ANSWER = JSON.stringify({
  error: 'invalid_client',
  error_description: `AADSTS700213: No matching federated identity record found. Trace ID: a Correlation ID: b Timestamp: 2026-01-01 00:00:00Z`,
  error_codes: [700213],
});
const ENVIRONMENT = JSON.stringify({
  name: 'mine',
  activeDirectoryEndpoint: 'https://login.mine.example/',
  keyVaultDNSSuffix: 'vault.mine.example',
  resourceIdentifiers: { keyVault: 'https://vault.mine.example' },
});
const status = oneof(constantFrom(400, 401, 403, 404, 408, 429, 500, 503), integer({ min: 0, max: 999 }));

function expectSafe(error: KeyferryError): void {
  expect(error).toBeInstanceOf(KeyferryError);
  expect(error.kind).not.toBe('bug');
  expect(error.message).not.toContain('eyJhbGci');
  expect(JSON.stringify(error)).not.toContain('eyJhbGci');
}

describe('an answer of Entra ID that is no token', () => {
  fuzz(
    'becomes an error of the world, whatever it is, and tells no token',
    record({
      body: option(
        oneof(
          mutatedText([ANSWER]),
          hostileJson(['error', 'error_description'], constantFrom(TOKEN, 'AADSTS1', 'x')).map(
            (value) => JSON.stringify(value) ?? '',
          ),
          hostileText(),
        ),
        { nil: undefined },
      ),
      status,
      text: oneof(hostileText(), constantFrom(`failed with ${TOKEN}`)),
    }),
    { inputs: 230, seed: 641 },
    ({ body, status: code, text }) => {
      const failure = { status: code, body, retryAfterMs: undefined };
      expectSafe(tokenError(new Error(text), failure, 'getting a token', { mode: 'workload-identity' }));
      expectSafe(tokenError(text, undefined, 'getting a token', { mode: 'workload-identity' }));
    },
  );
});

describe('an answer of Key Vault that is no value', () => {
  fuzz(
    'becomes an error of the world, whatever its fields are, and tells no token',
    record({
      statusCode: oneof(status, hostileJson()),
      code: hostileJson(),
      message: oneof(hostileText(), constantFrom(TOKEN)),
      details: hostileJson(
        ['error', 'code', 'message', 'innererror', 'innerError'],
        constantFrom(TOKEN, 'Forbidden', 'constructor'),
      ),
      bodyAsText: oneof(hostileText(), constantFrom(undefined, null, `<html>`, `proxy says ${TOKEN}`)),
      retryAfter: oneof(hostileText(), constantFrom('1', '-1', '1e400', 'Wed, 21 Oct 2015 07:28:00 GMT')),
    }),
    { inputs: 230, seed: 642 },
    ({ retryAfter, bodyAsText, ...fields }) => {
      const headers = { get: (name: string) => (name === 'retry-after' ? retryAfter : undefined) };
      const foreign = Object.assign(new Error('x'), fields, { response: { headers, bodyAsText } });
      expectSafe(vaultError(foreign, 'reading a secret', 0, 'secret'));
    },
  );

  it('with a megabyte of blanks before its trace is read quickly', async () => {
    const description = `AADSTS1: x${' '.repeat(1_000_000)}y`;
    const body = JSON.stringify({ error_description: description });
    const failure = { status: 400, body, retryAfterMs: undefined };
    expectSafe(await expectQuick(() => tokenError(new Error('x'), failure, 'x', { mode: 'workload-identity' })));
    const foreign = { message: 'eyJ'.repeat(300_000), statusCode: 400 };
    expect((await expectQuick(() => vaultError(foreign, 'x', 0, 'secret'))).kind).toBe('world');
  });
});

describe('Retry-After', () => {
  fuzz(
    'is a pause that is no nonsense, or none',
    oneof(hostileText(), textOfPieces(['1', '0', '9', '-', 'e', '.', 'Wed', ' ', 'GMT', ':', ','], 10)),
    { inputs: 340, seed: 643, examples: ['Infinity', '1e308', '99999999999999999999'] },
    (text) => {
      const pauseMs = retryAfterMs(text, 1_800_000_000_000);
      if (pauseMs === undefined) return;
      expect(pauseMs).toBeGreaterThanOrEqual(0);
      expect(Number.isSafeInteger(pauseMs)).toBe(true);
    },
  );
});

describe('the file of a cloud of one’s own', () => {
  fuzz(
    'is read or refused, and its vault resource is never of another host',
    oneof(
      mutatedText([ENVIRONMENT]),
      hostileJson(Object.keys(JSON.parse(ENVIRONMENT) as object)).map((value) => JSON.stringify(value) ?? ''),
    ),
    { inputs: 180, seed: 644, examples: [ENVIRONMENT] },
    async (text) => {
      const outcome = await outcomeOf(() => parseCloudEnvironment(text, '/file'));
      if (!outcome.ok) return;
      const { authorityHost, vaultDnsSuffix, vaultResource } = outcome.value;
      expect(new URL(authorityHost).protocol).toBe('https:');
      expect(new URL(`https://x.${vaultDnsSuffix}`).host).toBe(`x.${vaultDnsSuffix}`.toLowerCase());
      if (vaultResource !== undefined) expect(vaultResource).toBe(`https://${vaultDnsSuffix}`);
    },
  );

  it('with a name or an address of slashes is read quickly', async () => {
    const slashes = `https://a/${'/'.repeat(60_000)}x`;
    const text = JSON.stringify({ activeDirectoryEndpoint: slashes, keyVaultDNSSuffix: `${'a-.'.repeat(20_000)}!` });
    expect((await expectQuick(() => outcomeOf(() => parseCloudEnvironment(text, '/file')))).ok).toBe(false);
  });
});

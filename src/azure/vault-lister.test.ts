import type { SecretClientOptions } from '@azure/keyvault-secrets';
import { beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { createFakeClock } from '../base/testing/index.ts';
import { findCloud } from './clouds.ts';
import { createVaultConnection } from './vault-connection.ts';
import { createVaultLister } from './vault-lister.ts';

// Microsoft's libraries with the vault in memory: they read pages, links and names as they do in production.

type HttpClient = NonNullable<SecretClientOptions['httpClient']>;

const VAULT = 'https://kv.vault.azure.net';
const ID = (digit: string) => digit.repeat(32);

/** What the vault answers, by path and `$skiptoken`. */
let pages: Record<string, { status?: number; body: unknown }>;
let asked: { url: URL; authorization: string | undefined }[];

const httpClient: HttpClient = {
  async sendRequest(request) {
    const url = new URL(request.url);
    asked.push({ url, authorization: request.headers.get('authorization') });
    const key = `${url.pathname}${url.searchParams.get('$skiptoken') ?? ''}`;
    const page = pages[key] ?? { status: 404, body: { error: { code: 'SecretNotFound', message: 'none' } } };
    const headers = new Map([['content-type', 'application/json']]);
    return {
      request,
      status: page.status ?? 200,
      bodyAsText: JSON.stringify(page.body),
      headers: Object.assign(request.headers, { get: (name: string) => headers.get(name.toLowerCase()) }),
    };
  },
};

function lister() {
  const clock = createFakeClock();
  const cloud = findCloud('AzurePublicCloud');
  if (cloud === undefined) throw new Error('no public cloud');
  const connection = createVaultConnection(
    { clock, userAgent: 'test', timeoutMs: 1000, onRequest: () => undefined, agent: undefined },
    {
      vaultUrl: VAULT,
      cloud,
      tokens: { token: async () => ({ token: new Secret('t'), expiresAtMs: clock.now() + 9e6 }) },
    },
  );
  return createVaultLister({ ...connection, clientOptions: { ...connection.clientOptions, httpClient } });
}

const call = () => ({ signal: new AbortController().signal });

beforeEach(() => {
  pages = {};
  asked = [];
});

describe('a list of a vault', () => {
  it('is read to its last page', async () => {
    const next = `${VAULT}:443/secrets?api-version=7.6&$skiptoken=more`;
    pages['/secrets'] = {
      body: { value: [{ id: `${VAULT}/secrets/one`, attributes: { enabled: true } }], nextLink: next },
    };
    pages['/secretsmore'] = {
      body: {
        value: [
          { id: `${VAULT}/secrets/two`, attributes: { enabled: false }, tags: { app: 'web' } },
          { id: `${VAULT}/secrets/tls`, attributes: { enabled: true }, managed: true },
        ],
        nextLink: null,
      },
    };
    expect(await lister().listObjects('secret', call())).toEqual([
      { name: 'one', enabled: true, tags: {}, managed: false },
      { name: 'two', enabled: false, tags: { app: 'web' }, managed: false },
      { name: 'tls', enabled: true, tags: {}, managed: true },
    ]);
    expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer t', 'Bearer t']);
  });

  it.each([
    ['secret', 'secrets', 'id'],
    ['key', 'keys', 'kid'],
    ['cert', 'certificates', 'id'],
  ] as const)('tells the versions of a %s with their times', async (kind, collection, idField) => {
    const item = (digit: string, attributes: object) => ({
      [idField]: `${VAULT}/${collection}/one/${ID(digit)}`,
      attributes: { enabled: true, created: 1_700_000_000, ...attributes },
    });
    pages[`/${collection}/one/versions`] = {
      body: { value: [item('a', { nbf: 1_700_000_100, exp: 1_700_000_200 }), item('b', { enabled: false })] },
    };
    expect(await lister().listVersions(kind, 'one', call())).toEqual([
      {
        version: ID('a'),
        enabled: true,
        createdAtMs: 1_700_000_000_000,
        notBeforeMs: 1_700_000_100_000,
        expiresAtMs: 1_700_000_200_000,
      },
      {
        version: ID('b'),
        enabled: false,
        createdAtMs: 1_700_000_000_000,
        notBeforeMs: undefined,
        expiresAtMs: undefined,
      },
    ]);
  });

  it('tells who may not list what is needed, instead of what a get needs', async () => {
    const error = { code: 'Forbidden', message: 'no list permission', innererror: { code: 'ForbiddenByPolicy' } };
    pages['/secrets'] = { status: 403, body: { error } };
    await expect(lister().listObjects('secret', call())).rejects.toMatchObject({
      code: 'permission-denied',
      upstreamCode: 'Forbidden/ForbiddenByPolicy',
      hint: expect.stringContaining('list permission'),
    });
  });

  it('says as much as the vault does of an object that is not there', async () => {
    await expect(lister().listVersions('secret', 'none', call())).rejects.toMatchObject({
      upstreamCode: 'SecretNotFound',
    });
  });

  it('that does not end is given up', async () => {
    const value = Array.from({ length: 25 }, (_, index) => ({ id: `${VAULT}/secrets/s${index}`, attributes: {} }));
    pages['/secrets'] = { body: { value, nextLink: `${VAULT}/secrets?$skiptoken=more` } };
    pages['/secretsmore'] = pages['/secrets'];
    await expect(lister().listObjects('secret', call())).rejects.toThrow('more than 2500 entries');
    expect(asked).toHaveLength(101);
  });

  it('never takes the token to a host that a link names', async () => {
    pages['/secrets'] = { body: { value: [], nextLink: 'https://evil.example/secrets?$skiptoken=more' } };
    pages['/secretsmore'] = { body: { value: [] } };
    await lister()
      .listObjects('secret', call())
      .catch(() => undefined);
    expect(asked.filter(({ url }) => url.host !== new URL(VAULT).host)).toEqual([]);
  });
});

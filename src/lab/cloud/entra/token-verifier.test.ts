import { SignJWT, type JWTPayload } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '#lab/store';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../../base/testing/index.ts';
import type { Principal } from '../directory.ts';
import type { TokenRefusal, TokenVerifier } from '../service.ts';
import { issueAccessToken } from './access-token.ts';
import { findResource } from './resources.ts';
import { openSigningKey, type SigningKey } from './signing-key.ts';
import { newRsaKey } from './testing/federation.ts';
import { createFakeDirectory } from '../rest/testing/index.ts';
import { createTokenVerifier } from './token-verifier.ts';

const VAULT = 'https://vault.azure.net';
const tenant = {
  tenantId: '7e7e7e7e-0000-4000-8000-000000000001',
  displayName: 'Tenant',
  defaultDomain: 'tenant.example.com',
};
const principal: Principal = {
  type: 'Application',
  objectId: 'object',
  clientId: 'client',
  displayName: 'app',
  secrets: [],
  federatedCredentials: [],
};
const foreignKey = newRsaKey();

let key: SigningKey;
let clock: FakeClock;
let verifier: TokenVerifier;

beforeAll(async () => {
  key = await openSigningKey(createMemoryStore());
});

beforeEach(() => {
  clock = createFakeClock();
  verifier = createTokenVerifier({ clock, tenant, key: Promise.resolve(key) });
});

async function issued(audience = VAULT): Promise<string> {
  const deps = { clock, random: createFakeRandom(), tenant, key: Promise.resolve(key) };
  const resource = findResource(audience, { ...createFakeDirectory(), tenant });
  const request = {
    principal,
    clientId: 'client',
    proof: 'secret',
    loginHost: 'login.microsoftonline.com',
    resource,
    capabilities: [],
  } as const;
  return (await issueAccessToken(deps, request)).token.expose();
}

const handMade = (claims: JWTPayload, privateKey = key.privateKey, kid = key.kid) =>
  new SignJWT({
    aud: VAULT,
    iss: `https://sts.windows.net/${tenant.tenantId}/`,
    tid: tenant.tenantId,
    oid: 'object',
    appid: 'client',
    idtyp: 'app',
    nbf: clock.now() / 1000,
    exp: clock.now() / 1000 + 60,
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(privateKey);

describe('a token', () => {
  it('that the lab issued is good for its audience and says who asks', async () => {
    expect(await verifier.verify(`Bearer ${await issued()}`, [VAULT])).toEqual({
      ok: true,
      token: {
        audience: VAULT,
        issuer: `https://sts.windows.net/${tenant.tenantId}/`,
        tenantId: tenant.tenantId,
        objectId: 'object',
        clientId: 'client',
        identityType: 'app',
        expiresAtMs: clock.now() + 3_599_000,
      },
    });
  });

  it('is good until its end and a little longer, not more', async () => {
    const header = `Bearer ${await issued()}`;
    await clock.advance(3_599_000 + 299_000);
    expect((await verifier.verify(header, [VAULT])).ok).toBe(true);
    await clock.advance(1000);
    expect(await verifier.verify(header, [VAULT])).toEqual({ ok: false, refusal: 'expired' });
  });

  const refused: { what: string; header: () => Promise<string | undefined>; refusal: TokenRefusal; found?: string }[] =
    [
      { what: 'is not sent', header: () => Promise.resolve(undefined), refusal: 'missing' },
      { what: 'is empty', header: () => Promise.resolve('Bearer '), refusal: 'missing' },
      { what: 'has another scheme', header: () => Promise.resolve('Basic abc'), refusal: 'missing' },
      { what: 'is no JWT', header: () => Promise.resolve('Bearer abc'), refusal: 'malformed' },
      {
        what: 'lacks the object id',
        header: async () => `Bearer ${await handMade({ oid: undefined })}`,
        refusal: 'malformed',
      },
      {
        what: 'is of another tenant',
        header: async () => `Bearer ${await handMade({ iss: 'https://sts.windows.net/other/' }, foreignKey)}`,
        refusal: 'issuer',
        found: 'https://sts.windows.net/other/',
      },
      {
        what: 'is signed by somebody else',
        header: async () => `Bearer ${await handMade({}, foreignKey)}`,
        refusal: 'signature',
      },
      {
        what: 'names another key',
        header: async () => `Bearer ${await handMade({}, key.privateKey, 'another')}`,
        refusal: 'signature',
      },
      {
        what: 'was changed',
        header: async () => {
          const [head, , signature] = (await issued()).split('.');
          const [, claims] = (await handMade({ oid: 'somebody-else' })).split('.');
          return `Bearer ${head}.${claims}.${signature}`;
        },
        refusal: 'signature',
      },
      {
        what: 'is for another audience',
        header: async () => `Bearer ${await issued('https://management.azure.com')}`,
        refusal: 'audience',
        found: 'https://management.azure.com',
      },
      {
        what: 'is for the audience with a slash',
        header: async () => `Bearer ${await issued(`${VAULT}/`)}`,
        refusal: 'audience',
        found: `${VAULT}/`,
      },
      {
        what: 'is not valid yet',
        header: async () => `Bearer ${await handMade({ nbf: clock.now() / 1000 + 301 })}`,
        refusal: 'not-yet-valid',
      },
    ];
  it.each(refused)('is refused as $refusal when it $what', async ({ header, refusal, found }) => {
    const verdict = await verifier.verify(await header(), [VAULT]);
    expect(verdict).toEqual({ ok: false, refusal, ...(found === undefined ? {} : { found }) });
  });

  it('goes on being good after the lab was started again', async () => {
    const store = createMemoryStore();
    const first = await openSigningKey(store);
    const again = await openSigningKey(store);
    expect(again.jwk).toEqual(first.jwk);
  });
});

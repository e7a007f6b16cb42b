// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { constantFrom, oneof, tuple } from 'fast-check';
import { describe, expect } from 'vitest';
import { Secret, silentLog } from '#base';
import { findCloud, type Cloud } from '#azure';
import { createFakeClock } from '../../base/testing/index.ts';
import { fuzz } from '../../base/testing/fuzz.ts';
import { hostileJson, hostileText, mutatedText, recordOf } from '../../base/testing/hostile.ts';
import { createTestIssuer } from '../testing/index.ts';
import { createClusterKeys } from './cluster-keys.ts';
import { proveCaller } from './proof.ts';

const clock = createFakeClock();
const issuer = await createTestIssuer(clock);
const good = await issuer.token();
const [header = '', payload = '', signature = ''] = good.split('.');
const cloud = findCloud('AzurePublicCloud') as Cloud;
const { signal } = new AbortController();
const options = {
  clock,
  clusterKeys: createClusterKeys({ clock, log: silentLog, fetchJwks: () => Promise.resolve(issuer.jwks()) }),
  digestKey: new Secret<Uint8Array>(new Uint8Array(32)),
};
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');

const prove = (token: string, namespace = 'team', serviceAccountName = 'reader') =>
  proveCaller(
    {
      cloud,
      tenantId: 't',
      identity: { mode: 'workload-identity', clientId: 'c', assertion: new Secret(token) },
      pod: { namespace, serviceAccountName },
    },
    options,
    signal,
  );

const claims = hostileJson(['iss', 'sub', 'aud', 'exp', 'nbf', 'crit', 'b64'], hostileText());
const headers = tuple(
  constantFrom('RS256', 'none', 'HS256', 'ES256', 'RS384', '', 1, null),
  constantFrom('key-1', '__proto__', '', 1, null),
  claims,
).map(([alg, kid, more]) =>
  recordOf([
    ['alg', alg],
    ['kid', kid],
    ['jwk', more],
    ['crit', more],
  ]),
);

describe('the proof of a caller', () => {
  fuzz(
    'is given by no token but one that the cluster signed, whatever its parts are',
    oneof(
      mutatedText([good]),
      hostileText(),
      tuple(headers, claims).map(([head, body]) => `${base64(head)}.${base64(body)}.${signature}`),
      headers.map((head) => `${base64(head)}.${payload}.${signature}`),
      claims.map((body) => `${header}.${base64(body)}.${signature}`),
      headers.map((head) => `${base64(head)}.${payload}.`),
    ),
    { inputs: 70, seed: 671, examples: [`${header}.${payload}.`, `${header}..${signature}`, '..', `${good}.x`] },
    async (token) => {
      const proof = await prove(token);
      if (token !== good && proof.proved) {
        // Base64url has spare bits at the end of each part: the same bytes in other letters are the same token.
        const bytes = (text: string) => text.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex'));
        expect(bytes(token)).toEqual(bytes(good));
      }
    },
  );

  fuzz(
    'is given for no other namespace and service account than those of the token',
    tuple(
      oneof(hostileText(), constantFrom('team', 'tea', 'team:reader')),
      oneof(hostileText(), constantFrom('reader', 'm:reader')),
    ),
    { inputs: 50, seed: 672, examples: [['team', 'reader']] },
    async ([namespace, name]) => {
      expect((await prove(good, namespace, name)).proved).toBe(namespace === 'team' && name === 'reader');
    },
  );

  fuzz(
    'of two callers is one only where all parts are equal',
    tuple(hostileText(6), hostileText(6), hostileText(6), hostileText(6)),
    { inputs: 70, seed: 673, examples: [['a","b', 'c', 'a', 'b","c']] },
    async ([tenant, client, otherTenant, otherClient]) => {
      const key = async (tenantId: string, clientId: string) => {
        const identity = { mode: 'service-principal', clientId, clientSecret: new Secret('s') } as const;
        const pod = { namespace: '', serviceAccountName: '' };
        const proof = await proveCaller({ cloud, tenantId, identity, pod }, options, signal);
        return proof.proved ? proof.key : undefined;
      };
      const equal = tenant === otherTenant && client === otherClient;
      expect((await key(tenant, client)) === (await key(otherTenant, otherClient))).toBe(equal);
    },
  );
});

describe('the published keys of a cluster', () => {
  fuzz(
    'are RSA keys or none, whatever is published',
    oneof(
      hostileJson(
        ['keys', 'kty', 'kid', 'n', 'e', 'k', 'alg'],
        constantFrom('RSA', 'oct', 'EC', 'AQAB', 'key-1', 'AAAA'),
      ),
      mutatedText([JSON.stringify(issuer.jwks())]).map((text) => {
        try {
          return JSON.parse(text) as unknown;
        } catch {
          return text;
        }
      }),
    ),
    {
      inputs: 150,
      seed: 674,
      examples: [
        { keys: [{ kty: 'oct', kid: 'key-1', k: 'AAAA' }] },
        { keys: [{ kty: 'RSA', kid: 'key-1', n: '', e: '' }] },
      ],
    },
    async (jwks) => {
      const keys = createClusterKeys({ clock, log: silentLog, fetchJwks: () => Promise.resolve(jwks) });
      const key = await keys.find('key-1', signal);
      if (key !== undefined) expect(key.type).toBe('public');
    },
  );
});

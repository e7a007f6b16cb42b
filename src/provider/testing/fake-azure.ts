import { createPublicKey } from 'node:crypto';
import { decodeJwt } from 'jose';
import { KeyferryError, Secret, type Clock } from '#base';
import {
  clientIdOf,
  type AzureClients,
  type CallOptions,
  type Credential,
  type ListedObject,
  type ListedVersion,
} from '#azure';

/** An Azure in memory whose answers name who asked, so that a test sees every crossing of identities. */
export interface FakeAzure {
  readonly clients: AzureClients;
  /** Who made an exchange, in order: `subject as client in tenant`. */
  readonly exchanges: string[];
  /** The assertion or secret of each exchange, in order. */
  readonly proofs: string[];
  /** How long tokens are good, milliseconds. Default an hour. */
  tokenLifetimeMs: number;
  /** What was read, in order: `vault/name@version for who`. */
  readonly reads: string[];
  /** The vaults that were asked for their challenge, in order. */
  readonly challenges: string[];
  /** The values of secrets whose value says something else than who read it, by name. */
  readonly values: Map<string, string>;
  /** What every vault lists, of every kind. */
  readonly objects: ListedObject[];
  /** What every vault lists of versions, by the object's name. */
  readonly versions: Map<string, readonly ListedVersion[]>;
  /** Called before each exchange; throw to refuse. */
  onExchange: (who: string) => void | Promise<void>;
  /** Called before each read; throw to refuse. */
  onRead: (what: string, signal: AbortSignal) => void | Promise<void>;
}

/** What the fake judges a credential by, as the real services do. */
function proofOf(credential: Credential): string {
  switch (credential.mode) {
    case 'workload-identity':
    case 'token-proxy':
      return credential.assertion.expose();
    case 'service-principal':
      return credential.clientSecret.expose();
    case 'client-certificate':
      return `${credential.certificate.expose()} ${credential.password?.expose() ?? ''}`.trim();
    case 'managed-identity':
      return Object.values(credential.assigned ?? { kind: 'system-assigned' }).join(' ');
    case 'pod-identity':
    default:
      return `${credential.pod.namespace}/${credential.pod.name}/${credential.pod.uid}`;
  }
}

function whoIs(credential: Credential): string {
  const proof = proofOf(credential);
  const subject = 'assertion' in credential ? String(decodeJwt(proof).sub) : proof;
  const way = credential.mode === 'token-proxy' ? ` by ${credential.proxy.url} ${credential.proxy.serverName}` : '';
  return `${subject} as ${clientIdOf(credential) ?? credential.mode} in ${credential.tenantId}${way}`;
}

/** Every key of the fake: the public side of RFC 7517, appendix A.1. */
const KEY = createPublicKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
    y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
  },
});

/** An Azure that gives everybody a token and every object. */
export function createFakeAzure(clock: Clock): FakeAzure {
  const fake: FakeAzure = {
    exchanges: [],
    proofs: [],
    tokenLifetimeMs: 3_600_000,
    reads: [],
    challenges: [],
    values: new Map(),
    objects: [],
    versions: new Map(),
    onExchange: () => undefined,
    onRead: () => undefined,
    clients: {
      tokenSource: ({ authorityHost }, credential) => ({
        service: authorityHost,
        async token(_scope, { onSent }) {
          const who = whoIs(credential);
          fake.exchanges.push(who);
          onSent?.(`exchange-${fake.exchanges.length}`);
          fake.proofs.push(proofOf(credential));
          await fake.onExchange(who);
          return { token: new Secret(who), expiresAtMs: clock.now() + fake.tokenLifetimeMs };
        },
      }),
      vaultReader: ({ vaultUrl, tokens }) => {
        /** Who asks; the object is told after the name of the vault. */
        const asking = async (name: string, version: string | undefined, { signal, onSent }: CallOptions) => {
          const { token } = await tokens.token('https://vault.azure.net/.default', { signal });
          const what = `${new URL(vaultUrl).host}/${name}@${version ?? 'current'}`;
          fake.reads.push(`${what} for ${token.expose()}`);
          onSent?.(`read-${fake.reads.length}`);
          await fake.onRead(what, signal);
          if (name === 'missing') {
            throw new KeyferryError('not-found', `SecretNotFound: A secret with (name/id) ${name} was not found`, {
              upstreamCode: 'SecretNotFound',
            });
          }
          return token.expose();
        };
        return {
          challenge: () => {
            fake.challenges.push(new URL(vaultUrl).host);
            return Promise.resolve('https://vault.azure.net/.default');
          },
          async getSecret(name, version, options) {
            const who = await asking(name, version, options);
            return {
              value: new Secret(fake.values.get(name) ?? `${name} for ${who}`),
              version: version ?? 'v1',
              contentType: undefined,
              keyId: undefined,
            };
          },
          async getKey(name, version, options) {
            await asking(name, version, options);
            const { x = '', y = '' } = KEY.export({ format: 'jwk' });
            const bytes = (text: string) => Buffer.from(text, 'base64url');
            const point = { n: undefined, e: undefined, x: bytes(x), y: bytes(y) };
            return { version: version ?? 'v1', keyType: 'EC', curve: 'P-256', ...point };
          },
          async getCertificate(name, version, options) {
            const who = await asking(name, version, options);
            return { version: version ?? 'v1', der: Buffer.from(`${name} for ${who}`) };
          },
          async listObjects(kind, options) {
            await asking(`${kind}s`, 'list', options);
            return fake.objects;
          },
          async listVersions(kind, name, options) {
            await asking(`${kind}s/${name}`, 'list', options);
            return fake.versions.get(name) ?? [];
          },
        };
      },
    },
  };
  return fake;
}

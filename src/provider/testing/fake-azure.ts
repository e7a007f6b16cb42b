import { createPublicKey } from 'node:crypto';
import { decodeJwt } from 'jose';
import { KeyferryError, Secret, type Clock } from '#base';
import type { AzureClients, CallOptions, Credential } from '#azure';

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
  /** Called before each exchange; throw to refuse. */
  onExchange: (who: string) => void | Promise<void>;
  /** Called before each read; throw to refuse. */
  onRead: (what: string, signal: AbortSignal) => void | Promise<void>;
}

function secretOf(credential: Credential): Secret<string> {
  return credential.mode === 'workload-identity' ? credential.assertion : credential.clientSecret;
}

function whoIs(credential: Credential): string {
  const subject =
    credential.mode === 'workload-identity'
      ? String(decodeJwt(credential.assertion.expose()).sub)
      : credential.clientSecret.expose();
  return `${subject} as ${credential.clientId} in ${credential.tenantId}`;
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
    onExchange: () => undefined,
    onRead: () => undefined,
    clients: {
      tokenSource: (_cloud, credential) => ({
        async token(_scope, { onSent }) {
          const who = whoIs(credential);
          fake.exchanges.push(who);
          onSent?.(`exchange-${fake.exchanges.length}`);
          fake.proofs.push(secretOf(credential).expose());
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
          async getSecret(name, version, options) {
            const who = await asking(name, version, options);
            return {
              value: new Secret(`${name} for ${who}`),
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
        };
      },
    },
  };
  return fake;
}

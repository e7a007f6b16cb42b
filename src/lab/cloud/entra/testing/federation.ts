import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportJWK, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';

/** A token issuer such as a cluster's, for tests: it signs, and it publishes its documents. */
export interface TestIssuer {
  readonly url: string;
  /** What the issuer publishes now, by URL; a test may change it. */
  readonly documents: Map<string, unknown>;
  /** How often each URL was asked for. */
  readonly asked: Map<string, number>;
  fetchJson(this: void, url: string): Promise<unknown>;
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: KeyObject): Promise<string>;
  /** Publishes exactly these keys. */
  publish(keys: Readonly<Record<string, KeyObject>>): Promise<void>;
}

/** A new RSA-2048 private key. */
export function newRsaKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

/** An issuer at `url` that signs with `key` under the id `key-1` and publishes it. */
export async function createTestIssuer(url: string, key: KeyObject): Promise<TestIssuer> {
  const base = url.replace(/\/$/, '');
  const documents = new Map<string, unknown>();
  const asked = new Map<string, number>();
  const issuer: TestIssuer = {
    url,
    documents,
    asked,
    fetchJson: (asksFor) => {
      asked.set(asksFor, (asked.get(asksFor) ?? 0) + 1);
      return documents.has(asksFor)
        ? Promise.resolve(documents.get(asksFor))
        : Promise.reject(new Error(`nothing is served at ${asksFor}`));
    },
    sign: (claims, header = {}, signingKey = key) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'key-1', ...header }).sign(signingKey),
    publish: async (keys) => {
      const jwks = await Promise.all(
        Object.entries(keys).map(async ([kid, privateKey]) => {
          const { n, e } = await exportJWK(privateKey);
          return { kty: 'RSA', use: 'sig', alg: 'RS256', kid, n, e };
        }),
      );
      documents.set(`${base}/openid/v1/jwks`, { keys: jwks });
    },
  };
  documents.set(`${base}/.well-known/openid-configuration`, { issuer: url, jwks_uri: `${base}/openid/v1/jwks` });
  await issuer.publish({ 'key-1': key });
  return issuer;
}

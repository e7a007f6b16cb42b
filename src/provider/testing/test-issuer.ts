import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Clock } from '#base';

/** What a test wants in a token; the rest is what a cluster would write. */
export interface TokenClaims {
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly issuer?: string;
  readonly audience?: string | string[];
  readonly expiresInSeconds?: number;
  readonly notBeforeInSeconds?: number;
  readonly keyId?: string;
}

/** An issuer of service account tokens, as an API server is one. */
export interface TestIssuer {
  readonly url: string;
  jwks(): unknown;
  token(claims?: TokenClaims): Promise<string>;
}

/** An issuer with a fresh RSA key. */
export async function createTestIssuer(
  clock: Clock,
  url = 'https://issuer.test/',
  keyId = 'key-1',
): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  return {
    url,
    jwks: () => ({ keys: [{ ...jwk, kid: keyId, use: 'sig', alg: 'RS256' }] }),
    token: (claims = {}) => {
      const nowSeconds = Math.floor(clock.now() / 1000);
      const { namespace = 'team', serviceAccount = 'reader', audience = 'api://AzureADTokenExchange' } = claims;
      return new SignJWT({ 'kubernetes.io': { namespace } })
        .setProtectedHeader({ alg: 'RS256', kid: claims.keyId ?? keyId })
        .setIssuer(claims.issuer ?? url)
        .setSubject(`system:serviceaccount:${namespace}:${serviceAccount}`)
        .setAudience(audience)
        .setIssuedAt(nowSeconds)
        .setNotBefore(nowSeconds + (claims.notBeforeInSeconds ?? 0))
        .setExpirationTime(nowSeconds + (claims.expiresInSeconds ?? 3600))
        .sign(privateKey);
    },
  };
}

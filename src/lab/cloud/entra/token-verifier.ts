import { compactVerify, decodeJwt, errors, type JWTPayload } from 'jose';
import * as z from 'zod';
import type { Clock } from '#base';
import { AZURE_CLOUDS } from '../azure-clouds.ts';
import type { Tenant } from '../directory.ts';
import type { TokenVerdict, TokenVerifier } from '../service.ts';
import { v1Issuer } from './access-token.ts';
import type { SigningKey } from './signing-key.ts';

/** What verifying tokens needs. */
export interface TokenVerifierDeps {
  readonly clock: Clock;
  readonly tenant: Tenant;
  readonly key: Promise<SigningKey>;
  /** The groups that a principal is in. */
  readonly groupsOf?: (objectId: string) => readonly string[];
}

/** The tolerance for clocks that differ, as Microsoft's token libraries have it. */
const SKEW_SEC = 300;

const claimsSchema = z.object({
  aud: z.string(),
  iss: z.string(),
  tid: z.string(),
  oid: z.string(),
  appid: z.string(),
  idtyp: z.enum(['app', 'user']),
  nbf: z.number(),
  exp: z.number(),
  xms_mirid: z.string().optional(),
});

/**
 * Checks tokens against the tenant's own key. The issuer is looked at first, since it says whose key to use: a token of
 * another tenant is told from a forged one, as Key Vault does (AKV10032). Nothing is granted before the signature fits.
 */
export function createTokenVerifier({ clock, tenant, key, groupsOf }: TokenVerifierDeps): TokenVerifier {
  const issuers = new Set(AZURE_CLOUDS.map((cloud) => v1Issuer(cloud.tokenIssuerHost, tenant.tenantId)));
  return {
    async verify(authorization, audiences): Promise<TokenVerdict> {
      const token = /^(?:Bearer|PoP) +(\S+)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) return { ok: false, refusal: 'missing' };
      const unverified = decode(token);
      if (typeof unverified?.iss !== 'string') return { ok: false, refusal: 'malformed' };
      if (!issuers.has(unverified.iss)) return { ok: false, refusal: 'issuer', found: unverified.iss };
      if (!(await hasSignature(token, await key))) return { ok: false, refusal: 'signature' };
      const claims = claimsSchema.safeParse(unverified).data;
      if (claims === undefined) return { ok: false, refusal: 'malformed' };
      if (!audiences.includes(claims.aud)) return { ok: false, refusal: 'audience', found: claims.aud };
      const nowSec = clock.now() / 1000;
      if (claims.exp + SKEW_SEC <= nowSec) return { ok: false, refusal: 'expired' };
      if (claims.nbf - SKEW_SEC > nowSec) return { ok: false, refusal: 'not-yet-valid' };
      return {
        ok: true,
        token: {
          audience: claims.aud,
          issuer: claims.iss,
          tenantId: claims.tid,
          objectId: claims.oid,
          clientId: claims.appid,
          identityType: claims.idtyp,
          expiresAtMs: claims.exp * 1000,
          ...(groupsOf === undefined ? {} : { groupIds: groupsOf(claims.oid) }),
          ...(claims.xms_mirid === undefined ? {} : { managedIdentityArmId: claims.xms_mirid }),
        },
      };
    },
  };
}

function decode(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

async function hasSignature(token: string, key: SigningKey): Promise<boolean> {
  try {
    const { protectedHeader } = await compactVerify(token, key.publicKey, { algorithms: ['RS256'] });
    return protectedHeader.kid === key.kid;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

import { createHash } from 'node:crypto';
import { putNewest, Secret, type Clock, type Random } from '#base';
import { AadstsError } from './aadsts.ts';

/** What a sign-in with a browser was asked for: all of it is checked again when its code is redeemed. */
export interface CodeGrant {
  readonly clientId: string;
  readonly userObjectId: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly nonce: string | undefined;
  /** PKCE, method S256 or plain. */
  readonly challenge: { readonly method: 'S256' | 'plain'; readonly value: string } | undefined;
}

/** What a redeemer says. */
export interface Redemption {
  readonly clientId: string;
  readonly code: string;
  readonly redirectUri: string | undefined;
  readonly verifier: string | undefined;
}

/** The codes that sign-ins with a browser end in: each is good once, for ten minutes, and not after a restart. */
export interface AuthorizationCodes {
  issue(grant: CodeGrant): Secret<string>;
  /** Throws AADSTS 9002313, 54005, 70008, 500112 or 501481. */
  redeem(redemption: Redemption): CodeGrant;
}

const LIFETIME_MS = 600_000;
const MAX_CODES = 1000;

/** No codes yet. */
export function createAuthorizationCodes({
  clock,
  random,
}: {
  readonly clock: Clock;
  readonly random: Random;
}): AuthorizationCodes {
  const codes = new Map<string, { readonly grant: CodeGrant; readonly expiresAtMs: number; redeemed: boolean }>();
  return {
    issue: (grant) => {
      const code = `1.${random.bytes(48).toString('base64url')}`;
      putNewest(codes, code, { grant, expiresAtMs: clock.now() + LIFETIME_MS, redeemed: false }, MAX_CODES);
      return new Secret(code);
    },
    redeem: (redemption) => {
      const entry = codes.get(redemption.code);
      if (entry === undefined || entry.grant.clientId.toLowerCase() !== redemption.clientId.toLowerCase()) {
        throw new AadstsError(9002313, 'Invalid request. Request is malformed or invalid.');
      }
      if (entry.redeemed) {
        throw new AadstsError(
          54005,
          'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
        );
      }
      if (clock.now() >= entry.expiresAtMs) {
        throw new AadstsError(
          70008,
          'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive ' +
            'authorization request for this user and resource.',
        );
      }
      const { grant } = entry;
      if (redemption.redirectUri !== grant.redirectUri) {
        throw new AadstsError(
          500112,
          `The reply address '${redemption.redirectUri ?? ''}' does not match the reply address '${grant.redirectUri}' ` +
            'provided when requesting Authorization code.',
        );
      }
      if (!provesChallenge(grant.challenge, redemption.verifier)) {
        throw new AadstsError(
          501481,
          'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
        );
      }
      entry.redeemed = true;
      return grant;
    },
  };
}

function provesChallenge(challenge: CodeGrant['challenge'], verifier: string | undefined): boolean {
  if (challenge === undefined) return true;
  if (verifier === undefined) return false;
  const shown = challenge.method === 'plain' ? verifier : createHash('sha256').update(verifier).digest('base64url');
  return shown === challenge.value;
}

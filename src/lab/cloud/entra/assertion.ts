import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as z from 'zod';
import { AadstsError } from './aadsts.ts';

/** What a client assertion claims before anything about it has been checked. */
export interface AssertionClaims {
  readonly algorithm: 'RS256' | 'PS256';
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  readonly kid: string | undefined;
  /** Thumbprints of the certificate that signed, as the header has them: base64url, padded or not. */
  readonly x5t: string | undefined;
  readonly x5tS256: string | undefined;
  readonly notBeforeSec: number | undefined;
  readonly expiresAtSec: number;
}

const SKEW_SEC = 300;

const headerSchema = z.object({
  alg: z.string(),
  kid: z.string().optional(),
  x5t: z.string().optional(),
  'x5t#S256': z.string().optional(),
});
const claimsSchema = z.object({
  iss: z.string().min(1),
  sub: z.string().min(1),
  aud: z.union([z.string().transform((audience) => [audience]), z.array(z.string())]),
  nbf: z.number().optional(),
  exp: z.number(),
});

/** Reads an assertion without believing it. Throws AADSTS50027 for what is no JWT, 5002738 for an unknown algorithm. */
export function parseAssertion(assertion: string): AssertionClaims {
  let header: unknown;
  let claims: unknown;
  try {
    header = decodeProtectedHeader(assertion);
    claims = decodeJwt(assertion);
  } catch {
    throw malformedAssertion();
  }
  const parsedHeader = headerSchema.safeParse(header).data;
  if (parsedHeader === undefined) throw malformedAssertion();
  const { alg, kid, x5t } = parsedHeader;
  if (alg !== 'RS256' && alg !== 'PS256') throw unsupportedAlgorithm(alg);
  const parsed = claimsSchema.safeParse(claims).data;
  if (parsed === undefined) throw malformedAssertion();
  return {
    algorithm: alg,
    issuer: parsed.iss,
    subject: parsed.sub,
    audiences: parsed.aud,
    kid,
    x5t,
    x5tS256: parsedHeader['x5t#S256'],
    notBeforeSec: parsed.nbf,
    expiresAtSec: parsed.exp,
  };
}

/** AADSTS50027. */
export function malformedAssertion(): AadstsError {
  return new AadstsError(50027, 'JWT token is invalid or malformed.');
}

/** AADSTS5002738: tokens of other issuers are RS256, a client's own may be PS256 too. */
export function unsupportedAlgorithm(algorithm: string): AadstsError {
  return new AadstsError(
    5002738,
    `Invalid JWT token. '${algorithm}' is not a supported signature algorithm. Supported signing algorithms are: 'RS256'`,
  );
}

/** Throws AADSTS700024 outside of the assertion's times, five minutes of tolerance included. */
export function checkTimes({ notBeforeSec, expiresAtSec }: AssertionClaims, nowMs: number): void {
  const nowSec = nowMs / 1000;
  if (expiresAtSec + SKEW_SEC > nowSec && (notBeforeSec ?? 0) - SKEW_SEC <= nowSec) return;
  const written = (sec: number) => ticksTimestamp(Math.min(Math.max(sec, 0), 253_402_300_799) * 1000);
  throw new AadstsError(
    700024,
    `Client assertion is not within its valid time range. Current time: ${ticksTimestamp(nowMs)}, assertion valid from ` +
      `${written(notBeforeSec ?? 0)}, expiry time of assertion ${written(expiresAtSec)}. Review the documentation at ` +
      `https://learn.microsoft.com/entra/identity-platform/certificate-credentials .`,
  );
}

/** A time as .NET writes it in this text, to the tick: `2026-11-22T00:12:05.0000000Z`. */
function ticksTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '0000Z');
}

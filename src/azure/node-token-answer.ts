import * as z from 'zod';
import { Secret } from '#base';
import type { AccessToken } from './access.ts';

/** What an answer without a lifetime is taken for. */
const SHORT_LIFE_MS = 60_000;
/** Nobody gives a token for longer; a number beyond it is a mistake. */
const LONG_LIFE_MS = 7 * 86_400_000;

const seconds = z.union([z.number(), z.string()]).optional().catch(undefined);
const tokenSchema = z.object({ access_token: z.string().min(1), expires_on: seconds, expires_in: seconds });
const podTokenSchema = z.object({ token: tokenSchema, clientid: z.string().min(1) });

/** The token of an answer of the metadata service. Throws where it holds none; the text of the answer is not told. */
export function parseMetadataToken(body: string, nowMs: number): AccessToken {
  const parsed = tokenSchema.safeParse(parseJson(body));
  if (!parsed.success) throw new Error('the answer holds no access_token');
  return toAccessToken(parsed.data, nowMs);
}

/** The token of an answer of NMI. Throws as {@link parseMetadataToken}, in upstream's words. */
export function parsePodIdentityToken(body: string, nowMs: number): AccessToken {
  const parsed = podTokenSchema.safeParse(parseJson(body));
  if (!parsed.success) throw new Error('nmi did not return expected values in response: token and clientid');
  return toAccessToken(parsed.data.token, nowMs);
}

function toAccessToken(answer: z.infer<typeof tokenSchema>, nowMs: number): AccessToken {
  const on = positive(answer.expires_on);
  const within = positive(answer.expires_in);
  const endMs = on !== undefined ? on * 1000 : nowMs + (within === undefined ? SHORT_LIFE_MS : within * 1000);
  return { token: new Secret(answer.access_token), expiresAtMs: Math.min(endMs, nowMs + LONG_LIFE_MS) };
}

function positive(value: string | number | undefined): number | undefined {
  const number = Number(value);
  return value !== undefined && value !== '' && Number.isFinite(number) && number > 0 ? number : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not the parser's own words: they quote the text.
    return undefined;
  }
}

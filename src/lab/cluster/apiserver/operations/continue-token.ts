import { recordOf } from '../json.ts';
import { badRequest } from '../status-errors.ts';

/** Where a page ended. */
export interface PagePosition {
  /** The revision whose objects the pages show; undefined shows those of now. */
  readonly revision: number | undefined;
  /** The last object of the page: NAMESPACE/NAME. */
  readonly after: string;
}

/** The token that leads to the next page. Clients hand it back and look into it no further. */
export function renderContinueToken({ revision, after }: PagePosition): string {
  return Buffer.from(JSON.stringify({ v: 2, rv: revision ?? -1, after })).toString('base64url');
}

/** Reads a token. Throws 400 for one that was not given out. */
export function parseContinueToken(token: string): PagePosition {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw badRequest('continue key is not valid');
  }
  const { v, rv, after } = recordOf(parsed);
  if (v !== 2 || typeof rv !== 'number' || !Number.isInteger(rv) || typeof after !== 'string') {
    throw badRequest('continue key is not valid: server does not recognize this encoded version');
  }
  return { revision: rv < 0 ? undefined : rv, after };
}

import { isAbsolute, resolve } from 'node:path';
import * as z from 'zod';
import type { Issue } from '#base';

/** A token issuer whose documents are read somewhere else than at its own address. */
export interface MappedIssuer {
  /** As tokens have it in `iss`, to the letter: an `https` URL. */
  readonly issuer: string;
  /** An absolute path, of a JWKS or of a folder with what the issuer's address serves; or the URL of a server that serves it. */
  readonly from: string;
  /** The path of a PEM file with the authorities of that server, where the machine does not know them. */
  readonly caFile?: string | undefined;
}

/** {@link MappedIssuer} as JSON. */
export const mappedIssuerSchema = z.object({ issuer: z.string(), from: z.string(), caFile: z.string().optional() });

/** What somebody wrote, one text each: `ISSUER=FILE|FOLDER|URL`, and `ISSUER=FILE` for the authorities. */
export interface IssuerMapText {
  readonly maps: readonly string[];
  readonly authorities: readonly string[];
}

/** The options that a person writes these texts for: the paths of their issues. */
const MAP = '--issuer-map';
const CA = '--issuer-ca';

/** Reads the mapping of issuers, or says all that is wrong with it. Relative paths begin at `folder`. Nothing is opened. */
export function parseIssuerMap(
  { maps, authorities }: IssuerMapText,
  folder: string,
): { readonly issuers: readonly MappedIssuer[]; readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  const wrong = (path: string, message: string) => void issues.push({ path, message });
  const issuers = new Map<string, MappedIssuer>();
  for (const text of maps) {
    const { issuer, value } = split(text);
    const problem =
      issuerProblem(issuer) ?? (value === '' ? 'no file, folder or URL after the "="' : sourceProblem(value));
    if (problem !== undefined) wrong(`${MAP} ${text}`, problem);
    else if (issuers.has(issuer)) wrong(`${MAP} ${text}`, 'this issuer is mapped twice');
    else issuers.set(issuer, { issuer, from: isUrl(value) ? value : absolute(value, folder) });
  }
  for (const text of authorities) {
    const { issuer, value } = split(text);
    const mapped = issuers.get(issuer);
    const problem =
      issuerProblem(issuer) ?? (value === '' ? 'no file after the "="' : authorityProblem(mapped, issuer, issuers));
    if (problem !== undefined || mapped === undefined) wrong(`${CA} ${text}`, problem ?? '');
    else issuers.set(issuer, { ...mapped, caFile: absolute(value, folder) });
  }
  return { issuers: [...issuers.values()], issues };
}

function split(text: string): { readonly issuer: string; readonly value: string } {
  const at = text.indexOf('=');
  return at === -1 ? { issuer: text, value: '' } : { issuer: text.slice(0, at), value: text.slice(at + 1) };
}

/** Why a text is no issuer that Entra ID could be told; it fetches documents over HTTPS only. */
function issuerProblem(issuer: string): string | undefined {
  if (URL.canParse(issuer) && new URL(issuer).protocol === 'https:' && !/[?#]/.test(issuer)) return undefined;
  return 'an issuer is an https URL without query and fragment, as tokens have it in "iss"';
}

/** Why a text is no place to read from. A plain connection is for this machine alone (`kubectl proxy`). */
function sourceProblem(value: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined) return 'the URL after the "=" cannot be read';
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    return 'the URL after the "=" may have no user, query or fragment';
  }
  if (url.protocol === 'https:') return undefined;
  if (url.protocol === 'http:' && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) return undefined;
  return 'the URL after the "=" must be https, or http of this machine (127.0.0.1)';
}

function authorityProblem(
  mapped: MappedIssuer | undefined,
  issuer: string,
  issuers: ReadonlyMap<string, MappedIssuer>,
): string | undefined {
  if (mapped === undefined) {
    const other = issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`;
    return issuers.has(other)
      ? `${MAP} names ${other}: with or without the "/" at its end, both alike`
      : `there is no ${MAP} of this issuer`;
  }
  if (mapped.caFile !== undefined) return 'this issuer has two of them';
  return mapped.from.startsWith('https://')
    ? undefined
    : 'its documents are not read over https, so nothing is to be trusted';
}

/** Whether a mapped issuer is read from a server. */
export function isUrl(from: string): boolean {
  return /^https?:\/\//i.test(from);
}

function absolute(path: string, folder: string): string {
  return isAbsolute(path) ? path : resolve(folder, path);
}

import { errorText, type Clock, type Issue } from '#base';
import { createIssuerSource, DISCOVERY_PATH, readAuthorities, type IssuerSource } from './issuer-source.ts';
import { isUrl, type MappedIssuer } from './mapped-issuer.ts';

/** Reads the documents of issuers, those of mapped ones where they are mapped to. */
export interface IssuerMap {
  /** The JSON document at `url` that belongs to `issuer`. Throws when it cannot be had, with the reason. */
  fetchJson(url: string, issuer: string): Promise<unknown>;
}

/** What reading through a map needs. */
export interface IssuerMapDeps {
  readonly clock: Clock;
  /** Undefined where none can be mapped. */
  readonly issuers: readonly MappedIssuer[] | undefined;
  /** Reads what belongs to no mapped issuer. */
  readonly fetchJson: (url: string) => Promise<unknown>;
}

/** The map of `issuers`. All documents of one come from where it is mapped to: its keys too, whatever host they are said to be on. */
export function createIssuerMap({ clock, issuers, fetchJson }: IssuerMapDeps): IssuerMap {
  const sources = new Map((issuers ?? []).map((mapped) => [mapped.issuer, createIssuerSource(mapped, clock)]));
  return {
    fetchJson: (url, issuer) => {
      const source = sources.get(issuer);
      if (source !== undefined) return source.read(pathOf(url, issuer));
      return fetchJson(url).catch((error: unknown) => {
        if (issuers === undefined) throw error;
        throw new Error(`${errorText(error)}; ${notMapped(issuer, sources)}`, { cause: error });
      });
    },
  };
}

function notMapped(issuer: string, sources: ReadonlyMap<string, unknown>): string {
  const other = issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`;
  return sources.has(other)
    ? `--issuer-map names ${other}, which is another issuer than ${issuer}`
    : `no --issuer-map names ${issuer}`;
}

/** The path of a document below its issuer. An API server names its keys by an address of its own: their path there counts. */
function pathOf(url: string, issuer: string): string {
  const base = issuer.replace(/\/$/, '');
  return url.startsWith(`${base}/`) ? url.slice(base.length) : new URL(url).pathname;
}

/** What is found out about mapped issuers by reading their documents once. */
export interface IssuerCheck {
  /** What is wrong, and stays so: files that are no keys, documents of another issuer. */
  readonly issues: readonly Issue[];
  /** Servers that do not answer as they should now, which may come later. */
  readonly warnings: readonly string[];
}

/** Reads the documents of each mapped issuer, as an exchange would. */
export async function checkIssuers(issuers: readonly MappedIssuer[], clock: Clock): Promise<IssuerCheck> {
  const issues: Issue[] = [];
  const warnings: string[] = [];
  await Promise.all(
    issuers.map(async (mapped) => {
      const { issuer, from } = mapped;
      const path = `--issuer-map ${issuer}=${from}`;
      try {
        await readAuthorities(mapped);
      } catch (error) {
        issues.push({ path: `--issuer-ca ${issuer}=${mapped.caFile}`, message: errorText(error) });
        return;
      }
      try {
        const message = await problemOf(mapped, createIssuerSource(mapped, clock));
        if (message !== undefined) issues.push({ path, message });
      } catch (error) {
        if (isUrl(from)) warnings.push(`${path}: ${errorText(error)}${hintFor(errorText(error))}`);
        else issues.push({ path, message: errorText(error) });
      }
    }),
  );
  return { issues, warnings };
}

/** API servers tell their issuer's documents to service accounts only, unless somebody says otherwise. */
function hintFor(reason: string): string {
  if (!/HTTP 40[13]$/.test(reason)) return '';
  return (
    ' (let everybody read them: kubectl create clusterrolebinding oidc-discovery ' +
    '--clusterrole=system:service-account-issuer-discovery --group=system:unauthenticated)'
  );
}

async function problemOf({ issuer }: MappedIssuer, source: IssuerSource): Promise<string | undefined> {
  const metadata = await source.read(DISCOVERY_PATH);
  const { issuer: named, jwks_uri: keysUrl } = fields(metadata);
  if (named !== issuer) {
    return `the discovery document names the issuer ${JSON.stringify(named ?? null)}; they must be equal to the letter`;
  }
  if (typeof keysUrl !== 'string' || !URL.canParse(keysUrl)) return 'the discovery document has no jwks_uri';
  const { keys, jwks_uri: isDiscovery } = fields(await source.read(pathOf(keysUrl, issuer)));
  if (isDiscovery !== undefined)
    return 'it is a discovery document; what is needed is the key set that its jwks_uri names';
  if (!Array.isArray(keys)) return 'there are no "keys": it is no JSON Web Key Set';
  if (!keys.some((key) => fields(key)['kty'] === 'RSA')) {
    return 'there is no RSA key among the "keys", and Entra ID takes tokens signed by RS256 alone';
  }
  return undefined;
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

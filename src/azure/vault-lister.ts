import { KeyferryError } from '#base';
import type { ListedObject, ListedVersion, VaultObjectKind, VaultReader } from './access.ts';
import type { PolicyOption } from './request-policy.ts';
import type { VaultConnection } from './vault-connection.ts';

/** The most entries of a list that are read: a hundred requests of 25 entries, the most that a vault answers at once. */
const MAX_LISTED = 2500;

/** What the libraries tell of an entry of a list, of whichever kind. */
interface ListedProperties {
  readonly name?: string;
  readonly version?: string;
  readonly enabled?: boolean;
  readonly createdOn?: Date;
  readonly notBefore?: Date;
  readonly expiresOn?: Date;
  readonly tags?: Readonly<Record<string, string>>;
  readonly managed?: boolean;
}

interface Pages {
  byPage(): AsyncIterableIterator<readonly ListedProperties[]>;
}

/** The lists that the library of one kind gives. */
interface KindLists {
  objects(abortSignal: AbortSignal): Pages;
  versions(name: string, abortSignal: AbortSignal): Pages;
}

/** Lists of one vault; the library of a kind is loaded when the kind is first listed. */
export function createVaultLister(connection: VaultConnection): Pick<VaultReader, 'listObjects' | 'listVersions'> {
  const { clientOptions } = connection;
  const additionalPolicies = [...(clientOptions.additionalPolicies ?? []), wholeErrors];
  const ofLists: VaultConnection = { ...connection, clientOptions: { ...clientOptions, additionalPolicies } };
  const loaded = new Map<VaultObjectKind, Promise<KindLists>>();
  const listsOf = (kind: VaultObjectKind): Promise<KindLists> => {
    const known = loaded.get(kind) ?? LOADERS[kind](ofLists);
    loaded.set(kind, known);
    return known;
  };
  const read = (kind: VaultObjectKind, options: Parameters<VaultReader['listObjects']>[1], open: OpenPages) =>
    connection
      .call(kind, options, async (abortSignal) => {
        const entries: ListedProperties[] = [];
        for await (const page of open(await listsOf(kind), abortSignal).byPage()) {
          entries.push(...page);
          if (entries.length > MAX_LISTED) throw tooMany(connection.vaultUrl);
        }
        return entries;
      })
      .catch((error: unknown) => {
        throw error instanceof KeyferryError ? withListHint(error) : error;
      });
  return {
    async listObjects(kind, options) {
      const entries = await read(kind, options, (lists, abortSignal) => lists.objects(abortSignal));
      return entries.map(toObject);
    },
    async listVersions(kind, name, options) {
      const entries = await read(kind, options, (lists, abortSignal) => lists.versions(name, abortSignal));
      return entries.map(toVersion);
    },
  };
}

/** The libraries' errors about a page have its status alone; what the vault says is in the body, as for every other request. */
const wholeErrors: PolicyOption = {
  position: 'perCall',
  policy: {
    name: 'keyferryWholeErrorsPolicy',
    async sendRequest(request, next) {
      const response = await next(request);
      if (response.status < 400) return response;
      const { status: statusCode, bodyAsText } = response;
      throw Object.assign(new Error('the list was refused'), { statusCode, details: parseJson(bodyAsText), response });
    },
  },
};

function parseJson(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

type OpenPages = (lists: KindLists, abortSignal: AbortSignal) => Pages;

const LOADERS: Readonly<Record<VaultObjectKind, (connection: VaultConnection) => Promise<KindLists>>> = {
  async secret({ vaultUrl, credential, clientOptions }) {
    const { SecretClient } = await import('@azure/keyvault-secrets');
    const client = new SecretClient(vaultUrl, credential, clientOptions);
    return {
      objects: (abortSignal) => client.listPropertiesOfSecrets({ abortSignal }),
      versions: (name, abortSignal) => client.listPropertiesOfSecretVersions(name, { abortSignal }),
    };
  },
  async key({ vaultUrl, credential, clientOptions }) {
    const { KeyClient } = await import('@azure/keyvault-keys');
    const client = new KeyClient(vaultUrl, credential, clientOptions);
    return {
      objects: (abortSignal) => client.listPropertiesOfKeys({ abortSignal }),
      versions: (name, abortSignal) => client.listPropertiesOfKeyVersions(name, { abortSignal }),
    };
  },
  async cert({ vaultUrl, credential, clientOptions }) {
    const { CertificateClient } = await import('@azure/keyvault-certificates');
    const client = new CertificateClient(vaultUrl, credential, clientOptions);
    return {
      objects: (abortSignal) => client.listPropertiesOfCertificates({ abortSignal }),
      versions: (name, abortSignal) => client.listPropertiesOfCertificateVersions(name, { abortSignal }),
    };
  },
};

function toObject({ name, enabled, tags, managed }: ListedProperties): ListedObject {
  return { name: name ?? '', enabled: enabled !== false, tags: tags ?? {}, managed: managed === true };
}

function toVersion({ version, enabled, createdOn, notBefore, expiresOn }: ListedProperties): ListedVersion {
  return {
    version: version ?? '',
    enabled: enabled !== false,
    createdAtMs: createdOn?.getTime() ?? 0,
    notBeforeMs: notBefore?.getTime(),
    expiresAtMs: expiresOn?.getTime(),
  };
}

function tooMany(vaultUrl: string): KeyferryError {
  return new KeyferryError(
    'failed-precondition',
    `reading from ${vaultUrl}: the list has more than ${MAX_LISTED} entries`,
    {
      hint: 'name the objects, and their versions, instead of having them looked for',
    },
  );
}

/** The hints of a vault's refusals are about get; an identity that lists has that already, as a rule. */
function withListHint(error: KeyferryError): KeyferryError {
  const { code, message, upstreamCode, retryAfterMs, upstreamRequestId } = error;
  if (upstreamCode === undefined || !/ForbiddenByPolicy|AccessDenied|ForbiddenByRbac/.test(upstreamCode)) return error;
  return new KeyferryError(code, message, {
    upstreamCode,
    hint: 'version histories, the newest enabled version, objectNamePattern and objectTags need the list permission too',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(upstreamRequestId === undefined ? {} : { upstreamRequestId }),
  });
}

import * as z from 'zod';
import { inputError, trimEndSlashes, type Issue } from '#base';

/** One of Azure's clouds: where its identities and vaults live. */
export interface Cloud {
  readonly name: string;
  /** Entra ID, `https://host` without a slash at its end. */
  readonly authorityHost: string;
  /** The DNS name below which vaults live, for example `vault.azure.net`. */
  readonly vaultDnsSuffix: string;
  /**
   * The resource that vault tokens are asked for, for example `https://vault.azure.net`; undefined: only the vault's own
   * challenge tells it.
   */
  readonly vaultResource: string | undefined;
  /** Whether the host is one of Microsoft's own, so that its metadata is known without asking for it. */
  readonly wellKnown: boolean;
}

const wellKnown = (name: string, authorityHost: string, vaultDnsSuffix: string): Cloud => ({
  name,
  authorityHost,
  vaultDnsSuffix,
  vaultResource: `https://${vaultDnsSuffix}`,
  wellKnown: true,
});

/** Microsoft's clouds by the names that classes use (go-autorest's), in lower case; some have two. */
const CLOUDS: ReadonlyMap<string, Cloud> = new Map(
  Object.entries({
    azurepubliccloud: wellKnown('AzurePublicCloud', 'https://login.microsoftonline.com', 'vault.azure.net'),
    azurecloud: wellKnown('AzurePublicCloud', 'https://login.microsoftonline.com', 'vault.azure.net'),
    azureusgovernmentcloud: wellKnown(
      'AzureUSGovernmentCloud',
      'https://login.microsoftonline.us',
      'vault.usgovcloudapi.net',
    ),
    azureusgovernment: wellKnown(
      'AzureUSGovernmentCloud',
      'https://login.microsoftonline.us',
      'vault.usgovcloudapi.net',
    ),
    azurechinacloud: wellKnown('AzureChinaCloud', 'https://login.chinacloudapi.cn', 'vault.azure.cn'),
    azuregermancloud: wellKnown('AzureGermanCloud', 'https://login.microsoftonline.de', 'vault.microsoftazure.de'),
  }),
);

/** The cloud name under which a class describes its own cloud in a file. */
const CUSTOM_CLOUD_NAME = 'AzureStackCloud';

/** Every name that `cloudName` may have, as they are written, each cloud's once. */
export const CLOUD_NAMES: readonly string[] = [
  ...new Set([...CLOUDS.values()].map(({ name }) => name)),
  CUSTOM_CLOUD_NAME,
];

/** One of Microsoft's clouds by name, in any case; undefined when there is none of that name. */
export function findCloud(name: string): Cloud | undefined {
  return CLOUDS.get(name.toLowerCase());
}

/** Whether `name` says that a file describes the cloud. */
export function isCustomCloud(name: string): boolean {
  return name.toLowerCase() === CUSTOM_CLOUD_NAME.toLowerCase();
}

const httpsUrl = z
  .string()
  .refine((text) => URL.canParse(text) && new URL(text).protocol === 'https:', 'must be an https URL')
  .transform(trimEndSlashes);

// go-autorest's environment file: of its many fields only these concern a vault.
const environmentSchema = z.object({
  name: z.string().min(1).default(CUSTOM_CLOUD_NAME),
  activeDirectoryEndpoint: httpsUrl,
  keyVaultDNSSuffix: z
    .string()
    .regex(/^\.?[A-Za-z0-9][-.A-Za-z0-9]*(:\d{1,5})?$/, 'must be a DNS name')
    .transform((text) => text.replace(/^\./, '')),
  resourceIdentifiers: z.object({ keyVault: z.string().optional() }).optional(),
});

/** Go, for which these files are written, takes the names of fields in any case. */
function withKnownNames(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const known = Object.keys(environmentSchema.shape);
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      known.find((other) => other.toLowerCase() === name.toLowerCase()) ?? name,
      value,
    ]),
  );
}

/**
 * Parses the JSON file that a class's `cloudEnvFileName` names. `file` is for the error text. Throws `invalid-input` with
 * every issue. It belongs to the one request: nothing is kept for the process, so a wrong file breaks only its own class.
 */
export function parseCloudEnvironment(text: string, file: string): Cloud {
  const what = `cloud environment file ${file}`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw inputError(what, [{ path: '', message: 'is not JSON' }]);
  }
  const parsed = environmentSchema.safeParse(withKnownNames(json));
  if (!parsed.success) {
    throw inputError(
      what,
      parsed.error.issues.map((issue): Issue => ({ path: issue.path.join('.'), message: issue.message })),
    );
  }
  const { name, activeDirectoryEndpoint, keyVaultDNSSuffix, resourceIdentifiers } = parsed.data;
  const resource = trimEndSlashes(resourceIdentifiers?.keyVault ?? '');
  return {
    name,
    // Azure Stack gives AD FS with its path, which is also its tenant.
    authorityHost: activeDirectoryEndpoint.replace(/\/adfs$/i, ''),
    vaultDnsSuffix: keyVaultDNSSuffix,
    // The file comes from the node's own disk, but a resource that is not the vault's parent would send a token of
    // another service to the vault: then the SDK's own check of the challenge decides.
    vaultResource: resource === `https://${keyVaultDNSSuffix}` ? resource : undefined,
    wellKnown: false,
  };
}

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCloudLab, type CloudLab } from './support/cloud-lab.ts';

/** A folder with the published OpenAPI files of the Azure APIs; they are not part of this repository. */
const FOLDER = process.env['KEYFERRY_OPENAPI'];

const VAULTS = 'arm-keyvault/2023-07-01/keyvault.json';
const SECRETS = 'keyvault-data-plane/stable/7.5/secrets.json';
const KEYS = 'keyvault-data-plane/stable/7.5/keys.json';
const CERTIFICATES = 'keyvault-data-plane/stable/7.5/certificates.json';
const COMMON = 'keyvault-data-plane/stable/7.5/common.json';
const IDENTITIES = 'arm-msi/2023-01-31/ManagedIdentity.json';
const CLUSTERS = 'arm-containerservice/2024-02-01/managedClusters.json';
const RESOURCES = 'arm-resources/2024-03-01/resources.json';
const SUBSCRIPTIONS = 'arm-resources/2022-12-01/subscriptions.json';

/** Reads a file and those that it refers to, with references that name files relative to the folder. */
function loadSchemas(ajv: Ajv, folder: string, file: string): void {
  if (ajv.schemas[`/${file}`] !== undefined) return;
  const others: string[] = [];
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]) => {
        if (key !== '$ref' || typeof inner !== 'string' || inner.startsWith('#')) return [[key, resolve(inner)]];
        const [path = '', pointer = ''] = inner.split('#');
        const common = /common-types\/.*$/.exec(path)?.[0];
        const other = common ?? relative(folder, normalize(join(folder, dirname(file), path)));
        // Not all of the files are in the folder: what one that is missing says is not checked.
        if (!existsSync(join(folder, other))) return [];
        others.push(other);
        return [[key, `/${other}#${pointer}`]];
      }),
    );
  };
  const { definitions } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { definitions: unknown };
  ajv.addSchema({ $id: `/${file}`, definitions: resolve(definitions) });
  for (const other of others) loadSchemas(ajv, folder, other);
}

// The services write null for what is absent, which the files do not say.
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]));
}

describe.skipIf(FOLDER === undefined)(
  'answers fit the published OpenAPI files (skipped unless KEYFERRY_OPENAPI is set)',
  () => {
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    let lab: CloudLab;
    let subscription: string;
    let group: string;

    let misfits: object[];

    /** Sends a request, and notes how its answer misfits a definition. */
    const check = async (method: string, url: string, body: object | undefined, file: string, definition: string) => {
      const answer = await lab.call(method, url, body);
      const validate = ajv.getSchema(`/${file}#/definitions/${definition}`);
      if (validate === undefined) throw new Error(`${file} has no definition ${definition}`);
      if (validate(withoutNulls(answer.body)) !== true) misfits.push({ method, url, errors: validate.errors });
    };
    const arm = (path: string) => `https://management.azure.com${path}?api-version=2024-01-01`;
    const vault = (path: string) => `https://kv-contract.vault.azure.net${path}?api-version=7.5`;

    beforeAll(async () => {
      for (const file of [
        VAULTS,
        SECRETS,
        KEYS,
        CERTIFICATES,
        COMMON,
        IDENTITIES,
        CLUSTERS,
        RESOURCES,
        SUBSCRIPTIONS,
      ]) {
        loadSchemas(ajv, FOLDER ?? '', file);
      }
      lab = await startCloudLab();
      subscription = `/subscriptions/${lab.cloud.directory.subscription.subscriptionId}`;
      group = `${subscription}/resourceGroups/rg`;
    });
    afterAll(async () => {
      await lab[Symbol.asyncDispose]();
    });

    beforeEach(() => {
      misfits = [];
    });

    it('of ARM', async () => {
      const { tenantId } = lab.cloud.directory.tenant;
      await check('GET', arm('/tenants'), undefined, SUBSCRIPTIONS, 'TenantListResult');
      await check('GET', arm('/subscriptions'), undefined, SUBSCRIPTIONS, 'SubscriptionListResult');
      await check('GET', arm(`${subscription}/locations`), undefined, SUBSCRIPTIONS, 'LocationListResult');
      await check('PUT', arm(group), { location: 'eastus' }, RESOURCES, 'ResourceGroup');
      await check('GET', arm(`${subscription}/resourceGroups`), undefined, RESOURCES, 'ResourceGroupListResult');
      await check('GET', arm(`${subscription}/providers`), undefined, RESOURCES, 'ProviderListResult');

      const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/demo`;
      await check('PUT', arm(identity), { location: 'eastus' }, IDENTITIES, 'Identity');
      const credential = { properties: { issuer: 'https://i/', subject: 's', audiences: ['a'] } };
      const credentials = `${identity}/federatedIdentityCredentials`;
      await check('PUT', arm(`${credentials}/fed`), credential, IDENTITIES, 'FederatedIdentityCredential');
      await check('GET', arm(credentials), undefined, IDENTITIES, 'FederatedIdentityCredentialsListResult');
      await check('GET', arm(`${identity}x`), undefined, IDENTITIES, 'CloudError');

      const policy = {
        tenantId,
        objectId: lab.cloud.directory.user.objectId,
        permissions: { keys: ['all'], secrets: ['all'], certificates: ['all'] },
      };
      const properties = { tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [policy] };
      const vaults = `${group}/providers/Microsoft.KeyVault/vaults`;
      await check('PUT', arm(`${vaults}/kv-contract`), { location: 'eastus', properties }, VAULTS, 'Vault');
      await check('PUT', arm(`${vaults}/kv-gone`), { location: 'eastus', properties }, VAULTS, 'Vault');
      await check('GET', arm(vaults), undefined, VAULTS, 'VaultListResult');
      await check('PUT', arm(`${vaults}/k`), { location: 'eastus', properties }, RESOURCES, 'CloudError');
      const policies = `${vaults}/kv-gone/accessPolicies/add`;
      await check('PUT', arm(policies), { properties }, VAULTS, 'VaultAccessPolicyParameters');
      await lab.call('DELETE', arm(`${vaults}/kv-gone`));
      const deleted = `${subscription}/providers/Microsoft.KeyVault/deletedVaults`;
      await check('GET', arm(deleted), undefined, VAULTS, 'DeletedVaultListResult');

      const clusters = `${group}/providers/Microsoft.ContainerService/managedClusters`;
      const cluster = {
        location: 'eastus',
        properties: {
          dnsPrefix: 'aks',
          agentPoolProfiles: [{ name: 'nodepool1', count: 1, mode: 'System' }],
          addonProfiles: { azureKeyvaultSecretsProvider: { enabled: true } },
          oidcIssuerProfile: { enabled: true },
        },
      };
      await check('PUT', arm(`${clusters}/aks`), cluster, CLUSTERS, 'ManagedCluster');
      await check('GET', arm(clusters), undefined, CLUSTERS, 'ManagedClusterListResult');
      await check('POST', arm(`${clusters}/aks/listClusterUserCredential`), {}, CLUSTERS, 'CredentialResults');
      await check('GET', arm(`${group}/resources`), undefined, RESOURCES, 'ResourceListResult');
      expect(misfits).toEqual([]);
    });

    it("of Key Vault's data plane", async () => {
      await check('PUT', vault('/secrets/s'), { value: 'v', tags: { a: 'b' } }, SECRETS, 'SecretBundle');
      await check('GET', vault('/secrets/s'), undefined, SECRETS, 'SecretBundle');
      await check('PATCH', vault('/secrets/s'), { attributes: { exp: 1 } }, SECRETS, 'SecretBundle');
      await check('GET', vault('/secrets'), undefined, SECRETS, 'SecretListResult');
      await check('GET', vault('/secrets/s/versions'), undefined, SECRETS, 'SecretListResult');
      await check('DELETE', vault('/secrets/s'), undefined, SECRETS, 'DeletedSecretBundle');
      await check('GET', vault('/deletedsecrets'), undefined, SECRETS, 'DeletedSecretListResult');
      await check('GET', vault('/secrets/s'), undefined, COMMON, 'KeyVaultError');
      await check('PUT', vault('/secrets/s'), { value: 'v' }, COMMON, 'KeyVaultError');

      await check('POST', vault('/keys/k/create'), { kty: 'RSA', tags: { a: 'b' } }, KEYS, 'KeyBundle');
      await check('POST', vault('/keys/k/create'), { kty: 'EC', crv: 'P-521' }, KEYS, 'KeyBundle');
      await check('POST', vault('/keys/k/rotate'), undefined, KEYS, 'KeyBundle');
      await check('PATCH', vault('/keys/k'), { key_ops: ['sign'] }, KEYS, 'KeyBundle');
      await check('GET', vault('/keys/k'), undefined, KEYS, 'KeyBundle');
      await check('GET', vault('/keys/k/rotationpolicy'), undefined, KEYS, 'KeyRotationPolicy');
      await check('GET', vault('/keys'), undefined, KEYS, 'KeyListResult');
      await check('GET', vault('/keys/k/versions'), undefined, KEYS, 'KeyListResult');
      await check('POST', vault('/keys/k/backup'), undefined, KEYS, 'BackupKeyResult');
      await check('POST', vault('/keys/k/k/sign'), {}, COMMON, 'KeyVaultError');
      await check('DELETE', vault('/keys/k'), undefined, KEYS, 'DeletedKeyBundle');
      await check('GET', vault('/deletedkeys'), undefined, KEYS, 'DeletedKeyListResult');

      const policy = {
        issuer: { name: 'Self' },
        key_props: { kty: 'EC' },
        x509_props: { subject: 'CN=a', sans: { dns_names: ['a.example'] } },
      };
      await check('POST', vault('/certificates/c/create'), { policy }, CERTIFICATES, 'CertificateOperation');
      await check('GET', vault('/certificates/c/pending'), undefined, CERTIFICATES, 'CertificateOperation');
      await check('GET', vault('/certificates/c'), undefined, CERTIFICATES, 'CertificateBundle');
      await check('GET', vault('/certificates/c/policy'), undefined, CERTIFICATES, 'CertificatePolicy');
      await check('GET', vault('/secrets/c'), undefined, SECRETS, 'SecretBundle');
      await check('GET', vault('/keys/c'), undefined, KEYS, 'KeyBundle');
      await check('GET', vault('/certificates'), undefined, CERTIFICATES, 'CertificateListResult');
      await check('GET', vault('/certificates/c/versions'), undefined, CERTIFICATES, 'CertificateListResult');
      await check('GET', vault('/certificates/issuers'), undefined, CERTIFICATES, 'CertificateIssuerListResult');
      await check('GET', vault('/secrets'), undefined, SECRETS, 'SecretListResult');
      await check('PATCH', vault('/certificates/c'), { tags: { a: 'b' } }, CERTIFICATES, 'CertificateBundle');
      await check('DELETE', vault('/certificates/c'), undefined, CERTIFICATES, 'DeletedCertificateBundle');
      await check('GET', vault('/deletedcertificates'), undefined, CERTIFICATES, 'DeletedCertificateListResult');
      expect(misfits).toEqual([]);
    });
  },
);

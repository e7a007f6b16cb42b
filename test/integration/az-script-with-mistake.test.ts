import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAzLab, type AzLab } from './support/az-lab.ts';

// A script whose vault name is too long, as people copy it, and the same mended: each test goes on from the one before.
let lab: AzLab;
let clientId = '';

beforeAll(async () => {
  lab = await startAzLab();
  await lab.json('group create --name demo --location eastus');
});
afterAll(() => lab[Symbol.asyncDispose]());

const LONG_NAME = 'kv-with-a-name-far-too-long';

describe('as written', () => {
  it('is refused a vault name of more than 24 characters, in az’s error form', async () => {
    const { code, stdout, stderr } = await lab.run(
      `keyvault create --name ${LONG_NAME} --resource-group demo --location eastus --sku standard --enable-rbac-authorization false`,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^ERROR: \(VaultNameNotValid\) (.+)\nCode: VaultNameNotValid\nMessage: \1\n$/);
  });

  it('has then no vault to put a secret into', async () => {
    const { code, stderr } = await lab.run(`keyvault secret set --vault-name ${LONG_NAME} --name a --value b`);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^ERROR: Failed to resolve '${LONG_NAME}.vault.azure.net' \\([^()]+\\)\n`));
  });

  it('and none to set a policy on', async () => {
    expect(
      await lab.run(`keyvault set-policy --name ${LONG_NAME} --secret-permissions get list --object-id x`),
    ).toEqual({
      code: 1,
      stdout: '',
      stderr: `ERROR: The Vault '${LONG_NAME}' not found within subscription.\n`,
    });
  });
});

describe('mended', () => {
  it('creates the cluster without the add-on, and turns that on later', async () => {
    await lab.json(
      'aks create --resource-group demo --name c --node-count 1 --enable-oidc-issuer --enable-workload-identity --generate-ssh-keys --node-vm-size Standard_DS2_v2',
    );
    expect([...lab.clusters.applied.values()][0]?.secretsProvider).toBeUndefined();
    const cluster = await lab.json(
      'aks enable-addons --addons azure-keyvault-secrets-provider --resource-group demo --name c',
    );
    expect(cluster).toMatchObject({
      addonProfiles: {
        azureKeyvaultSecretsProvider: {
          enabled: true,
          config: { enableSecretRotation: 'false', rotationPollInterval: '2m' },
        },
      },
      oidcIssuerProfile: { enabled: true },
      securityProfile: { workloadIdentity: { enabled: true } },
      agentPoolProfiles: [{ count: 1, vmSize: 'Standard_DS2_v2' }],
    });
    const again = await lab.run('aks enable-addons -a azure-keyvault-secrets-provider -g demo -n c');
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(
      /^ERROR: The azure-keyvault-secrets-provider addon is already enabled .*\n.*disable-addons/,
    );
    expect(await lab.run('aks enable-addons -a bogus -g demo -n c')).toMatchObject({
      code: 1,
      stderr: 'ERROR: Invalid addon name: bogus.\nThe lab has: azure-keyvault-secrets-provider.\n',
    });
    expect([...lab.clusters.applied.values()][0]?.secretsProvider).toEqual({
      enableSecretRotation: false,
      rotationPollInterval: '2m',
    });
  });

  it('takes its credentials twice', async () => {
    for (let times = 0; times < 2; times += 1) {
      const { code } = await lab.run('aks get-credentials --resource-group demo --name c --overwrite-existing');
      expect(code).toBe(0);
    }
  });

  it('lets the identity read and list secrets by its principal id, finding the vault by name', async () => {
    await lab.json(
      'keyvault create --name kv-short --resource-group demo --location eastus --sku standard --enable-rbac-authorization false',
    );
    await lab.json('keyvault secret set --vault-name kv-short --name MyWebAppSecret --value "Value123!"');
    await lab.json('identity create --name demo-mi --resource-group demo --location eastus');
    clientId = await lab.text('identity show --name demo-mi --resource-group demo --query clientId');
    const principalId = await lab.text('identity show --name demo-mi --resource-group demo --query principalId');
    expect(principalId).not.toBe(clientId);
    expect(
      await lab.json(`keyvault set-policy --name kv-short --secret-permissions get list --object-id ${principalId}`),
    ).toMatchObject({
      properties: { accessPolicies: [{}, { objectId: principalId, permissions: { secrets: ['get', 'list'] } }] },
    });
  });

  it('trusts the service account of the cluster', async () => {
    const issuer = await lab.text('aks show --name c --resource-group demo --query oidcIssuerProfile.issuerUrl');
    await lab.json(
      `identity federated-credential create --name fic --identity-name demo-mi --resource-group demo --issuer ${issuer} --subject system:serviceaccount:default:my-app-sa`,
    );
    expect(
      await lab.json('identity federated-credential list --identity-name demo-mi --resource-group demo'),
    ).toMatchObject([{ name: 'fic', issuer, subject: 'system:serviceaccount:default:my-app-sa' }]);
  });
});

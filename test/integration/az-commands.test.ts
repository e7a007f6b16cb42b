import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAzLab, type AzLab } from './support/az-lab.ts';

let lab: AzLab;

beforeAll(async () => {
  lab = await startAzLab();
  await lab.json('group create -n rg -l westeurope --tags env=test');
  await lab.json('identity create -n demo-id -g rg');
  await lab.json('keyvault create -n kv-commands -g rg');
});
afterAll(() => lab[Symbol.asyncDispose]());

describe('groups', () => {
  it('are shown, listed, found and deleted', async () => {
    expect(await lab.json('group show -n rg')).toMatchObject({ location: 'westeurope', tags: { env: 'test' } });
    await lab.json('group create -n zz-gone -l eastus');
    expect((await lab.run('group list -o table')).stdout).toBe(
      [
        'Name     Location    Status',
        '-------  ----------  ---------',
        'rg       westeurope  Succeeded',
        'zz-gone  eastus      Succeeded',
        '',
      ].join('\n'),
    );
    expect(await lab.text('group exists -n zz-gone')).toBe('true');
    expect(await lab.run('group delete -n zz-gone --yes')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await lab.text('group exists -n zz-gone')).toBe('false');
  });

  it('that are not there end with 3', async () => {
    const { code, stderr } = await lab.run('group show -n nowhere');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^ERROR: \(ResourceGroupNotFound\) .*\nCode: ResourceGroupNotFound\nMessage: /);
  });
});

describe('identities', () => {
  it('take the region of their group, and are listed in it', async () => {
    expect(await lab.json('identity list -g rg')).toMatchObject([
      { name: 'demo-id', location: 'westeurope', resourceGroup: 'rg' },
    ]);
    expect(await lab.json('identity list')).toHaveLength(1);
  });

  it('go, with their credentials', async () => {
    await lab.json('identity create -n other-id -g rg');
    await lab.json(
      'identity federated-credential create -n fic1 --identity-name other-id -g rg --issuer https://i.example/ --subject s',
    );
    expect(
      await lab.json('identity federated-credential update -n fic1 --identity-name other-id -g rg --subject t'),
    ).toMatchObject({ issuer: 'https://i.example/', subject: 't', audiences: ['api://AzureADTokenExchange'] });
    expect(
      (await lab.run('identity federated-credential delete -n fic1 --identity-name other-id -g rg --yes')).code,
    ).toBe(0);
    expect((await lab.run('identity federated-credential show -n fic1 --identity-name other-id -g rg')).code).toBe(3);
    expect((await lab.run('identity delete -n other-id -g rg')).code).toBe(0);
    expect((await lab.run('identity show -n other-id -g rg')).code).toBe(3);
  });
});

describe('scale sets of nodes', () => {
  it('get the identity of their own without a word, those of users by id or name, and lose them', async () => {
    await lab.json('aks create -g rg -n pools --generate-ssh-keys');
    const group = await lab.text('aks show -g rg -n pools --query nodeResourceGroup -o tsv');
    const set = `-g ${group} -n ${await lab.text(`vmss list -g ${group} --query [0].name -o tsv`)}`;
    const type = () => lab.text(`vmss identity show ${set} --query type -o tsv`);
    const before = await type();
    expect(before).toBe('UserAssigned');
    await lab.json(`vmss identity assign ${set}`);
    expect(await type()).toBe('SystemAssigned, UserAssigned');
    await lab.json(`identity create -g ${group} -n near`);
    await lab.json(`vmss identity assign ${set} --identities near`);
    const ids = () => lab.text(`vmss identity show ${set} --query keys(userAssignedIdentities) -o tsv`);
    expect(await ids()).toMatch(/userAssignedIdentities\/near$/m);
    await lab.json(`vmss identity remove ${set} --identities near`);
    expect(await ids()).not.toMatch(/\/near$/m);
    await lab.run(`vmss identity remove ${set}`);
    expect(await type()).toBe('UserAssigned');
    await lab.run('aks delete -n pools -g rg --yes');
  });
});

describe('vaults', () => {
  it('are shown and listed', async () => {
    expect(await lab.text('keyvault show -n kv-commands --query properties.vaultUri')).toBe(
      'https://kv-commands.vault.azure.net/',
    );
    expect(await lab.json('keyvault list')).toMatchObject([{ name: 'kv-commands', resourceGroup: 'rg' }]);
    expect(await lab.json('keyvault list -g rg')).toMatchObject([{ name: 'kv-commands' }]);
  });

  it('are not created twice', async () => {
    expect(await lab.run('keyvault create -n kv-commands -g rg')).toMatchObject({
      code: 1,
      stderr: 'ERROR: The specified vault: kv-commands already exists\n',
    });
  });

  it('with RBAC take no policies', async () => {
    await lab.json('keyvault create -n kv-rbac -g rg --enable-rbac-authorization true');
    const { code, stderr } = await lab.run('keyvault set-policy -n kv-rbac --object-id x --secret-permissions get');
    expect(code).toBe(1);
    expect(stderr).toContain("Cannot set policies to a vault with '--enable-rbac-authorization' specified");
  });

  it('lose a policy, and go', async () => {
    const objectId = await lab.text('identity show -n demo-id -g rg --query principalId');
    await lab.json(`keyvault set-policy -n kv-commands --object-id ${objectId} --secret-permissions get`);
    const left = (await lab.json(`keyvault delete-policy -n kv-commands --object-id ${objectId}`)) as {
      properties: { accessPolicies: { objectId: string }[] };
    };
    expect(left.properties.accessPolicies.map((policy) => policy.objectId)).toEqual([
      lab.cloud.directory.user.objectId,
    ]);
    await lab.json('keyvault create -n kv-gone -g rg');
    expect((await lab.run('keyvault delete -n kv-gone')).code).toBe(0);
    expect((await lab.run('keyvault show -n kv-gone')).code).toBe(1);
  });

  it('say which principal is unknown', async () => {
    const { code, stderr } = await lab.run('keyvault set-policy -n kv-commands --spn nobody --secret-permissions get');
    expect(code).toBe(1);
    expect(stderr).toContain('Unable to get object id from principal name');
  });
});

describe('as the real az 2.91 ends and warns', () => {
  const SOFT_DELETE =
    /^WARNING: Warning! If you have soft-delete protection enabled .*\nhttps:\/\/learn\.microsoft\.com\//;

  it.each([
    ['keyvault secret show --vault-name kv-commands -n missing', 3],
    ['keyvault secret delete --vault-name kv-commands -n missing', 1],
    ['keyvault secret set-attributes --vault-name kv-commands -n missing --enabled true', 1],
  ])('"%s" ends with %i', async (line, code) => {
    const answer = await lab.run(line);
    expect(answer.code).toBe(code);
    expect(answer.stderr).toMatch(/^ERROR: \(SecretNotFound\) /m);
  });

  it.each([
    [
      'keyvault secret show --vault-name kv-commands',
      'incorrect usage: --id ID | --vault-name/--hsm-name VAULT/HSM --name/-n NAME [--version VERSION]\n',
    ],
    ['keyvault secret set --vault-name kv-commands -n a', 'incorrect usage: [Required] --value VALUE | --file PATH\n'],
    [
      'keyvault secret set --vault-name kv-commands -n a --value=',
      'incorrect usage: [Required] --value VALUE | --file PATH\n',
    ],
  ])('"%s" is a failure, and none of usage', async (line, message) => {
    const { code, stderr } = await lab.run(line);
    expect(code).toBe(1);
    expect(stderr.startsWith(`ERROR: ${message}`)).toBe(true);
  });

  it('versions have a plain table; a vault or a secret is deleted after a word about what that means', async () => {
    await lab.json('keyvault create -n kv-warned -g rg');
    await lab.json('keyvault secret set --vault-name kv-warned -n s --value v');
    expect((await lab.run('keyvault secret list-versions --vault-name kv-warned -n s -o table')).stdout).toBe(
      'Name\n------\ns\n',
    );
    expect((await lab.run('keyvault secret delete --vault-name kv-warned -n s')).stderr).toMatch(SOFT_DELETE);
    expect((await lab.run('keyvault delete -n kv-warned')).stderr).toMatch(SOFT_DELETE);
  });

  it('what a vault does not say is null', async () => {
    expect(await lab.json('keyvault show -n kv-commands')).toMatchObject({
      properties: { createMode: null, networkAcls: { defaultAction: 'Allow', ipRules: [], virtualNetworkRules: [] } },
    });
    expect(await lab.json('keyvault list')).toContainEqual(
      expect.objectContaining({ name: 'kv-commands', systemData: null }),
    );
  });
});

describe('secrets', () => {
  it('are set from a file, read by id and version, listed, changed and deleted', async () => {
    const file = join(lab.home, 'value');
    await writeFile(file, 'from a file\n');
    const first = await lab.text(`keyvault secret set --vault-name kv-commands -n s --file ${file} --query id`);
    await lab.json(
      'keyvault secret set --vault-name kv-commands -n s --value second --expires 2099-01-31T00:00:00Z --description text/plain --tags a=b',
    );
    expect(await lab.json(`keyvault secret show --id ${first}`)).toMatchObject({ value: 'from a file\n', id: first });
    const version = first.split('/').at(-1) ?? '';
    expect(await lab.text(`keyvault secret show --vault-name kv-commands -n s -v ${version} --query id`)).toBe(first);
    expect(await lab.json('keyvault secret show --vault-name kv-commands -n s')).toMatchObject({
      attributes: { expires: '2099-01-31T00:00:00+00:00', recoveryLevel: 'Recoverable+Purgeable' },
      contentType: 'text/plain',
      tags: { a: 'b', 'file-encoding': 'utf-8' },
      value: 'second',
    });
    expect(await lab.json('keyvault secret list-versions --vault-name kv-commands -n s')).toHaveLength(2);
    const listed = (await lab.json('keyvault secret list --vault-name kv-commands')) as object[];
    expect(listed).toMatchObject([{ name: 's', id: 'https://kv-commands.vault.azure.net/secrets/s' }]);
    expect(listed[0]).not.toHaveProperty('value');

    await lab.json('keyvault secret set-attributes --vault-name kv-commands -n s --enabled false');
    const disabled = await lab.run('keyvault secret show --vault-name kv-commands -n s');
    expect(disabled.code).toBe(1);
    expect(disabled.stderr).toContain('Inner error: {\n    "code": "SecretDisabled"\n}');

    expect(await lab.json('keyvault secret delete --vault-name kv-commands -n s')).toMatchObject({
      name: 's',
      recoveryId: 'https://kv-commands.vault.azure.net/deletedsecrets/s',
      value: null,
    });
    const gone = await lab.run('keyvault secret show --vault-name kv-commands -n s');
    expect(gone.code).toBe(3);
    expect(gone.stderr).toMatch(/^ERROR: \(SecretNotFound\) /);
  });

  it('are asked for as az asks: without a token first', async () => {
    const before = lab.cloud.audit.records().length;
    await lab.run('keyvault secret list --vault-name kv-commands');
    const seen = lab.cloud.audit.records().slice(before);
    expect(seen.map(({ operation, status }) => [operation, status])).toEqual([
      ['Authentication', 401],
      ['SecretList', 200],
    ]);
  });
});

describe('clusters', () => {
  it('are waited for, updated, printed as a kubeconfig, and deleted', async () => {
    expect(await lab.run('aks create -n c -g rg --no-ssh-key --no-wait')).toMatchObject({ code: 0, stdout: '' });
    expect((await lab.run('aks wait -n c -g rg --created --interval 1 --timeout 20')).code).toBe(0);
    expect(
      await lab.json('aks update -n c -g rg --enable-oidc-issuer --enable-workload-identity --tags a=b'),
    ).toMatchObject({ oidcIssuerProfile: { enabled: true }, tags: { a: 'b' } });
    expect((await lab.run('aks get-credentials -n c -g rg -f -')).stdout).toContain('current-context');
    expect(await readdir(lab.home)).not.toContain('.kube');
    expect((await lab.run('aks list -o table')).stdout).toMatch(/^Name +Location +ResourceGroup +/);
    expect((await lab.run('aks create -n c -g rg --no-ssh-key')).stderr).toContain('already exists');
    expect((await lab.run('aks delete -n c -g rg --yes')).code).toBe(0);
    expect(lab.clusters.applied.size).toBe(0);
    expect((await lab.run('aks show -n c -g rg')).code).toBe(3);
  });

  it('are not made with something that is no key', async () => {
    const home = join(lab.home, 'bare');
    await mkdir(home);
    const { code, stderr } = await lab.run('aks create -n d -g rg --ssh-key-value nonsense', { env: { HOME: home } });
    expect(code).toBe(1);
    expect(stderr).toContain('The SSH key provided is not a valid RSA public key.');
  });
});

describe('rest', () => {
  it('sends any request with the right token', async () => {
    const found = await lab.json('rest --url "/subscriptions/{subscriptionId}/resourcegroups?api-version=2024-11-01"');
    expect(found).toMatchObject({ value: [{ name: 'rg' }] });
  });
});

/** Lets a principal manage the subscription: a program that has no role cannot sign in to it. */
async function makeContributor(principalId: string): Promise<void> {
  const subscription = `/subscriptions/${lab.cloud.directory.subscription.subscriptionId}`;
  const authorization = 'providers/Microsoft.Authorization';
  const url = `${subscription}/${authorization}/roleAssignments/${randomUUID()}?api-version=2022-04-01`;
  const roleDefinitionId = `${subscription}/${authorization}/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c`;
  const body = JSON.stringify({ properties: { roleDefinitionId, principalId } });
  const { code, stderr } = await lab.run(['rest', '--method', 'put', '--url', url, '--body', body]);
  if (code !== 0) throw new Error(`no role could be assigned: ${stderr}`);
}

describe('signing in', () => {
  beforeEach(async () => {
    await lab.json('login');
  });

  it('prints a token that the vault takes', async () => {
    const token = (await lab.json('account get-access-token --resource https://vault.azure.net')) as Record<
      string,
      unknown
    >;
    expect(token).toMatchObject({ tokenType: 'Bearer', tenant: lab.cloud.directory.tenant.tenantId });
    expect(token['expiresOn']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.000000$/);
    const [, claims = ''] = String(token['accessToken']).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ aud: 'https://vault.azure.net' });
  });

  it('keeps its files for their owner alone', async () => {
    const mode = (await stat(join(lab.configFolder, 'keyferry_access_tokens.json'))).mode & 0o777;
    expect(mode).toBe(0o600);
  });

  it('as a service principal works with its secret, and not with another', async () => {
    const app = lab.cloud.directory.createApplication({ displayName: 'ci' });
    await makeContributor(app.objectId);
    const tenant = lab.cloud.directory.tenant.tenantId;
    const wrong = await lab.run(`login --service-principal -u ${app.clientId} -p wrong --tenant ${tenant}`);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/^ERROR: AADSTS7000215: /);
    expect(await lab.json('account show')).toMatchObject({ user: { type: 'user' } });

    const accounts = await lab.json(
      `login --service-principal -u ${app.clientId} --password=${app.secret.expose()} --tenant ${tenant}`,
    );
    expect(accounts).toMatchObject([
      {
        cloudName: 'AzureCloud',
        isDefault: true,
        tenantId: tenant,
        user: { name: app.clientId, type: 'servicePrincipal' },
      },
    ]);
    await lab.json('keyvault create -n kv-of-app -g rg');
    const policies = 'properties.accessPolicies[0].objectId';
    expect(await lab.text(`keyvault show -n kv-of-app --query ${policies}`)).toBe(app.objectId);
    expect((await lab.run('logout')).code).toBe(0);
    expect(await readFile(join(lab.configFolder, 'service_principal_entries.json'), 'utf8')).toBe('[]');
  });

  it('with a token of a cluster works when a federated credential trusts it, and not before', async () => {
    await lab.json('aks create -n issuer -g rg --enable-oidc-issuer --no-ssh-key');
    const [spec] = [...lab.clusters.applied.values()];
    if (spec === undefined) throw new Error('the cluster was not started');
    const subject = 'system:serviceaccount:default:ci';
    const token = await lab.clusters.sign(spec, { sub: subject, aud: 'api://AzureADTokenExchange' });
    const clientId = await lab.text('identity show -n demo-id -g rg --query clientId');
    await makeContributor(await lab.text('identity show -n demo-id -g rg --query principalId'));
    const login = `login --service-principal -u ${clientId} --tenant ${lab.cloud.directory.tenant.tenantId} --federated-token ${token}`;

    const refused = await lab.run(login);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^ERROR: AADSTS70025: /);
    expect(refused.stderr).not.toContain(token);

    await lab.json(
      `identity federated-credential create -n ci-trust --identity-name demo-id -g rg --issuer ${spec.issuerUrl} --subject ${subject}`,
    );
    expect(await lab.json(login)).toMatchObject([{ user: { name: clientId, type: 'servicePrincipal' } }]);
  });

  it('is made without an assignment, in whatever way that is said', async () => {
    const made = await lab.json('ad sp create-for-rbac --skip-assignment -n no-role');
    expect(made).toMatchObject({ displayName: 'no-role', appId: expect.any(String) });
  });

  it('out and in again brings the user of the lab back', async () => {
    const user = lab.cloud.directory.user.userPrincipalName;
    const before = await lab.json('login');
    expect(before).toMatchObject([{ user: { name: user, type: 'user' } }]);
    expect((await lab.run('logout')).code).toBe(0);
    expect(await lab.run('group list')).toMatchObject({
      code: 1,
      stderr: "ERROR: Please run 'az login' to setup account.\n",
    });
    expect((await lab.run('logout')).stderr).toBe('ERROR: There are no active accounts.\n');
    expect(await lab.json('login')).toEqual(before);
    expect(await lab.json('account show')).toMatchObject({
      tenantDefaultDomain: lab.cloud.directory.tenant.defaultDomain,
    });
    expect(await lab.json('group show -n rg')).toMatchObject({ name: 'rg' });
  });

  it('goes on with a new token when a kept one is refused', async () => {
    await lab.json('group show -n rg');
    const path = join(lab.configFolder, 'keyferry_access_tokens.json');
    const kept = JSON.parse(await readFile(path, 'utf8')) as Record<string, { access_token: string }>;
    expect(Object.keys(kept)).not.toHaveLength(0);
    for (const entry of Object.values(kept)) entry.access_token = 'e30.e30.AAAA';
    await writeFile(path, JSON.stringify(kept));
    expect(await lab.json('group show -n rg')).toMatchObject({ name: 'rg' });
  });

  it('never prints a refresh token or secret when it fails', async () => {
    const stored = await readFile(join(lab.configFolder, 'msal_token_cache.json'), 'utf8');
    const { RefreshToken } = JSON.parse(stored) as { RefreshToken: Record<string, { secret: string }> };
    const secret = Object.values(RefreshToken)[0]?.secret ?? '';
    expect(secret).not.toBe('');
    const { stdout, stderr } = await lab.run('group show -n nowhere --debug --verbose');
    expect(stdout + stderr).not.toContain(secret);
  });
});

describe('without a lab', () => {
  it('says that nothing listens', async () => {
    const { code, stderr } = await lab.run('group list', { env: { HTTPS_PROXY: 'http://127.0.0.1:9' } });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^ERROR: Please ensure you have network connection\. Error detail: management\.azure\.com: .*ECONNREFUSED/,
    );
    expect(stderr).toContain('keyferry lab up');
  });

  it('says which certificate bundle is missing', async () => {
    const { code, stderr } = await lab.run('group list', { env: { REQUESTS_CA_BUNDLE: '/nonexistent.pem' } });
    expect(code).toBe(1);
    expect(stderr).toContain('Could not find a suitable TLS CA certificate bundle, invalid path: /nonexistent.pem');
  });
});

describe('keys and certificates', () => {
  const at = (name: string) => `--vault-name kv-commands -n ${name}`;

  it('a key is imported, and its public part written to a file', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    await writeFile(join(lab.home, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(
      await lab.json(`keyvault key import ${at('imported')} --pem-file ${lab.home}/key.pem --ops sign`),
    ).toMatchObject({
      key: { kty: 'EC', crv: 'P-256K', keyOps: ['sign'], d: null },
    });
    await lab.run(`keyvault key download ${at('imported')} -f ${lab.home}/public.pem`);
    const written = await readFile(join(lab.home, 'public.pem'), 'utf8');
    expect(written).toBe(publicKey.export({ type: 'spki', format: 'pem' }));
    expect(await lab.run(`keyvault key download ${at('imported')} -f ${lab.home}/public.pem`)).toMatchObject({
      code: 1,
    });
  });

  it('a certificate is made by the default policy, and comes out as a secret', async () => {
    await lab
      .run('keyvault certificate get-default-policy')
      .then(({ stdout }) => writeFile(join(lab.home, 'p.json'), stdout));
    const made = `keyvault certificate create ${at('made')} -p @${lab.home}/p.json --validity 2`;
    expect(await lab.json(made)).toMatchObject({ status: 'completed', name: 'made' });
    expect(await lab.json(`keyvault certificate show ${at('made')}`)).toMatchObject({
      policy: { x509CertificateProperties: { subject: 'CN=CLIGetDefaultPolicy', validityInMonths: 2 } },
    });
    await lab.run(`keyvault secret download ${at('made')} -f ${lab.home}/made.pfx -e base64`);
    const pfx = await readFile(join(lab.home, 'made.pfx'));
    expect(() => createSecureContext({ pfx, passphrase: '' })).not.toThrow();
    const listed = (kind: string, more = '') =>
      lab.json(`keyvault ${kind} list --vault-name kv-commands ${more} --query [].name`);
    expect(await listed('certificate')).toContain('made');
    for (const kind of ['secret', 'key']) {
      expect(await listed(kind)).not.toContain('made');
      expect(await listed(kind, '--include-managed')).toContain('made');
    }
    // What was made goes into another certificate with its key.
    const again = await lab.json(`keyvault certificate import ${at('again')} -f ${lab.home}/made.pfx`);
    expect(again).toMatchObject({
      x509Thumbprint: await lab.text(`keyvault certificate show ${at('made')} --query x509Thumbprint`),
    });
  });
});

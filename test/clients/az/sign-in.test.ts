import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAzLab, type AzLab } from '../../integration/support/az-lab.ts';
import { describeWithClients } from '../support/clients.ts';
import { realAzEnvironment, run, type Ended } from './real-az.ts';

// Each way of `az login`, in a configuration folder of its own that knows of nobody.
describeWithClients('signing in with the real az', ['az'], () => {
  let lab: AzLab;
  let tenant: string;
  let scope: string;

  const bash = (line: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    run('bash', ['-c', line], { cwd: lab.home, env: { ...realAzEnvironment(lab), ...env } });
  const json = async (line: string): Promise<unknown> => {
    const { code, stdout, stderr } = await bash(line);
    if (code !== 0) throw new Error(`${line} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  };
  /** Signs in, in a new configuration folder, and reads a group with it. */
  const signIn = async (login: string, more: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    const env = { AZURE_CONFIG_DIR: join(lab.home, randomUUID()), ...more };
    const ended = await bash(`az login ${login} >&2 && az group show -n rg --query name -o tsv`, env);
    return { ...ended, stdout: ended.stdout.trim() };
  };

  beforeAll(async () => {
    lab = await startAzLab();
    tenant = lab.cloud.directory.tenant.tenantId;
    scope = `/subscriptions/${lab.cloud.directory.subscription.subscriptionId}`;
    await json('az group create -n rg -l westeurope');
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it('is not needed: the lab hands out a configuration that is signed in', async () => {
    expect(await json('az account show')).toMatchObject({
      tenantId: tenant,
      environmentName: 'AzureCloud',
      user: { name: lab.cloud.directory.user.userPrincipalName, type: 'user' },
    });
  });

  it('as a user by device code needs no person', async () => {
    const { stdout, stderr } = await signIn('--use-device-code');
    expect(stderr).toContain('The lab signs its user in by itself; there is nothing to enter.');
    expect(stdout).toBe('rg');
  });

  it('as a user in a browser needs no person either', async () => {
    const browser = `${process.execPath} ${fileURLToPath(new URL('scripts/browser.mjs', import.meta.url))} %s &`;
    const { stdout, stderr } = await signIn('', { BROWSER: browser, DISPLAY: ':0' });
    expect(stderr).toContain('A web browser has been opened at https://login.microsoftonline.com/');
    expect(stdout).toBe('rg');
  });

  it('as a service principal with a secret', async () => {
    const made = (await json(`az ad sp create-for-rbac -n with-secret --role Reader --scopes ${scope}`)) as Record<
      'appId' | 'password' | 'tenant',
      string
    >;
    expect(made.tenant).toBe(tenant);
    const as = `--service-principal -u ${made.appId} --tenant ${tenant}`;
    expect(await signIn(`${as} -p=${made.password}`)).toMatchObject({ code: 0, stdout: 'rg' });
    const refused = await signIn(`${as} -p wrong`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('AADSTS7000215: Invalid client secret provided.');
  });

  it('as a service principal with a certificate', async () => {
    const made = (await json(
      `az ad sp create-for-rbac -n with-certificate --create-cert --role Reader --scopes ${scope}`,
    )) as Record<'appId' | 'fileWithCertAndPrivateKey', string>;
    expect(await readFile(made.fileWithCertAndPrivateKey, 'utf8')).toContain('PRIVATE KEY');
    const as = `--service-principal -u ${made.appId} --tenant ${tenant}`;
    expect(await signIn(`${as} --certificate ${made.fileWithCertAndPrivateKey}`)).toMatchObject({
      code: 0,
      stdout: 'rg',
    });
    const other = (await json('az ad sp create-for-rbac -n other-certificate --create-cert')) as typeof made;
    const refused = await signIn(`${as} --certificate ${other.fileWithCertAndPrivateKey}`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('AADSTS700027');
  });

  it('as an identity with a token of a cluster, once a federated credential trusts it', async () => {
    await json('az aks create -n issuer -g rg --enable-oidc-issuer --no-ssh-key');
    const [cluster] = [...lab.clusters.applied.values()];
    if (cluster === undefined) throw new Error('the cluster was not made');
    const subject = 'system:serviceaccount:default:ci';
    const token = await lab.clusters.sign(cluster, { sub: subject, aud: 'api://AzureADTokenExchange' });
    const identity = (await json('az identity create -n ci-identity -g rg')) as Record<
      'clientId' | 'principalId',
      string
    >;
    await json(
      `az role assignment create --role Reader --scope ${scope} --assignee-object-id ${identity.principalId} --assignee-principal-type ServicePrincipal`,
    );
    const login = `--service-principal -u ${identity.clientId} --tenant ${tenant} --federated-token ${token}`;

    const refused = await signIn(login);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('AADSTS70025');

    await json(
      `az identity federated-credential create -n ci-trust --identity-name ci-identity -g rg --issuer ${cluster.issuerUrl} --subject ${subject}`,
    );
    expect(await signIn(login)).toMatchObject({ code: 0, stdout: 'rg' });
  });

  it('without a role ends without subscriptions, and with --allow-no-subscriptions in the tenant', async () => {
    const made = (await json('az ad sp create-for-rbac -n without-role')) as Record<'appId' | 'password', string>;
    const as = `--service-principal -u ${made.appId} --tenant ${tenant} -p=${made.password}`;
    const refused = await signIn(as);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('No subscriptions found');
    const folder = { AZURE_CONFIG_DIR: join(lab.home, randomUUID()) };
    const { stdout } = await bash(
      `az login ${as} --allow-no-subscriptions >&2 && az account show --query name -o tsv`,
      folder,
    );
    expect(stdout).toBe('N/A(tenant level account)\n');
  });

  it('out forgets who was signed in', async () => {
    const folder = { AZURE_CONFIG_DIR: join(lab.home, randomUUID()) };
    const { code, stderr } = await bash('az login --use-device-code >&2 && az logout && az group list', folder);
    expect(code).toBe(1);
    expect(stderr).toContain("Please run 'az login' to setup account.");
  });
});

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAzLab, type AzLab } from '../../integration/support/az-lab.ts';
import { describeWithClients } from '../support/clients.ts';
import { realAzEnvironment, run, type Ended } from './real-az.ts';

// `az login --identity` on a machine that counts as a node of the lab's cluster.
describeWithClients('managed identities with the real az', ['az'], () => {
  let lab: AzLab;
  let scaleSet: string;
  let kubelet: { readonly clientId: string; readonly objectId: string; readonly resourceId: string };
  let other: { readonly clientId: string; readonly principalId: string; readonly id: string };

  const bash = (line: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    run('bash', ['-c', line], {
      cwd: lab.home,
      env: { ...realAzEnvironment(lab), AZURE_POD_IDENTITY_AUTHORITY_HOST: lab.cloud.gateway.proxyUrl, ...env },
    });
  const text = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await bash(line);
    if (code !== 0) throw new Error(`${line} ended with ${code}: ${stderr}`);
    return stdout.trim();
  };
  /** Signs in with `flags` in a new configuration folder, and tells as whom a vault would see it. */
  const signIn = async (flags: string): Promise<Ended> => {
    const token = 'az account get-access-token --resource https://vault.azure.net --query accessToken -o tsv';
    const ended = await bash(`az login --identity --allow-no-subscriptions ${flags} >&2 && ${token}`, {
      AZURE_CONFIG_DIR: join(lab.home, randomUUID()),
    });
    return { ...ended, stdout: ended.code === 0 ? objectIdIn(ended.stdout) : ended.stdout };
  };

  beforeAll(async () => {
    lab = await startAzLab();
    await text('az group create -n rg -l westeurope');
    await text('az aks create -n aks -g rg --enable-oidc-issuer --no-ssh-key');
    const cluster = JSON.parse(await text('az aks show -n aks -g rg')) as {
      readonly nodeResourceGroup: string;
      readonly identityProfile: { readonly kubeletidentity: typeof kubelet };
    };
    kubelet = cluster.identityProfile.kubeletidentity;
    const group = cluster.nodeResourceGroup;
    scaleSet = `-g ${group} -n ${await text(`az vmss list -g ${group} --query [0].name -o tsv`)}`;
    other = JSON.parse(await text('az identity create -n other -g rg')) as typeof other;
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it("signs in as the kubelet's identity by each of its names", async () => {
    for (const flags of [
      `--client-id ${kubelet.clientId}`,
      `--object-id ${kubelet.objectId}`,
      `--resource-id ${kubelet.resourceId}`,
    ]) {
      expect(await signIn(flags)).toMatchObject({ code: 0, stdout: kubelet.objectId });
    }
  });

  it('does not sign in as an identity that is not assigned to the nodes, until it is, and not again afterwards', async () => {
    const as = `--client-id ${other.clientId}`;
    const before = await signIn(as);
    expect([before.code, before.stderr]).toEqual([1, expect.stringContaining('Identity not found')]);
    await text(`az vmss identity assign ${scaleSet} --identities ${other.id}`);
    expect(await signIn(as)).toMatchObject({ code: 0, stdout: other.principalId });
    await text(`az vmss identity remove ${scaleSet} --identities ${other.id}`);
    expect((await signIn(as)).code).toBe(1);
  });

  it('means the system-assigned identity when it names none', async () => {
    const before = await signIn('');
    expect([before.code, before.stderr]).toEqual([1, expect.stringContaining('Multiple user assigned identities')]);
    await text(`az vmss identity assign ${scaleSet}`);
    const principal = await text(`az vmss identity show ${scaleSet} --query principalId -o tsv`);
    expect(await signIn('')).toMatchObject({ code: 0, stdout: principal });
  });
});

function objectIdIn(token: string): string {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { readonly oid: string }).oid;
}

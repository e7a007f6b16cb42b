import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestLab, type TestLab } from '../../support/test-lab.ts';
import { describeWithClients, withClients } from '../support/clients.ts';
import { run } from './real-az.ts';

const VAULT = 'kv-az-clock';
const DAY_MS = 86_400_000;

// az itself stays at this machine's time, and so does what it believes of its tokens.
describeWithClients('the real az in a lab whose clock moves on', ['az'], () => {
  let lab: TestLab;

  const az = async (line: string): Promise<string> => {
    const env = withClients(lab.env, 'az');
    const { code, stdout, stderr } = await run('bash', ['-c', `az ${line}`], { cwd: lab.folder.home, env });
    if (code !== 0) throw new Error(`az ${line} ended with ${code}: ${stderr}`);
    return stdout.trim();
  };
  const advance = (days: number) => lab.lab.control.clock.advance(days * DAY_MS);

  beforeAll(async () => {
    lab = await startTestLab();
    await az('group create -n g -l eastus');
    await az(`keyvault create -n ${VAULT} -g g --enable-rbac-authorization false --retention-days 7`);
    await az(`keyvault secret set --vault-name ${VAULT} -n Kept --value v`);
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it('goes on with new tokens after those that it has kept have expired', async () => {
    await advance(1);
    expect(await az(`keyvault secret list --vault-name ${VAULT} --query [].name -o tsv`)).toBe('Kept');
    expect(await az('group list --query [].name -o tsv')).toBe('g');
  });

  it('signs in as an application anew, by what it has kept of it', async () => {
    const made = JSON.parse(
      await az('ad sp create-for-rbac -n robot --role Reader --scopes $(az group show -n g --query id -o tsv)'),
    ) as { readonly appId: string; readonly password: string; readonly tenant: string };
    await az(`login --service-principal -u ${made.appId} -p=${made.password} -t ${made.tenant}`);
    expect(await az('group list --query [].name -o tsv')).toBe('g');
    await advance(1);
    expect(await az('group list --query [].name -o tsv')).toBe('g');
    await az('logout');
    await az('login');
  });

  it('sees a deleted secret until its retention is over', async () => {
    await az(`keyvault secret set --vault-name ${VAULT} -n Gone --value v`);
    const purged = await az(`keyvault secret delete --vault-name ${VAULT} -n Gone --query scheduledPurgeDate -o tsv`);
    const { labTime } = await lab.lab.control.clock.show();
    expect((Date.parse(purged) - Date.parse(labTime)) / DAY_MS).toBeCloseTo(7, 1);
    const deleted = () => az(`keyvault secret list-deleted --vault-name ${VAULT} --query [].name -o tsv`);
    await advance(6);
    expect(await deleted()).toBe('Gone');
    await advance(1);
    expect(await deleted()).toBe('');
  });
});

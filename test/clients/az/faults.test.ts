import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { makeCluster, startTestLab, type TestLab } from '../../support/test-lab.ts';
import { describeWithClients, withClients } from '../support/clients.ts';
import { run } from './real-az.ts';

const VAULT = 'kv-az-faults';
const HOST = `${VAULT}.vault.azure.net`;

// What az and kubectl make of faults is theirs: how often they try again, and how they word what is left.
describeWithClients('the real az and kubectl, and services that fail on purpose', ['az', 'kubectl-and-helm'], () => {
  let lab: TestLab;

  const shell = (line: string) =>
    run('bash', ['-c', line], { cwd: lab.folder.home, env: withClients(lab.env, 'az', 'kubectl-and-helm') });
  const hits = async () => (await lab.lab.control.faults.list()).map((fault) => fault.hits);

  beforeAll(async () => {
    lab = await startTestLab();
    const cluster = await makeCluster(lab);
    cluster[Symbol.dispose]();
    await lab.az(`az keyvault create -n ${VAULT} -g g`);
    await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Kept --value v`);
  });
  afterEach(() => lab.lab.control.faults.clear());
  afterAll(() => lab?.[Symbol.asyncDispose]());

  it('az waits as Key Vault’s Retry-After says, and gets the secret in the end', async () => {
    const effect = { kind: 'status', status: 429, retryAfterSeconds: 1 } as const;
    await lab.lab.control.faults.add({ host: HOST, path: '/secrets', effect, times: 2 });
    const { code, stdout } = await shell(`az keyvault secret show --vault-name ${VAULT} -n Kept --query value -o tsv`);
    expect([code, stdout.trim()]).toEqual([0, 'v']);
    expect(await hits()).toEqual([2]);
  });

  it('az tells Key Vault’s own code when its patience ends', async () => {
    const effect = { kind: 'status', status: 429, retryAfterSeconds: 0 } as const;
    await lab.lab.control.faults.add({ host: HOST, path: '/secrets', effect });
    const { code, stderr } = await shell(`az keyvault secret show --vault-name ${VAULT} -n Kept`);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/Throttled/);
  });

  it('az gets over connections that ARM resets', async () => {
    await lab.lab.control.faults.add({ host: 'management.azure.com', effect: { kind: 'reset' }, times: 2 });
    const { code, stdout } = await shell("az group list --query '[0].name' -o tsv");
    expect([code, stdout.trim()]).toEqual([0, 'g']);
    expect(await hits()).toEqual([2]);
  });

  it('kubectl tries again what the API server throttles', async () => {
    const effect = { kind: 'status', status: 429, retryAfterSeconds: 1 } as const;
    await lab.lab.control.faults.add({ cluster: 'c', path: '/api/v1/namespaces', effect, times: 2 });
    const { code, stdout } = await shell('kubectl get namespace default -o name');
    expect([code, stdout.trim()]).toEqual([0, 'namespace/default']);
    expect(await hits()).toEqual([2]);
  });

  it.each([
    [
      { kind: 'status', status: 503 },
      /Error from server \(ServiceUnavailable\): the server is currently unable to handle the request/,
    ],
    [{ kind: 'reset' }, /connection reset by peer/],
    // Of two timers of Go's that end together, the one that is seen first has the word.
    [{ kind: 'hang' }, /Client\.Timeout exceeded while awaiting headers|context deadline exceeded/],
  ] as const)('kubectl tells of an API server with %j', async (effect, words) => {
    await lab.lab.control.faults.add({ cluster: 'c', effect });
    const { code, stderr } = await shell('kubectl get namespaces --request-timeout=3s');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(words);
  });
});

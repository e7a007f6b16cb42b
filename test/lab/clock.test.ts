// A lab whose clock is moved on: what a day does, and a week, to tokens, schedules, secrets, pods and the node. The tests
// build on one another, as time does.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ProxyAgent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '#lab/session';
import { RESOURCES, type Event, type KubeObject, type Node, type Pod } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { createPerson } from '../support/keyferry.ts';
import { nodeLogOf, nodeProcessOf } from '../support/node-process.ts';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { makeReader } from '../support/reader.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  warnings,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VAULT = 'kv-clock';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CRON_JOBS = { group: 'batch', version: 'v1', resource: 'cronjobs' } as const;
const JOBS = { group: 'batch', version: 'v1', resource: 'jobs' } as const;

const kubectl = findProgram('kubectl', process.env['PATH']);
const run = promisify(execFile);

let lab: TestLab;
let cluster: TestCluster;
let clientId: string;
let agent: ProxyAgent;

beforeAll(async () => {
  lab = await startTestLab();
  agent = new ProxyAgent({
    uri: `http://127.0.0.1:${lab.lab.gatewayPort}`,
    requestTls: { ca: readFileSync(lab.folder.caFile) },
  });
  cluster = await makeCluster(lab, '--enable-secret-rotation --rotation-poll-interval 30m');
  await lab.az(`az keyvault create -n ${VAULT} -g g --retention-days 7`);
  await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Password --value first`);
  ({ clientId } = await makeReader(lab, cluster, { vault: VAULT }));
  await cluster.client.create(
    SECRET_CLASS_RESOURCES.classes,
    'default',
    secretProviderClass({
      name: 'reader',
      clientId,
      tenantId: cluster.tenantId,
      vault: VAULT,
      secrets: ['Password'],
    }),
  );
  await createPod('app');
  await podReady(cluster.client, 'app');
}, 60_000);
afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await agent?.close();
  await lab?.[Symbol.asyncDispose]();
});

const advance = (ms: number) => lab.lab.control.clock.advance(ms);
const labNowMs = async () => Date.parse((await lab.lab.control.clock.show()).labTime);
const create = (resource: 'serviceaccounts' | 'pods', object: KubeObject) =>
  cluster.client.create(RESOURCES[resource], 'default', object);
const getPod = (name: string) => cluster.client.get<Pod>(RESOURCES.pods, { namespace: 'default', name });

/** A pod of the class that has a token of its own besides, for an hour at a time. */
const createPod = (name: string) => {
  const pod = podWithClass(name, 'reader', 'reader');
  const [container] = pod.spec.containers;
  const token = {
    serviceAccountToken: { path: 'token', expirationSeconds: 3600, audience: 'api://AzureADTokenExchange' },
  };
  return create('pods', {
    ...pod,
    spec: {
      ...pod.spec,
      containers: [
        {
          ...container,
          volumeMounts: [...(container?.volumeMounts ?? []), { name: 'token', mountPath: '/token' }],
          livenessProbe: { exec: { command: ['cat', '/mnt/secrets-store/Password'] }, periodSeconds: 600 },
        },
      ],
      volumes: [...pod.spec.volumes, { name: 'token', projected: { sources: [token] } }],
    },
  });
};

/** A job that has finished and is to go after ten minutes, and one that is due at every full hour. */
const createJobs = async () => {
  const template = {
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i', command: ['true'] }] },
  };
  await cluster.client.create(JOBS, 'default', {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'finished' },
    spec: { template, ttlSecondsAfterFinished: 600 },
  });
  await eventually('the job has finished', async () => {
    const job = await cluster.client.get(JOBS, { namespace: 'default', name: 'finished' });
    const { succeeded } = (job['status'] ?? {}) as { readonly succeeded?: number };
    return succeeded === 1 ? { found: true } : { seen: JSON.stringify(job['status']) };
  });
  await cluster.client.create(CRON_JOBS, 'default', {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'hourly' },
    spec: { schedule: '0 * * * *', jobTemplate: { spec: { template } } },
  });
};

const read = async (pod: string, path: string): Promise<string> => {
  let text = '';
  const onStdout = (chunk: Buffer) => {
    text += chunk.toString('utf8');
  };
  await cluster.client.exec({ namespace: 'default', name: pod }, { command: ['cat', path], onStdout });
  return text;
};

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { readonly exp: number };

/** Asks a host of the emulated Azure, as any client does. */
const ask = async (url: string, options: { readonly token?: string; readonly form?: Record<string, string> }) => {
  const { statusCode, body } = await request(url, {
    dispatcher: agent,
    ...(options.form === undefined ? {} : { method: 'POST', body: new URLSearchParams(options.form).toString() }),
    headers: {
      ...(options.form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    },
  });
  return { status: statusCode, body: (await body.json()) as Record<string, unknown> };
};

/** Exchanges a service account's token for one of Key Vault. */
const exchange = (assertion: string) =>
  ask(`https://login.microsoftonline.com/${cluster.tenantId}/oauth2/v2.0/token`, {
    form: {
      grant_type: 'client_credentials',
      client_id: clientId,
      scope: 'https://vault.azure.net/.default',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    },
  });

const readSecret = (token: string) =>
  ask(`https://${VAULT}.vault.azure.net/secrets/Password?api-version=7.4`, { token });

/** What the node process has logged. */
const nodeLog = () => {
  const lines = nodeLogOf(lab.folder.clusters).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as { readonly time: string; readonly msg: string });
};

const rotated = (pod: string, wanted: string) =>
  eventually(`${pod} has ${wanted}`, async () => {
    const seen = await read(pod, '/mnt/secrets-store/Password');
    return seen === wanted ? { found: seen } : { seen };
  });

describe('the clock', () => {
  it('moves by what it is asked for, for the API server as for the vault', async () => {
    const { before, after } = await advance(HOUR_MS);
    expect(Date.parse(after.labTime) - Date.parse(before.labTime)).toBeGreaterThanOrEqual(HOUR_MS);
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'later' } };
    const { metadata } = await create('serviceaccounts', account);
    expect(Date.parse(metadata.creationTimestamp ?? '')).toBeGreaterThanOrEqual(
      Math.floor(Date.parse(after.labTime) / 1000) * 1000,
    );
    const secret = JSON.parse(await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Other --value v`)) as {
      readonly attributes: { readonly created: string };
    };
    expect(Date.parse(secret.attributes.created)).toBeGreaterThanOrEqual(Date.parse(after.labTime) - 1000);
  });

  it('refuses to go back, and tells why', async () => {
    await expect(advance(-HOUR_MS)).rejects.toThrow(/cannot be moved on/);
  });
});

describe('a secret that changes in the vault', () => {
  it('reaches a pod once the refresh interval has gone by', async () => {
    await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Password --value second`);
    await advance(30 * 60_000);
    expect(await rotated('app', 'second')).toBe('second');
  });
});

describe('a day', () => {
  let before: Pod;
  let podToken: string;
  let accessToken: string;

  beforeAll(async () => {
    before = await getPod('app');
    podToken = await read('app', '/token/token');
    accessToken = String((await exchange(podToken)).body['access_token']);
    if ((await readSecret(accessToken)).status !== 200) throw new Error('the token is not good to begin with');
    await createJobs();
    // A managed identity's token lives for a day, and clocks may be five minutes apart.
    await advance(DAY_MS + 10 * 60_000);
  }, 60_000);

  it('leaves a running pod as it is, with its files', async () => {
    const { status } = await getPod('app');
    expect(status?.containerStatuses).toEqual(before.status?.containerStatuses);
    expect(status?.phase).toBe('Running');
    expect(await read('app', '/mnt/secrets-store/Password')).toBe('second');
    expect(await warnings(cluster.client, 'app')).toEqual([]);
  });

  it('leaves the node ready, its lease renewed', async () => {
    const { items } = await cluster.client.list<Node>(RESOURCES.nodes);
    const ready = items.map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status);
    expect(ready).toEqual(['True']);
    const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' } as const;
    await eventually('the lease is renewed', async () => {
      const found = (await cluster.client.list(leases, { namespace: 'kube-node-lease' })).items;
      const times = found.map(({ spec }) => (spec as { readonly renewTime: string }).renewTime);
      const isFresh = Date.parse(times[0] ?? '') > (await labNowMs()) - HOUR_MS;
      return isFresh ? { found: true } : { seen: times.join() };
    });
  });

  it('ends access tokens and the tokens of service accounts', async () => {
    expect((await readSecret(accessToken)).status).toBe(401);
    const refusal = await exchange(podToken);
    expect(refusal.status).toBe(401);
    expect(refusal.body['error_description']).toMatch(/^AADSTS700024: /);
  });

  it('has kubelet renew the token in the pod, and that one works', async () => {
    const token = await eventually('a token that is good', async () => {
      const found = await read('app', '/token/token');
      return claimsOf(found).exp * 1000 > (await labNowMs()) ? { found } : { seen: String(claimsOf(found).exp) };
    });
    const { status, body } = await exchange(token);
    expect(status).toBe(200);
    expect((await readSecret(String(body['access_token']))).status).toBe(200);
  });

  it('lets a new pod start', async () => {
    await createPod('later');
    await podReady(cluster.client, 'later');
    expect(await read('later', '/mnt/secrets-store/Password')).toBe('second');
  });

  it("has a node process that is killed come back in the lab's time", async () => {
    const starts = () => nodeLog().filter(({ msg }) => msg === 'Driver serves');
    const before = starts().length;
    const pid = nodeProcessOf(lab.folder.root);
    if (pid === undefined) throw new Error('no node process runs');
    process.kill(pid, 'SIGKILL');
    const { time } = await eventually('a start of the node process', async () => {
      const found = starts()[before];
      return found === undefined ? { seen: `${before} starts` } : { found };
    });
    expect(Date.parse(time)).toBeGreaterThan((await labNowMs()) - HOUR_MS);
  });

  it('lets az go on, which takes its tokens for good', async () => {
    expect(await lab.az(`az keyvault secret list --vault-name ${VAULT} --query [].name -o tsv`)).toContain('Password');
  });

  it('takes the events that are older than an hour away', async () => {
    const old = await eventually('no event of a day ago', async () => {
      const { items } = await cluster.client.list<Event>(RESOURCES.events);
      const nowMs = await labNowMs();
      const found = items.filter(({ lastTimestamp }) => Date.parse(lastTimestamp ?? '') < nowMs - 2 * HOUR_MS);
      return found.length === 0 ? { found } : { seen: `${found.length} of ${items.length} events` };
    });
    expect(old).toEqual([]);
  });

  it('has scheduled jobs run, and finished ones go when their time is over', async () => {
    const names = await eventually('an hourly job alone', async () => {
      const { items } = await cluster.client.list(JOBS, { namespace: 'default' });
      const found = items.map(({ metadata }) => metadata.name ?? '');
      return found.length === 1 && found[0]?.startsWith('hourly-') ? { found } : { seen: found.join() };
    });
    expect(names).not.toContain('finished');
  });

  it.runIf(kubectl !== undefined)('is a day to kubectl', async () => {
    const { stdout } = await run('kubectl', ['get', 'pod', 'app', '--no-headers'], { env: { ...lab.env } });
    expect(stdout).toMatch(/ (?:25|26)h\n$/);
  });
});

describe('what was deleted', () => {
  it('stays for the retention of the vault, and goes at the date that was told', async () => {
    await lab.az(`az keyvault secret set --vault-name ${VAULT} -n Gone --value v`);
    const deleted = JSON.parse(await lab.az(`az keyvault secret delete --vault-name ${VAULT} -n Gone`)) as {
      readonly scheduledPurgeDate: string;
    };
    await lab.az('az keyvault create -n kv-clock-gone -g g --retention-days 7');
    await lab.az('az keyvault delete -n kv-clock-gone -g g');
    const leftMs = Date.parse(deleted.scheduledPurgeDate) - (await labNowMs());
    expect(leftMs / DAY_MS).toBeCloseTo(7, 1);

    const left = async () => [
      await lab.az(`az keyvault secret list-deleted --vault-name ${VAULT} --query [].name -o tsv`),
      await lab.az('az keyvault list-deleted --query [].name -o tsv'),
    ];
    await advance(leftMs - HOUR_MS);
    expect(await left()).toEqual(['Gone', 'kv-clock-gone']);
    await advance(2 * HOUR_MS);
    expect(await left()).toEqual(['', '']);
    expect((await getPod('app')).status?.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0]);
  });
});

describe('keyferry lab clock', () => {
  it('is kept by a lab that starts again, and seen in its status', async () => {
    await using person = await createPerson();
    const state = join(person.home, 'lab');
    const keyferry = (...args: string[]) => person.keyferry('lab', ...args, '--state', state);
    await keyferry('up', '--detach');
    try {
      const advanced = await keyferry('clock', 'advance', '1d2h');
      expect(advanced).toMatchObject({ exitCode: 0, err: '' });
      expect(advanced.out).toMatch(/^was \S+Z\nnow \S+Z, 26h ahead of this machine\n$/);
      const refused = await keyferry('clock', 'advance', 'tomorrow');
      expect(refused).toMatchObject({ exitCode: 2, out: '' });
      expect(refused.err).toContain('"tomorrow" is not how far the clock could be moved on');
      await keyferry('down');
      await keyferry('up', '--detach');
      const shown = JSON.parse((await keyferry('clock', 'show', '--output', 'json')).out) as Record<string, unknown>;
      expect(shown['offsetMs']).toBe(26 * HOUR_MS);
      expect((await keyferry('status')).out).toMatch(/^clock +\S+Z, 26h ahead of this machine$/m);
    } finally {
      await keyferry('down');
    }
  }, 60_000);
});

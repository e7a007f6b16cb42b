import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES } from '#kube';
import type { Hop, Trace } from '#lab/session';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { createPerson } from '../support/keyferry.ts';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VALUE = 'a value that nobody may print';

let lab: TestLab;
let cluster: TestCluster;
let clientId: string;
let objectId: string;

beforeAll(async () => {
  lab = await startTestLab();
  cluster = await makeCluster(lab);
  const identity = JSON.parse(await lab.az('az identity create -g g -n reader')) as Record<string, string>;
  clientId = identity['clientId'] ?? '';
  objectId = identity['principalId'] ?? '';
  for (const vault of ['kv-open', 'kv-closed']) {
    await lab.az(`az keyvault create -n ${vault} -g g`);
    await lab.az(`az keyvault secret set --vault-name ${vault} -n One --value '${VALUE}'`);
  }
  await lab.az(`az keyvault set-policy -n kv-open --object-id ${objectId} --secret-permissions get`);
  await lab.az(`az keyvault set-policy -n kv-closed --object-id ${clientId} --secret-permissions get`);
  await lab.az(
    `az identity federated-credential create -g g --identity-name reader -n for-reader --issuer ${cluster.issuer} --subject system:serviceaccount:default:reader --audiences api://AzureADTokenExchange`,
  );
  for (const name of ['reader', 'stranger']) {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
    await cluster.client.create(RESOURCES.serviceaccounts, 'default', account);
  }
  const common = { clientId, tenantId: cluster.tenantId, secrets: ['One'] };
  const secretObjects = [{ secretName: 'synced', type: 'Opaque', data: [{ objectName: 'One', key: 'one' }] }];
  for (const found of [
    secretProviderClass({ ...common, name: 'open', vault: 'kv-open', secretObjects }),
    secretProviderClass({ ...common, name: 'closed', vault: 'kv-closed' }),
  ]) {
    await cluster.client.create(SECRET_CLASS_RESOURCES.classes, 'default', found);
  }
}, 60_000);
afterAll(async () => {
  cluster?.[Symbol.dispose]();
  await lab?.[Symbol.asyncDispose]();
});

const createPod = (name: string, account: string, className: string) =>
  cluster.client.create(RESOURCES.pods, 'default', podWithClass(name, account, className));
const traceOf = (pod: string) => lab.lab.control.trace({ pod, namespace: 'default' });
const hopsOf = (trace: Trace): readonly Hop[] => trace.volumes[0]?.attempts.at(-1)?.hops ?? [];

/** The trace of a pod that was refused. */
const ended = (pod: string) =>
  eventually(`the end of ${pod}'s way`, async () => {
    const trace = await traceOf(pod);
    return trace.end === undefined ? { seen: JSON.stringify(trace) } : { found: trace };
  });

describe('lab trace', () => {
  it('tells every hop of a pod that has its secret, and no value', async () => {
    await createPod('first', 'reader', 'open');
    await podReady(cluster.client, 'first');
    const trace = await traceOf('first');
    expect(trace).toMatchObject({ cluster: 'c', namespace: 'default', pod: 'first', ready: true });
    expect(trace.end).toBeUndefined();
    expect(hopsOf(trace)).toMatchObject([
      {
        hop: 'token',
        issuer: cluster.issuer,
        subject: 'system:serviceaccount:default:reader',
        audience: 'api://AzureADTokenExchange',
      },
      { hop: 'exchange', how: 'fetched', clientId, identity: 'reader', credential: 'for-reader', result: 'Success' },
      { hop: 'read', object: 'secret/One', status: 200, allowedBy: `access policy of object ${objectId}` },
      { hop: 'files', files: [{ path: 'One', mode: '0644', sizeBytes: VALUE.length }] },
      { hop: 'secrets', names: ['synced'], synced: true },
    ]);
    expect(JSON.stringify(trace)).not.toMatch(/a value that|eyJ/);
  });

  it('says that an answer was shared, and with whom', async () => {
    await createPod('second', 'reader', 'open');
    await podReady(cluster.client, 'second');
    const askedFor = { pod: 'default/first' };
    const hops = hopsOf(await traceOf('second'));
    expect(hops.find(({ hop }) => hop === 'exchange')).toMatchObject({
      how: 'kept',
      askedFor,
      credential: 'for-reader',
    });
    expect(hops.find(({ hop }) => hop === 'read')).toMatchObject({ how: 'kept', askedFor, status: 200 });
  });

  it('says where the way of a stranger ends, what the nearest credential expects, and the mend', async () => {
    await createPod('stranger', 'stranger', 'open');
    const trace = await ended('stranger');
    expect(trace.ready).toBe(false);
    expect(trace.end).toMatchObject({
      where: 'the exchange at Entra ID',
      why: expect.stringContaining('AADSTS700213') as unknown,
      mend: expect.stringContaining('federated identity credential') as unknown,
    });
    expect(hopsOf(trace).at(-1)).toMatchObject({
      hop: 'exchange',
      result: 'AADSTS700213',
      nearestCredential: 'for-reader expects subject system:serviceaccount:default:reader',
    });
  });

  it('says which access policy does not let a pod read', async () => {
    await createPod('closed', 'reader', 'closed');
    const trace = await ended('closed');
    expect(trace.end?.where).toBe('the read from https://kv-closed.vault.azure.net');
    expect(hopsOf(trace).at(-1)).toMatchObject({
      hop: 'read',
      status: 403,
      refusedBy: `an access policy names the client id ${clientId}; it has to name the object id ${objectId}`,
    });
  });

  it('is printed for a person, and as JSON', async () => {
    await using person = await createPerson();
    // As "kubectl get -o name" names it.
    const args = ['lab', 'trace', 'pod/closed', '--state', lab.folder.root];
    const text = await person.keyferry(...args);
    expect(text).toMatchObject({ exitCode: 0, err: '' });
    expect(text.out).toMatch(/^default\/closed in c, service account reader, waits\n/);
    expect(text.out).toMatch(/exchange +Entra ID gave an access token for reader/);
    expect(text.out).toMatch(/kv-closed\.vault\.azure\.net refused secret\/One: 403 Forbidden\/ForbiddenByPolicy/);
    expect(text.out).toMatch(/the way ends at the read from .*\n +why .*\n +mend /);
    const json = await person.keyferry(...args, '--output', 'json');
    expect(JSON.parse(json.out)).toMatchObject({ pod: 'closed', end: { where: expect.any(String) as unknown } });
  });

  it.each([
    ['a pod that there is not', ['nobody'], 3, 'no pod default/nobody in c'],
    ['a cluster that there is not', ['first', '--cluster', 'x'], 3, 'no cluster "x" runs'],
  ])('says of %s what there is', async (_what, args, exitCode, text) => {
    await using person = await createPerson();
    const outcome = await person.keyferry('lab', 'trace', ...args, '--state', lab.folder.root);
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.err).toContain(text);
    expect(outcome.err).toContain('what to do:');
  });
});

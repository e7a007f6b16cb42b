import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDisposeStack } from '#base';
import { packageRoot } from '#lab/session';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import type { TestVolume } from '../../support/csi-volume.ts';
import { secretProviderClass } from '../../support/manifests.ts';
import { makeReader } from '../../support/reader.ts';
import { eventually, makeCluster, startTestLab, type TestCluster, type TestLab } from '../../support/test-lab.ts';
import { describeWithClients, useClient } from '../support/clients.ts';
import {
  driverFlags,
  keyferryNode,
  startDriverProcess,
  type DriverPlace,
  type DriverProcess,
  type StartedProgram,
} from './driver-process.ts';

// The way of docs/migration.md on one node: a driver ends as its pod is deleted, the volumes stay, and another driver of the same
// name takes them over on the same socket. There and back, with upstream's own driver.

const AUDIENCE = 'api://AzureADTokenExchange';
const VAULT = 'kv-migration';
const stack = createDisposeStack();
let lab: TestLab;
let cluster: TestCluster;
let clientId: string;

beforeAll(async () => {
  lab = stack.use(await startTestLab());
  cluster = stack.use(await makeCluster(lab));
  await lab.az(`az keyvault create -n ${VAULT} -g g --enable-rbac-authorization false`);
  ({ clientId } = await makeReader(lab, cluster, { vault: VAULT }));
});
afterAll(() => stack[Symbol.asyncDispose]());

type Command = (place: DriverPlace) => readonly string[];

/** A node's mounts outlive the first driver: it ends, in order, when the file `end` is there, and `ended` tells so. */
const untilTold =
  (command: Command): Command =>
  (place) => [
    'sh',
    '-c',
    'folder=$1; shift; "$@" & driver=$!; until [ -e "$folder/end" ]; do sleep 0.1; done; kill -TERM $driver; wait $driver; touch "$folder/ended"; exec sleep 1000',
    'sh',
    place.folder,
    ...command(place),
  ];

const setSecret = (name: string, value: string) =>
  lab.az(`az keyvault secret set --vault-name ${VAULT} -n ${name} --value ${value}`);

async function publish(driver: DriverProcess, volume: TestVolume, className: string): Promise<void> {
  const account = { namespace: 'default', name: 'reader' };
  const token = await cluster.client.createToken(account, { audiences: [AUDIENCE] });
  await driver.publish(volume, { className, serviceAccount: 'reader', tokens: { [AUDIENCE]: token } });
}

/** Until `file` of the volume holds `value`, as kubelet publishes it again and again. */
function refreshedTo(
  value: string,
  driver: DriverProcess,
  volume: TestVolume,
  className: string,
  program?: StartedProgram,
): Promise<unknown> {
  return eventually(`the file says ${value}`, async () => {
    const error = await publish(driver, volume, className).then(() => '', String);
    const content = driver.file(volume, 'file');
    return content === value
      ? { found: true }
      : { seen: `${content} ${error}\n${program?.output() ?? driver.output()}` };
  });
}

const upstreamDriver: Command = ({ socket, providers }) => [
  useClient('upstream-node').programs['upstream-driver'] ?? '',
  ...driverFlags(socket, providers),
];

/** Serves azure.sock for whichever driver runs. */
const provider: Command = ({ providers }) => [
  process.execPath,
  join(packageRoot(), 'bin', 'keyferry'),
  'provider',
  `--endpoint=unix://${join(providers, 'azure.sock')}`,
  '--healthz-port=0',
  '--prometheus-port=0',
  '--freshness-window=0',
];

describeWithClients('a volume of a running pod', ['upstream-node'], () => {
  it.each([
    ['from upstream’s driver to Keyferry', 'there', upstreamDriver, keyferryNode],
    ['from Keyferry back to upstream’s driver', 'back', keyferryNode, upstreamDriver],
  ] as const)(
    'keeps its files on the way %s, and is refreshed after it',
    async (_way, name, before, after) => {
      await setSecret(name, 'first');
      const { tenantId } = cluster;
      const manifest = secretProviderClass({ name, clientId, tenantId, vault: VAULT, secrets: [[name, 'file']] });
      await cluster.client.create(SECRET_CLASS_RESOURCES.classes, 'default', manifest);
      await using driver = await startDriverProcess(lab.env, untilTold(before));
      await using azure = driver.start(provider(driver));
      const volume = driver.volume();
      await refreshedTo('first', driver, volume, name);

      writeFileSync(join(driver.folder, 'end'), '');
      await eventually('the first driver has ended', async () =>
        existsSync(join(driver.folder, 'ended')) ? { found: true } : { seen: driver.output() },
      );
      await setSecret(name, 'second');
      expect(driver.file(volume, 'file')).toBe('first');
      expect(driver.mounts()).toEqual([volume.targetPath]);

      await using next = driver.start(after(driver));
      await refreshedTo('second', driver, volume, name, next);
      expect(driver.mounts()).toEqual([volume.targetPath]);
      await driver.unpublish(volume);
      expect([driver.mounts(), driver.file(volume, 'file')]).toEqual([[], '']);
      expect(azure.output()).not.toContain('"level":"error"');
    },
    120_000,
  );
});

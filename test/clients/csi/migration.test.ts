import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDisposeStack } from '#base';
import type { TestVolume } from '../../support/csi-volume.ts';
import { eventually } from '../../support/test-lab.ts';
import { describeWithClients, useClient } from '../support/clients.ts';
import {
  driverFlags,
  keyferryNode,
  keyferryProvider,
  startDriverProcess,
  type DriverPlace,
  type DriverProcess,
  type StartedProgram,
} from './driver-process.ts';
import { startVaultScene, type VaultScene } from './vault-scene.ts';

// The way of docs/migration.md on one node: a driver ends as its pod is deleted, the volumes stay, and another driver of the same
// name takes them over on the same socket. There and back, with upstream's own driver.

const stack = createDisposeStack();
let scene: VaultScene;

beforeAll(async () => {
  scene = stack.use(await startVaultScene('kv-migration'));
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

/** Until `file` of the volume holds `value`, as kubelet publishes it again and again. */
function refreshedTo(
  value: string,
  driver: DriverProcess,
  volume: TestVolume,
  className: string,
  program?: StartedProgram,
): Promise<unknown> {
  return eventually(`the file says ${value}`, async () => {
    const error = await scene.publish(driver, volume, className).then(() => '', String);
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

describeWithClients('a volume of a running pod', ['upstream-node'], () => {
  it.each([
    ['from upstream’s driver to Keyferry', 'there', upstreamDriver, keyferryNode],
    ['from Keyferry back to upstream’s driver', 'back', keyferryNode, upstreamDriver],
  ] as const)(
    'keeps its files on the way %s, and is refreshed after it',
    async (_way, name, before, after) => {
      await scene.setSecret(name, 'first');
      await scene.addClass(name);
      await using driver = await startDriverProcess(scene.lab.env, untilTold(before));
      // Serves azure.sock for whichever driver runs.
      await using azure = driver.start(keyferryProvider(driver));
      const volume = driver.volume();
      await refreshedTo('first', driver, volume, name);

      writeFileSync(join(driver.folder, 'end'), '');
      await eventually('the first driver has ended', async () =>
        existsSync(join(driver.folder, 'ended')) ? { found: true } : { seen: driver.output() },
      );
      await scene.setSecret(name, 'second');
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

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDisposeStack } from '#base';
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
import { AUDIENCE, startVaultScene, type VaultScene } from './vault-scene.ts';

// Upstream's own programs and ours beside each other, with a lab as the cluster and as Azure: our driver with upstream's
// Azure provider, and upstream's driver with our provider.

const VAULT = 'kv-upstream';
const stack = createDisposeStack();
let scene: VaultScene;

beforeAll(async () => {
  scene = stack.use(await startVaultScene(VAULT));
});
afterAll(() => stack[Symbol.asyncDispose]());

/** Mounts a secret, changes it, publishes again until the file has changed, takes the volume away; answers what was in the file. */
async function liveThrough(
  driver: DriverProcess,
  provider: StartedProgram,
  className: string,
): Promise<readonly string[]> {
  const volume = driver.volume();
  await scene.publish(driver, volume, className).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${driver.output()}\n${provider.output()}`);
  });
  const before = driver.file(volume, 'file');
  await scene.setSecret(className, 'second');
  const after = await eventually('the new value', async () => {
    await scene.publish(driver, volume, className);
    const content = driver.file(volume, 'file');
    return content === before ? { seen: content } : { found: content };
  });
  await driver.unpublish(volume);
  return [before, after, ...driver.mounts()];
}

/** `keyferry provider` beside a driver, once it serves. */
async function startOurProvider(driver: DriverProcess): Promise<StartedProgram> {
  const provider = driver.start(keyferryProvider(driver));
  await eventually('the provider serves', async () =>
    provider.output().includes('Provider serves') ? { found: true } : { seen: provider.output() },
  );
  return provider;
}

describeWithClients('a driver in Go in front of keyferry provider', ['csi-go'], () => {
  let driver: DriverProcess;

  beforeAll(async () => {
    await scene.setSecret('asked', 'first');
    driver = stack.use(await startDriverProcess(scene.lab.env, keyferryNode));
    stack.use(await startOurProvider(driver));
  });

  /** What the driver in Go tells of a call. */
  async function ask(
    call: 'mount' | 'version',
    input: object = {},
    ...more: readonly string[]
  ): Promise<Record<string, unknown>> {
    const socket = join(driver.providers, 'azure.sock');
    const child = spawn(useClient('csi-go').programs['csi-go'] ?? '', [call, socket, ...more], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(JSON.stringify(input));
    return JSON.parse(await text(child.stdout)) as Record<string, unknown>;
  }

  async function attributes(objectName: string): Promise<Record<string, string>> {
    const token = await scene.cluster.client.createToken(
      { namespace: 'default', name: 'reader' },
      { audiences: [AUDIENCE] },
    );
    const { token: secret, ...rest } = token;
    return {
      clientID: scene.clientId,
      tenantID: scene.cluster.tenantId,
      keyvaultName: VAULT,
      objects: `array:\n  - |\n    objectName: ${objectName}\n    objectType: secret\n`,
      'csi.storage.k8s.io/pod.name': 'web',
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/pod.uid': '7c1f',
      'csi.storage.k8s.io/serviceAccount.name': 'reader',
      'csi.storage.k8s.io/serviceAccount.tokens': JSON.stringify({ [AUDIENCE]: { token: secret.expose(), ...rest } }),
    };
  }

  it('is told its name, which is that of upstream', async () => {
    expect(await ask('version')).toEqual({
      version: 'v1alpha1',
      runtimeName: 'secrets-store-csi-driver-provider-azure',
    });
  });

  it('may send a path as its authority, as upstream up to 1.5 does', async () => {
    expect(await ask('version', {}, join(driver.providers, 'azure.sock'))).toMatchObject({ version: 'v1alpha1' });
  });

  it('gets files with their modes, and versions', async () => {
    const id = await scene.lab.az(`az keyvault secret show --vault-name ${VAULT} -n asked --query id -o tsv`);
    expect(await ask('mount', { attributes: await attributes('asked'), targetPath: '/t' })).toEqual({
      code: 'OK',
      files: { asked: { mode: 0o644, text: 'first' } },
      versions: { 'secret/asked': id.split('/').at(-1) },
      error: '',
    });
  });

  it('gets the status and the text of a failure', async () => {
    expect(await ask('mount', { attributes: await attributes('absent'), targetPath: '/t' })).toEqual({
      code: 'NotFound',
      message: expect.stringMatching(
        /^failed to mount objects, error: failed to get objectType:secret, objectName:absent, objectVersion:: .*SecretNotFound/s,
      ) as string,
    });
    expect(await ask('mount', { attributes: {}, targetPath: '/t' })).toMatchObject({
      message: expect.stringContaining('keyvaultName is not provided') as string,
    });
  });
});

describeWithClients('beside upstream', ['upstream-node'], () => {
  const upstream = (program: string) => useClient('upstream-node').programs[program] ?? '';

  describe('keyferry node with the Azure provider of upstream', () => {
    it('mounts, refreshes and unmounts', async () => {
      await scene.setSecret('theirs', 'first');
      await scene.addClass('theirs');
      await using driver = await startDriverProcess(scene.lab.env, (place) =>
        keyferryNode(place, '--azure-provider=false'),
      );
      const socket = join(driver.providers, 'azure.sock');
      await using provider = driver.start([
        upstream('upstream-provider'),
        `--endpoint=unix://${socket}`,
        '--healthz-port=0',
        '--prometheus-port=0',
      ]);
      expect(await liveThrough(driver, provider, 'theirs')).toEqual(['first', 'second']);
    });
  });

  describe('the driver of upstream with keyferry provider', () => {
    const upstreamDriver = ({ socket, providers }: DriverPlace) => [
      upstream('upstream-driver'),
      ...driverFlags(socket, providers),
    ];

    it('mounts, refreshes and unmounts', async () => {
      await scene.setSecret('ours', 'first');
      await scene.addClass('ours');
      await using driver = await startDriverProcess(scene.lab.env, upstreamDriver);
      await using provider = await startOurProvider(driver);
      expect(await liveThrough(driver, provider, 'ours')).toEqual(['first', 'second']);
    });
  });
});

import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDisposeStack } from '#base';
import { RESOURCES, type Event } from '#kube';
import type { TestVolume } from '../../support/csi-volume.ts';
import { eventually } from '../../support/test-lab.ts';
import { describeWithClients, useClient } from '../support/clients.ts';
import { startEmptyCluster, type EmptyCluster } from './cluster.ts';
import { keyferryNode, startDriverProcess, type DriverProcess, type StartedProgram } from './driver-process.ts';

// A provider in Go that was written from the protocol alone, behind the production process. What it does with a class
// stands in go/provider.go.

/** A line that the provider tells of a request. */
interface ToldRequest {
  readonly attributes: Readonly<Record<string, string>>;
  readonly secrets: string;
  readonly targetPath: string;
  readonly permission: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly deadline: boolean;
}

const stack = createDisposeStack();
let cluster: EmptyCluster;
let driver: DriverProcess;
let provider: StartedProgram;

async function startProvider(): Promise<StartedProgram> {
  const started = driver.start([
    useClient('csi-go').programs['csi-go'] ?? '',
    'provider',
    join(driver.providers, 'golang.sock'),
  ]);
  await eventually('the provider serves', async () =>
    started.output().includes('"serves"') ? { found: true } : { seen: started.output() },
  );
  return started;
}

/** The requests that the provider has had for a volume. */
function told(volume: TestVolume): readonly ToldRequest[] {
  return provider
    .output()
    .split('\n')
    .filter((line) => line.includes(volume.podUid))
    .map((line) => JSON.parse(line) as ToldRequest);
}

async function publish(volume: TestVolume, className: string): Promise<void> {
  const metadata = { name: volume.podName, namespace: 'default', uid: volume.podUid };
  const spec = { containers: [{ name: 'app', image: 'x' }] };
  await cluster.client
    .create(RESOURCES.pods, 'default', { apiVersion: 'v1', kind: 'Pod', metadata, spec })
    .catch(() => undefined); // it is there at a republish
  await driver.publish(volume, { className, serviceAccount: 'default', tokens: {} });
}

describeWithClients('a provider in Go behind keyferry node', ['csi-go'], () => {
  beforeAll(async () => {
    cluster = stack.use(await startEmptyCluster());
    for (const what of ['files', 'error-code', 'status', 'nothing', 'too-large', 'escape', 'write']) {
      await cluster.addClass(what, 'golang', { do: what, region: 'north' });
    }
    driver = stack.use(await startDriverProcess(cluster.env, keyferryNode));
    provider = await startProvider();
    stack.defer(async () => provider[Symbol.asyncDispose]());
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  it('gets what upstream sends, and its files are in the volume', async () => {
    const volume = driver.volume();
    await publish(volume, 'files');
    expect(driver.file(volume, 'one')).toBe('first');
    expect(Buffer.from(driver.file(volume, 'deep/two')).length).toBeGreaterThan(0);
    expect(told(volume)).toMatchObject([
      {
        attributes: {
          do: 'files',
          region: 'north',
          secretProviderClass: 'files',
          'csi.storage.k8s.io/pod.name': volume.podName,
          'csi.storage.k8s.io/pod.namespace': 'default',
          'csi.storage.k8s.io/serviceAccount.name': 'default',
        },
        secrets: 'null',
        targetPath: volume.targetPath,
        permission: '420',
        versions: {},
        deadline: true,
      },
    ]);
    await driver.unpublish(volume);
    expect(driver.mounts()).toEqual([]);
  });

  it('is told the versions that the volume holds, and rotates it', async () => {
    const volume = driver.volume();
    await publish(volume, 'files');
    await publish(volume, 'files');
    await eventually('new content', async () => {
      const content = driver.file(volume, 'one');
      return content === 'rotated' ? { found: content } : { seen: content };
    });
    expect(told(volume)[1]?.versions).toEqual({ 'secret/one': 'v1' });
    await driver.unpublish(volume);
  });

  it('may write into the volume itself', async () => {
    const volume = driver.volume();
    await publish(volume, 'write');
    expect(driver.file(volume, 'one')).toBe('first');
    await publish(volume, 'write');
    await eventually('new content', async () => {
      const content = driver.file(volume, 'one');
      return content === 'rotated' ? { found: content } : { seen: content };
    });
    await driver.unpublish(volume);
    expect(driver.mounts()).toEqual([]);
  });

  it.each([
    ['error-code', 'unknown', /mount request failed with provider error code NotThisTime/],
    ['status', 'unavailable', /the store is down for now/],
    ['nothing', 'unknown', /missing object versions/],
    ['too-large', 'resource-exhausted', /larger than max.*--max-call-recv-msg-size/],
    ['escape', 'invalid-input', /must not contain '\.\.'/],
  ])('fails the publish with %s, and leaves nothing mounted', async (what, code, message) => {
    const volume = driver.volume();
    const failure = expect.stringMatching(message) as string;
    await expect(publish(volume, what)).rejects.toMatchObject({ code, message: failure });
    expect(driver.mounts()).toEqual([]);
  });

  it('may restart: the driver connects to its new socket', async () => {
    await provider[Symbol.asyncDispose]();
    provider = await startProvider();
    const volume = driver.volume();
    await publish(volume, 'files');
    expect(driver.file(volume, 'one')).toBe('first');
    await driver.unpublish(volume);
  });

  it('is found by its name alone', async () => {
    await cluster.addClass('other', 'golan', { do: 'files' });
    await expect(publish(driver.volume(), 'other')).rejects.toMatchObject({
      message: expect.stringContaining(
        'error connecting to provider "golan": provider not found: provider "golan"; did you mean "golang"?',
      ) as string,
    });
  });

  it('had its rotation told to the pod', async () => {
    const events = await eventually('an event', async () => {
      const { items } = await cluster.client.list<Event>(RESOURCES.events, { namespace: 'default' });
      const found = items.filter(({ reason }) => reason === 'MountRotationComplete');
      return found.length > 0 ? { found } : { seen: items.map(({ reason }) => reason).join() };
    });
    expect(events[0]?.type).toBe('Normal');
  });
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyferryError, Secret, silentLog, systemClock } from '#base';
import { callUnary } from '#grpc';
import { RESOURCES } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { createMounter } from './volume/mounter.ts';
import { mayMount } from './testing/may-mount.ts';
import { filesOf, POD, startHarness, type DriverHarness } from './testing/harness.ts';

const read = (harness: DriverHarness, path: string) => readFileSync(join(harness.target, path), 'utf8');
const isMounted = (harness: DriverHarness) => harness.mounter.mounted.has(harness.target);
const records = (harness: DriverHarness) =>
  existsSync(join(harness.folder, 'volumes')) ? readdirSync(join(harness.folder, 'volumes')) : [];
const failing = () =>
  Promise.reject(new KeyferryError('unknown', 'failed to mount objects, error: AADSTS700213: no match'));
const DAY_MS = 86_400_000;

describe('the first publish', () => {
  it('has the files in place when it answers', async () => {
    await using harness = await startHarness();
    harness.answer = () => filesOf({ password: 'hunter2', 'tls/key': 'k' });
    await harness.publish();
    expect(isMounted(harness)).toBe(true);
    expect(read(harness, 'password')).toBe('hunter2');
    expect(read(harness, 'tls/key')).toBe('k');
  });

  it('is one log line: what was written, and how long each step took, without a value', async () => {
    await using harness = await startHarness();
    harness.answer = () => filesOf({ password: 'hunter2' });
    await harness.publish();
    harness.answer = () => filesOf({ password: 'hunter3', more: 'x' }, 'v2');
    await harness.nextChecks();
    await harness.nextChecks();
    const lines = harness.log.lines.filter(({ message }) => message.startsWith('Volume '));
    const place = { namespace: 'shop', pod: 'web-1', podUid: '7c1f', class: 'db', targetPath: harness.target };
    const steps = { class: 0, provider: 0, write: 0, record: 0, sync: 0 };
    expect(lines.map(({ message }) => message)).toEqual([
      'Volume mounted',
      'Volume has new content',
      'Volume is up to date',
    ]);
    expect(lines[0]?.fields).toMatchObject({
      ...place,
      tookMs: 0,
      steps: { ...steps, mount: 0 },
      files: [{ path: 'password', mode: '0644', sizeBytes: 7 }],
      versions: [{ id: 'secret/password', version: 'v1' }],
    });
    expect(lines[1]?.fields).toMatchObject({ ...place, steps, files: [{ path: 'password' }, { path: 'more' }] });
    expect(JSON.stringify(lines)).not.toContain('hunter');
  });

  it('gives the provider the parameters overlaid with the volume context, and no versions', async () => {
    await using harness = await startHarness();
    await harness.publish({ context: { vault: 'two' }, secrets: { clientid: 'c' } });
    const [request] = harness.mounts;
    expect(request?.attributes).toMatchObject({
      vault: 'two',
      region: 'north',
      secretProviderClass: 'db',
      'csi.storage.k8s.io/pod.name': POD.name,
    });
    expect(request).toMatchObject({ permission: 0o644, targetPath: harness.target });
    expect(request?.secrets.expose()).toEqual({ clientid: 'c' });
    expect([...(request?.currentVersions ?? [])]).toEqual([]);
  });

  it('refuses parameters of the pod where the node forbids them, and names them', async () => {
    await using harness = await startHarness({ forbidsParameterOverrides: true });
    await expect(harness.publish({ context: { vault: 'two', more: 'x' } })).rejects.toThrow(
      /volumeAttributes of the pod give parameters, which is forbidden on this node: vault, more/,
    );
    expect(harness.mounts).toEqual([]);
    expect(isMounted(harness)).toBe(false);
    await harness.publish();
    expect(harness.mounts).toHaveLength(1);
  });

  it.each([
    ['the volume context', { context: { 'csi.storage.k8s.io/serviceAccount.tokens': '{"a":1}' } }, {}],
    [
      'the secrets, apart from the others',
      { secrets: { 'csi.storage.k8s.io/serviceAccount.tokens': '{"a":1}', x: 'y' } },
      { x: 'y' },
    ],
  ])('takes the tokens from %s', async (_place, change, secrets) => {
    await using harness = await startHarness();
    await harness.publish(change);
    expect(harness.mounts[0]?.attributes['csi.storage.k8s.io/serviceAccount.tokens']).toBe('{"a":1}');
    expect(harness.mounts[0]?.secrets.expose()).toEqual(secrets);
  });

  it('writes the pod status, with the objects sorted by id', async () => {
    await using harness = await startHarness();
    harness.answer = () => filesOf({ b: '2', a: '1' });
    await harness.publish();
    await harness.idle();
    expect(harness.kube.all(SECRET_CLASS_RESOURCES.podStatuses)).toEqual([
      {
        apiVersion: 'secrets-store.csi.x-k8s.io/v1',
        kind: 'SecretProviderClassPodStatus',
        metadata: {
          name: 'web-1-shop-db',
          namespace: 'shop',
          labels: { 'internal.secrets-store.csi.k8s.io/node-name': 'node-1' },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web-1', uid: '7c1f' }],
        },
        status: {
          podName: 'web-1',
          secretProviderClassName: 'db',
          mounted: true,
          targetPath: harness.target,
          objects: [
            { id: 'secret/a', version: 'v1' },
            { id: 'secret/b', version: 'v1' },
          ],
        },
      },
    ]);
  });

  it('answers although the pod status cannot be written, and writes it later', async () => {
    await using harness = await startHarness();
    let down = true;
    harness.kube.intercept = (call) => {
      if (down && call.resource === 'secretproviderclasspodstatuses') throw new KeyferryError('unavailable', 'down');
    };
    await harness.publish();
    await harness.idle();
    expect(harness.kube.all(SECRET_CLASS_RESOURCES.podStatuses)).toEqual([]);
    down = false;
    await harness.clock.advance(2000);
    await harness.idle();
    expect(harness.kube.all(SECRET_CLASS_RESOURCES.podStatuses)).toHaveLength(1);
  });

  it.each([
    ['no capability', { volumeCapability: undefined }, 'Volume capability missing in request', 'invalid-input'],
    ['no volume id', { volumeId: '' }, 'Volume ID missing in request', 'invalid-input'],
    ['no target', { targetPath: '' }, 'Target path missing in request', 'invalid-input'],
    ['a relative target', { targetPath: 'a/b' }, 'Target path a/b is not absolute', 'invalid-input'],
    [
      'a target that leads elsewhere',
      { targetPath: '/a/../etc' },
      `Target path "/a/../etc" is no volume's path`,
      'invalid-input',
    ],
    ['a target at the top', { targetPath: '/etc/' }, `Target path "/etc/" is no volume's path`, 'invalid-input'],
    ['no attributes', { volumeContext: {} }, 'Volume attributes missing in request', 'invalid-input'],
    ['no class', { context: { secretProviderClass: '' } }, 'secretProviderClass is not set', 'unknown'],
    ['a writable volume', { readonly: false }, 'Readonly is not true in request', 'invalid-input'],
    [
      'a class that is missing',
      { context: { secretProviderClass: 'none' } },
      /^failed to mount secrets store objects for pod shop\/web-1, err: failed to get secretproviderclass shop\/none, error: .*not found\. Create the SecretProviderClass none in /,
      'unknown',
    ],
  ])('refuses %s', async (_what, change, message, code) => {
    await using harness = await startHarness();
    const failure = await harness.publish(change).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(KeyferryError);
    expect((failure as KeyferryError).code).toBe(code);
    expect((failure as KeyferryError).message).toMatch(message);
    expect(harness.mounter.mounted.size).toBe(0);
  });

  it('leaves nothing mounted, no folder and no record when the provider fails, and tells kubelet why', async () => {
    await using harness = await startHarness();
    harness.answer = failing;
    await expect(harness.publish()).rejects.toMatchObject({
      code: 'unknown',
      message:
        'failed to mount secrets store objects for pod shop/web-1, err: failed to mount objects, error: AADSTS700213: no match',
    });
    expect(isMounted(harness)).toBe(false);
    expect(existsSync(harness.target)).toBe(false);
    expect(records(harness)).toEqual([]);
    expect(harness.events).toEqual([]);
    harness.answer = () => filesOf({ password: 'hunter2' });
    await harness.publish();
    expect(read(harness, 'password')).toBe('hunter2');
  });

  it.each(['unavailable', 'deadline-exceeded', 'resource-exhausted'] as const)(
    'keeps the code %s, which kubelet does not take as final',
    async (code) => {
      await using harness = await startHarness();
      harness.answer = () => Promise.reject(new KeyferryError(code, 'later'));
      await expect(harness.publish()).rejects.toMatchObject({ code });
    },
  );

  it('tells kubelet what a person can do, where that is known', async () => {
    await using harness = await startHarness();
    harness.answer = () => Promise.reject(new KeyferryError('unknown', 'no way', { hint: 'Make one.' }));
    await expect(harness.publish()).rejects.toMatchObject({
      message: expect.stringMatching(/err: no way\. Make one\.$/),
    });
    await expect(harness.publish({ context: { secretProviderClass: 'none' } })).rejects.toMatchObject({
      message: expect.stringMatching(
        /not found\. Create the SecretProviderClass none in the pod's own namespace shop; one of another namespace does not count\.$/,
      ),
    });
  });

  it('writes nothing when a path of the provider leaves the volume', async () => {
    await using harness = await startHarness();
    harness.answer = () => filesOf({ good: '1', '../../evil': '2' });
    await expect(harness.publish()).rejects.toThrow(/files\[1\]\.path: "\.\.\/\.\.\/evil" must not contain '\.\.'/);
    expect(isMounted(harness)).toBe(false);
  });

  it('fails when the provider names no version of anything', async () => {
    await using harness = await startHarness();
    harness.answer = () => ({ files: [], versions: [] });
    await expect(harness.publish()).rejects.toThrow(/missing object versions/);
  });

  it('is done once when two calls for one volume meet', async () => {
    await using harness = await startHarness();
    await Promise.all([harness.publish(), harness.publish()]);
    expect(harness.mounts).toHaveLength(1);
  });

  it('is not skipped after a reboot, however young the folder is and whatever the record says', async () => {
    await using harness = await startHarness({ refreshIntervalMs: DAY_MS });
    await harness.publish();
    await harness.mounter.reboot();
    expect(records(harness)).toHaveLength(1);
    await harness.publish();
    expect(harness.mounts).toHaveLength(2);
    expect(harness.mounts[1]?.currentVersions.size).toBe(0);
    expect(read(harness, 'password')).toBe('hunter2');
  });

  it('tells its failure after a reboot, though the record says that the volume had its files', async () => {
    await using harness = await startHarness();
    await harness.publish();
    await harness.mounter.reboot();
    harness.answer = failing;
    await expect(harness.publish()).rejects.toThrow(/AADSTS700213/);
    expect(isMounted(harness)).toBe(false);
    expect(records(harness)).toEqual([]);
  });
});

describe('a republish', () => {
  it('within the interval asks nobody', async () => {
    await using harness = await startHarness({ refreshIntervalMs: 120_000 });
    await harness.publish();
    await harness.idle();
    const calls = harness.kube.calls.length;
    await harness.clock.advance(59_000);
    await harness.publish();
    await harness.idle();
    expect(harness.mounts).toHaveLength(1);
    expect(harness.kube.calls).toHaveLength(calls);
  });

  it('keeps what is mounted for ever when refreshing is off', async () => {
    await using harness = await startHarness({ refreshes: false });
    await harness.publish();
    await harness.clock.advance(DAY_MS);
    await harness.publish();
    await harness.idle();
    expect(harness.mounts).toHaveLength(1);
    expect(harness.kube.calls.filter(({ verb, resource }) => verb === 'watch' && resource === 'pods')).toEqual([]);
  });

  it('tells kubelet what failed, and leaves it for another try, where somebody else wrote files that may be a part only', async () => {
    await using harness = await startHarness();
    await mkdir(harness.target, { recursive: true });
    await harness.mounter.mountTmpfs(harness.target, { sizeBytes: 1024 });
    await writeFile(join(harness.target, 'own'), 'text');
    harness.answer = failing;
    await expect(harness.publish()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('AADSTS700213'),
    });
    expect(read(harness, 'own')).toBe('text');
    harness.answer = () => filesOf({ password: 'hunter2' });
    await harness.publish();
    expect(read(harness, 'password')).toBe('hunter2');
  });
});

describe('unpublish', () => {
  it('leaves neither mount, folder nor record, and can be called again', async () => {
    await using harness = await startHarness();
    await harness.publish();
    await harness.unpublish();
    expect(isMounted(harness)).toBe(false);
    expect(existsSync(harness.target)).toBe(false);
    expect(records(harness)).toEqual([]);
    await harness.unpublish();
  });

  it.each([
    [{ volumeId: '', targetPath: '/a/b' }, 'Volume ID missing in request'],
    [{ volumeId: 'v', targetPath: '' }, 'Target path missing in request'],
    [{ volumeId: 'v', targetPath: '/' }, `Target path "/" is no volume's path`],
    [{ volumeId: 'v', targetPath: '/home/' }, `Target path "/home/" is no volume's path`],
    [{ volumeId: 'v', targetPath: '/a/../home' }, `Target path "/a/../home" is no volume's path`],
    [{ volumeId: 'v', targetPath: 'a/b' }, 'Target path a/b is not absolute'],
  ])('refuses %j', async (request, message) => {
    await using harness = await startHarness();
    const call = callUnary(harness.node, 'nodeUnpublishVolume', request, { timeoutMs: 5000 }, systemClock);
    await expect(call).rejects.toMatchObject({ code: 'invalid-input', message });
  });
});

describe('records', () => {
  it('of volumes that are gone are removed when the driver starts', async () => {
    await using harness = await startHarness();
    await harness.publish();
    await harness.mounter.reboot();
    await harness.restart();
    expect(records(harness)).toEqual([]);
  });

  it('hold no secret value', async () => {
    await using harness = await startHarness();
    await harness.publish({
      context: { 'csi.storage.k8s.io/serviceAccount.tokens': 'a-token' },
      secrets: { s: 'a-secret' },
    });
    const text = readFileSync(join(harness.folder, 'volumes', records(harness)[0] ?? ''), 'utf8');
    expect(text).toContain('"className":"db"');
    expect(text).not.toMatch(/hunter2|a-token|a-secret/);
  });
});

describe('a class with secretObjects', () => {
  const secretObjects = [
    {
      secretName: 'db-secret',
      type: 'Opaque',
      labels: { app: 'web' },
      data: [{ objectName: 'password', key: 'PASSWORD' }],
    },
  ];

  it('has its Secret before the publish answers', async () => {
    await using harness = await startHarness({ secretObjects });
    await harness.publish();
    expect(harness.kube.find(RESOURCES.secrets, { namespace: 'shop', name: 'db-secret' })).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'db-secret',
        namespace: 'shop',
        labels: { app: 'web', 'secrets-store.csi.k8s.io/managed': 'true' },
        annotations: {},
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web-1', uid: '7c1f' }],
      },
      type: 'Opaque',
      data: { PASSWORD: Buffer.from('hunter2').toString('base64') },
    });
  });

  it('stays mounted when the Secret cannot be written; the pod is told, and it is tried again', async () => {
    await using harness = await startHarness({ secretObjects });
    let refused = true;
    harness.kube.intercept = ({ resource, verb }) => {
      if (refused && resource === 'secrets' && verb !== 'get') {
        throw new KeyferryError('permission-denied', 'secrets is forbidden', { upstreamCode: 'Forbidden' });
      }
    };
    await harness.publish();
    expect(read(harness, 'password')).toBe('hunter2');
    const nextTry = async () => {
      await harness.clock.sleepers();
      await harness.clock.advance(5000);
      await harness.idle();
    };
    await nextTry();
    expect(harness.events).toMatchObject([
      {
        reason: 'FailedToCreateSecret',
        type: 'Warning',
        message: expect.stringMatching(
          /^failed to sync secret shop\/db-secret: secrets is forbidden\. .*syncSecret\.enabled=true/,
        ),
      },
    ]);
    refused = false;
    await nextTry();
    expect(harness.kube.find(RESOURCES.secrets, { namespace: 'shop', name: 'db-secret' })).toBeDefined();
  });

  it('has its Secret soon after the class is mended, by no other publish', async () => {
    const wrong = { ...secretObjects[0], data: [{ objectName: 'pasword', key: 'PASSWORD' }] };
    await using harness = await startHarness({ secretObjects: [wrong] });
    await harness.publish();
    expect(harness.events).toMatchObject([
      {
        reason: 'FailedToCreateSecret',
        message: expect.stringMatching(
          /^failed to sync secret shop\/db-secret: spec\.secretObjects\[0\]\.data\[0\]\.objectName: file matching objectName pasword not found in the pod; did you mean "password"\? .*The volume holds "password"\.$/,
        ),
      },
    ]);
    const { classes } = SECRET_CLASS_RESOURCES;
    const live = harness.kube.find(classes, { namespace: 'shop', name: 'db' });
    harness.kube.put(classes, { ...live, spec: { ...(live?.['spec'] as object), secretObjects } } as never);
    await harness.clock.sleepers();
    await harness.clock.advance(5000);
    await harness.idle();
    expect(harness.kube.find(RESOURCES.secrets, { namespace: 'shop', name: 'db-secret' })).toBeDefined();
  });

  it('does not wait longer than five seconds for an API server that hangs', async () => {
    await using harness = await startHarness({ secretObjects });
    let hang = true;
    let reached: () => void;
    const atApiServer = new Promise<void>((resolve) => {
      reached = resolve;
    });
    harness.kube.intercept = ({ resource }) => {
      if (!hang || resource !== 'secrets') return undefined;
      reached();
      return new Promise(() => undefined);
    };
    const published = harness.publish();
    await atApiServer;
    hang = false;
    await harness.clock.advance(5000);
    await published;
    expect(harness.events[0]?.message).toContain('no answer within 5000 ms');
  });
});

describe('a provider that writes the files itself', () => {
  it('finds the volume mounted, and its volume counts as filled', async () => {
    await using harness = await startHarness();
    const { writeFile } = await import('node:fs/promises');
    harness.answer = async ({ targetPath }) => {
      expect(isMounted(harness)).toBe(true);
      await writeFile(join(targetPath, 'own'), 'text');
      return { files: [], versions: [{ id: 'secret/own', version: '1' }] };
    };
    await harness.publish();
    await harness.restart();
    harness.answer = failing;
    await harness.publish();
    expect(read(harness, 'own')).toBe('text');
  });
});

describe.runIf(mayMount())('on a real tmpfs', () => {
  const real = createMounter({ log: silentLog });

  it('mounts with the first publish, swaps in place with a refresh, and takes all away with the unpublish', async () => {
    await using harness = await startHarness({ mounter: real, refreshIntervalMs: 0 });
    harness.answer = () => filesOf({ password: 'hunter2' });
    await harness.publish();
    expect(await real.find(harness.target)).toMatchObject({ fsType: 'tmpfs' });
    harness.answer = () => filesOf({ password: 'changed', more: 'x' });
    await harness.clock.advance(1000);
    await harness.idle();
    expect(read(harness, 'password')).toBe('changed');
    await harness.unpublish();
    expect(await real.find(harness.target)).toBeUndefined();
    expect(existsSync(harness.target)).toBe(false);
  });

  it('leaves nothing mounted when the provider fails', async () => {
    await using harness = await startHarness({ mounter: real });
    harness.answer = failing;
    await expect(harness.publish()).rejects.toThrow(/AADSTS700213/);
    expect(await real.find(harness.target)).toBeUndefined();
    expect(existsSync(harness.target)).toBe(false);
  });

  it('leaves nothing mounted when the content does not fit, and says so', async () => {
    await using harness = await startHarness({ mounter: real });
    harness.answer = () => filesOf({ big: 'x'.repeat(33 * 1024 * 1024) });
    await expect(harness.publish()).rejects.toThrow('the volume is too small for the file "big"');
    expect(await real.find(harness.target)).toBeUndefined();
  });
});

describe('the CSI services', () => {
  it('say who they are, and that they are ready', async () => {
    await using harness = await startHarness();
    const limits = { timeoutMs: 5000 };
    expect(await callUnary(harness.identity, 'getPluginInfo', {}, limits, systemClock)).toMatchObject({
      name: 'secrets-store.csi.k8s.io',
      vendorVersion: '1.2.3',
    });
    expect(await callUnary(harness.identity, 'probe', {}, limits, systemClock)).toEqual({ ready: { value: true } });
    expect(await callUnary(harness.node, 'nodeGetInfo', {}, limits, systemClock)).toMatchObject({ nodeId: 'node-1' });
    expect(await callUnary(harness.node, 'nodeGetCapabilities', {}, limits, systemClock)).toEqual({
      capabilities: [{ type: { $case: 'rpc', value: { type: 1 } } }, { type: { $case: 'rpc', value: { type: 6 } } }],
    });
  });
});

describe('logs', () => {
  it('hold no token and no secret, whether a publish succeeds or fails', async () => {
    await using harness = await startHarness();
    const change = { context: { 'csi.storage.k8s.io/serviceAccount.tokens': 'a-token' }, secrets: { s: 'a-secret' } };
    await harness.publish(change);
    harness.answer = failing;
    await harness.nextChecks();
    harness.answer = () => ({
      ...filesOf({ a: 'hunter3' }),
      files: [{ path: '/a', mode: 0, contents: new Secret(Buffer.from('hunter3')) }],
    });
    await harness.nextChecks();
    const text = JSON.stringify(harness.log.lines) + JSON.stringify(harness.events);
    expect(text).toContain('AADSTS700213');
    expect(text).not.toMatch(/a-token|a-secret|hunter/);
  });
});

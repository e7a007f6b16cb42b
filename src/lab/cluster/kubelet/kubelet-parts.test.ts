import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { KeyferryError, Secret, systemClock, toKeyferryError } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import type { Container, Pod, SecretObject, Volume } from '#kube';
import { createFakeClock } from '../../../base/testing/index.ts';
import { NodeClient } from '../../../gen/csi/v1/csi.ts';
import { writeVolumeFiles } from './atomic-writer.ts';
import { resolveSubPath } from './container-spec.ts';
import { buildPublishRequest, rpcErrorText, volumeHandle } from './csi-request.ts';
import { formatMap, resourceFieldValue } from './downward.ts';
import { buildEnvironment, expandVariables } from './environment.ts';
import { readContainerLog } from './log-reader.ts';
import { formatLogEntry } from '../runtime/index.ts';
import { computePodStatus, type ContainerFacts } from './pod-status.ts';
import { createCrashLoop, shouldRestart } from './restart-policy.ts';
import { buildVolumeFiles } from './volume-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyferry-kubelet-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pod = (spec: object = {}): Pod =>
  ({
    metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { a: 'b' } },
    spec: { containers: [], ...spec },
  }) as Pod;
const secretOf = (data: Record<string, string>): SecretObject =>
  ({
    data: Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v).toString('base64')])),
  }) as SecretObject;
const sources = {
  secret: (name: string) => Promise.resolve(name === 's' ? secretOf({ k: 'v', 'd.ot': 'w', '0': 'x' }) : undefined),
  configMap: (name: string) => Promise.resolve(name === 'm' ? { data: { k: 'mv' } } : undefined),
  token: () => Promise.resolve({ token: new Secret('jwt'), expirationTimestamp: '', refreshAtMs: 99 }),
  node: { nodeIp: '127.0.0.1' },
  nodeResources: { cpu: 2, memory: 4096 },
  defaults: { HOME: '/root' },
};

describe('variables in commands and values', () => {
  const values: Record<string, string> = { A: 'a', B: '$(A)' };
  it.each([
    ['x', 'x'],
    ['$(A)$(B)', 'a$(A)'],
    ['$$(A)', '$(A)'],
    ['$(NO)', '$(NO)'],
    ['$A $( $', '$A $( $'],
    ['$$$(A)', '$a'],
  ])('%s becomes %s', (text, result) => {
    expect(expandVariables(text, (name) => values[name])).toBe(result);
  });
});

describe('the environment of a container', () => {
  const build = (env: object[], more: object = {}) =>
    buildEnvironment(pod(), { name: 'c', env, ...more } as unknown as Container, sources);
  const ref = (kind: string, fields: object) => ({ name: 'X', valueFrom: { [kind]: fields } });

  it.each([
    ['a value', { name: 'X', value: '1-$(HOME)' }, '1-/root'],
    ['a secret', ref('secretKeyRef', { name: 's', key: 'k' }), 'v'],
    ['a config map', ref('configMapKeyRef', { name: 'm', key: 'k' }), 'mv'],
    ['a field', ref('fieldRef', { fieldPath: "metadata.labels['a']" }), 'b'],
    ['an optional secret that is missing', ref('secretKeyRef', { name: 'no', key: 'k', optional: true }), undefined],
    ['an optional key that is missing', ref('secretKeyRef', { name: 's', key: 'no', optional: true }), undefined],
  ])('has %s', async (_name, entry, value) => {
    expect((await build([entry])).find(({ name }) => name === 'X')?.value).toBe(value);
  });

  it.each([
    ['secretKeyRef', { name: 'foosecret', key: 'k' }, 'secret "foosecret" not found'],
    ['secretKeyRef', { name: 's', key: 'x' }, "couldn't find key x in Secret ns/s"],
    ['configMapKeyRef', { name: 'no', key: 'k' }, 'configmap "no" not found'],
    ['configMapKeyRef', { name: 'm', key: 'x' }, "couldn't find key x in ConfigMap ns/m"],
  ])('waits for a missing %s %j', async (kind, fields, message) => {
    await expect(build([ref(kind, fields)])).rejects.toThrow(message);
  });

  it('takes all keys that can be names from envFrom, under those of env', async () => {
    const envFrom = [{ secretRef: { name: 's' } }, { prefix: 'P_', configMapRef: { name: 'm' } }];
    const all = await build([{ name: 'k', value: 'own' }], { envFrom });
    expect(Object.fromEntries(all.map(({ name, value }) => [name, value]))).toEqual({
      HOME: '/root',
      k: 'own',
      'd.ot': 'w',
      P_k: 'mv',
    });
  });
});

describe('resources', () => {
  it.each([
    [{ resource: 'limits.cpu' }, '1'],
    [{ resource: 'limits.cpu', divisor: '1m' }, '500'],
    [{ resource: 'limits.memory', divisor: '1Ki' }, '4'],
    [{ resource: 'requests.memory' }, '0'],
  ])('give a resource field its value: %j', (ref, value) => {
    expect(resourceFieldValue({ limits: { cpu: '500m' } }, ref, { cpu: 2, memory: 4096 })).toBe(value);
  });

  it('leave labels as quoted lines', () => {
    expect(formatMap({ b: 'x"y', a: '1' })).toBe('a="1"\nb="x\\"y"');
  });
});

describe('a CSI request', () => {
  const volume = {
    name: 'v',
    csi: { driver: 'd', volumeAttributes: { 'csi.storage.k8s.io/pod.name': 'forged', a: '1' } },
  };
  const driver = (spec: object) => ({ apiVersion: '', kind: '', metadata: {}, spec });
  const tokens = { aud: { token: 't', expirationTimestamp: 'e' } };
  const build = (spec: object) =>
    buildPublishRequest({
      pod: pod(),
      volume,
      driver: driver(spec),
      targetPath: '/t',
      tokens,
      publishSecret: { s: '1' },
    });

  it('lets nobody forge what kubelet says of the pod', () => {
    expect(build({ podInfoOnMount: true }).volumeContext).toMatchObject({ 'csi.storage.k8s.io/pod.name': 'p', a: '1' });
  });

  it('carries tokens in the context, or in the secrets where the driver asks for that', () => {
    const key = 'csi.storage.k8s.io/serviceAccount.tokens';
    const [old, modern] = [build({}), build({ serviceAccountTokenInSecrets: true })];
    expect([old.volumeContext[key], old.secrets]).toEqual([JSON.stringify(tokens), { s: '1' }]);
    expect([modern.volumeContext[key], modern.secrets]).toEqual([undefined, { s: '1', [key]: JSON.stringify(tokens) }]);
  });

  it('has an id that depends on pod and volume only', () => {
    expect(volumeHandle('u', 'v')).toMatch(/^csi-[0-9a-f]{64}$/);
    expect(volumeHandle('u', 'v')).not.toBe(volumeHandle('u', 'w'));
  });

  it.each([
    ['invalid-input', 'InvalidArgument'],
    ['unsupported', 'Unimplemented'],
    ['deadline-exceeded', 'DeadlineExceeded'],
  ] as const)('that fails with %s reads %s', (code, name) => {
    expect(rpcErrorText(new KeyferryError(code, 'why'))).toBe(`rpc error: code = ${name} desc = why`);
  });

  const failureOf = async (socket: string): Promise<string> => {
    const client = createGrpcClient(NodeClient, socket);
    try {
      await callUnary(client, 'nodeGetInfo', {}, { timeoutMs: 10_000 }, systemClock);
      return 'it did not fail';
    } catch (error) {
      return rpcErrorText(toKeyferryError(error));
    } finally {
      client.close();
    }
  };

  // The words of grpc-go, as kubelet's events have them.
  it('to a driver that has ended reads as in Kubernetes', async () => {
    const socket = join(folder, 'csi.sock');
    const dialing = `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${socket}: connect: `;
    expect(await failureOf(socket)).toBe(`${dialing}no such file or directory"`);

    const dropped = new KeyferryError('unavailable', 'Connection dropped');
    expect(rpcErrorText(dropped)).toBe('rpc error: code = Unavailable desc = error reading from server: EOF');
  });
});

describe('the files of a volume', () => {
  const build = async (volume: object) => {
    const { files, refreshAtMs } = await buildVolumeFiles(pod(), { name: 'v', ...volume } as Volume, sources);
    return { files: [...files].map(([path, f]) => [path, f.content.toString(), f.mode]), refreshAtMs };
  };

  it.each([
    [{ secret: { secretName: 's', items: [{ key: 'k', path: 'a/b', mode: 0o400 }] } }, [['a/b', 'v', 0o400]]],
    [{ configMap: { name: 'm', defaultMode: 0o600 } }, [['k', 'mv', 0o600]]],
    [{ configMap: { name: 'no', optional: true } }, []],
    [{ downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } }, [['l', 'a="b"', 0o644]]],
    [{ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }, [['t', 'jwt', 0o644]]],
  ])('%j are %j', async (volume, files) => {
    expect((await build(volume)).files).toEqual(files);
  });

  it('with a token are due when the token is', async () => {
    const { refreshAtMs } = await build({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } });
    expect(refreshAtMs).toBe(99);
  });

  it.each([
    [{ secret: { secretName: 'no' } }, 'secret "no" not found'],
    [{ configMap: { name: 'no' } }, 'configmap "no" not found'],
    [{ secret: { secretName: 's', items: [{ key: 'x', path: 'x' }] } }, 'references non-existent secret key: x'],
  ])('%j cannot be had: %s', async (volume, message) => {
    await expect(build(volume)).rejects.toThrow(message);
  });

  it.each(['../x', '..', '..data', '/x', 'a/../../x', 'a/..', ''])('are not written at %j', async (path) => {
    const target = mkdtempSync(join(folder, 'v'));
    const files = new Map([
      ['good', { content: Buffer.from('x'), mode: 0o644 }],
      [path, { content: Buffer.from('x'), mode: 0o644 }],
    ]);
    await expect(writeVolumeFiles(target, files, { clock: createFakeClock() })).rejects.toThrow('invalid path');
    expect(readdirSync(target)).toEqual([]);
  });

  it('are swapped all at once, and not at all when nothing changed', async () => {
    const target = mkdtempSync(join(folder, 'v'));
    const clock = createFakeClock();
    const files = (content: string, name = 'a') => new Map([[name, { content: Buffer.from(content), mode: 0o640 }]]);
    expect(await writeVolumeFiles(target, files('1'), { clock })).toBe(true);
    const before = readlinkSync(join(target, '..data'));
    expect(await writeVolumeFiles(target, files('1'), { clock })).toBe(false);
    expect(readlinkSync(join(target, '..data'))).toBe(before);
    await writeVolumeFiles(target, files('2', 'b/c'), { clock });
    expect(readFileSync(join(target, 'b/c'), 'utf8')).toBe('2');
    expect(statSync(join(target, 'b/c')).mode & 0o777).toBe(0o640);
    expect(readdirSync(target).sort()).toEqual(['..data', readlinkSync(join(target, '..data')), 'b'].sort());
  });
});

describe('a subPath', () => {
  it('is made when it does not exist, and never leads out of its volume', async () => {
    const base = mkdtempSync(join(folder, 's'));
    mkdirSync(join(base, 'in'));
    symlinkSync('/etc', join(base, 'out'));
    expect(await resolveSubPath(base, 'new/deep')).toBe(join(base, 'new/deep'));
    for (const path of ['..', '../x', '/etc', 'out', 'in/../../x']) {
      await expect(resolveSubPath(base, path), path).rejects.toThrow('subPath');
    }
  });

  it('makes no folder where a link of the volume leads', async () => {
    const base = mkdtempSync(join(folder, 's'));
    const outside = mkdtempSync(join(folder, 'outside'));
    symlinkSync(outside, join(base, 'out'));
    symlinkSync('nowhere', join(base, 'dangling'));
    symlinkSync(join(outside, 'new'), join(base, 'dangling-out'));
    mkdirSync(join(base, 'in'));
    symlinkSync('in', join(base, 'within'));
    for (const path of ['out/new', 'out/new/deep', 'dangling', 'dangling-out', 'dangling-out/deep']) {
      await expect(resolveSubPath(base, path), path).rejects.toThrow('subPath');
    }
    expect(readdirSync(outside)).toEqual([]);
    expect(await resolveSubPath(base, 'within/new')).toBe(join(base, 'in/new'));
  });
});

describe('restarts', () => {
  it.each([
    ['main', 'Always', 0, true],
    ['main', 'OnFailure', 0, false],
    ['main', 'OnFailure', 1, true],
    ['main', 'Never', 1, false],
    ['init', 'Always', 0, false],
    ['init', 'Always', 1, true],
    ['init', 'Never', 1, false],
    ['sidecar', 'Never', 0, true],
  ] as const)('of a %s container under %s after %d: %s', (kind, policy, code, again) => {
    expect(shouldRestart(kind, policy, code)).toBe(again);
  });

  it('pause longer and longer up to five minutes, and are forgiven after ten good ones', () => {
    const loop = createCrashLoop();
    const crash = (ranMs = 1000) => loop.ended({ startedAtMs: 0, finishedAtMs: ranMs }) / 1000;
    expect(Array.from({ length: 8 }, () => crash())).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
    expect([crash(600_000), crash()]).toEqual([0, 10]);
  });
});

describe('the status of a pod', () => {
  const end = (exitCode: number) =>
    ({ is: 'terminated', exitCode, reason: 'x', startedAtMs: 0, finishedAtMs: 0 }) as ContainerFacts['state'];
  const on: ContainerFacts['state'] = { is: 'running', startedAtMs: 0, started: true, ready: true };
  const wait: ContainerFacts['state'] = { is: 'waiting', reason: 'ContainerCreating' };
  const facts = (kind: ContainerFacts['kind'], state: ContainerFacts['state'], hasLast = false): ContainerFacts => ({
    name: `${kind}1`,
    image: 'i',
    kind,
    restartCount: 0,
    containerId: undefined,
    state,
    last: hasLast
      ? {
          exitCode: 1,
          reason: 'Error',
          startedAtMs: 0,
          finishedAtMs: 0,
        }
      : undefined,
  });
  const status = (restartPolicy: string, ...containers: ContainerFacts[]) =>
    computePodStatus({
      pod: pod({ restartPolicy }),
      containers,
      volumesReady: true,
      startTimeMs: 0,
      nowMs: 0,
      hostIp: '1',
    });

  it.each([
    ['Pending', 'Always', [facts('main', wait)]],
    ['Running', 'Always', [facts('main', on)]],
    ['Running', 'Always', [facts('main', wait, true)]],
    ['Running', 'Always', [facts('main', end(1))]],
    ['Succeeded', 'Never', [facts('main', end(0))]],
    ['Failed', 'Never', [facts('main', end(1)), facts('main', end(0))]],
    ['Running', 'Never', [facts('main', end(1)), facts('main', on)]],
    ['Running', 'OnFailure', [facts('main', end(1))]],
    ['Pending', 'Always', [facts('init', on), facts('main', wait)]],
    ['Failed', 'Never', [facts('init', end(1)), facts('main', wait)]],
    ['Running', 'Always', [facts('sidecar', on), facts('main', on)]],
    ['Running', 'Never', [facts('sidecar', on), facts('main', end(0))]],
    ['Succeeded', 'Never', [facts('sidecar', end(137)), facts('main', end(0))]],
  ] as const)('is %s under %s with %j', (phase, policy, containers) => {
    expect(status(policy, ...containers).phase).toBe(phase);
  });

  it.each([
    ['none before its volumes are set up', {}, false, wait, undefined],
    ['one when they are', {}, true, wait, '1'],
    ['one while a container runs', {}, false, on, '1'],
    ['the one of the node at once on its network', { hostNetwork: true }, false, wait, '1'],
  ] as const)('has an address: %s', (_what, spec, volumesReady, state, address) => {
    const containers = [facts('main', state)];
    const { podIP, podIPs } = computePodStatus({
      pod: pod(spec),
      containers,
      volumesReady,
      startTimeMs: 0,
      nowMs: 0,
      hostIp: '1',
    });
    expect([podIP, podIPs]).toEqual([address, address && [{ ip: address }]]);
  });

  it('tells of which generation it is, how volumes are mounted, and what a container that was made has', () => {
    const resources = { limits: { cpu: '2' }, requests: { cpu: '1' } };
    const volumeMounts = [
      { name: 'v', mountPath: '/v' },
      { name: 's', mountPath: '/s', readOnly: true },
    ];
    const spec = { containers: [{ name: 'main1', image: 'i', resources, volumeMounts }] };
    const { metadata, ...rest } = pod(spec);
    const made = computePodStatus({
      pod: { ...rest, metadata: { ...metadata, generation: 3 } },
      containers: [{ ...facts('main', on), containerId: 'lab://1' }],
      volumesReady: true,
      startTimeMs: 0,
      nowMs: 0,
      hostIp: '1',
    });
    expect(made).toMatchObject({ observedGeneration: 3 });
    expect(made.conditions?.[0]).toMatchObject({ observedGeneration: 3 });
    expect(made.containerStatuses?.[0]).toMatchObject({
      resources,
      allocatedResources: { cpu: '1' },
      volumeMounts: [volumeMounts[0], { ...volumeMounts[1], recursiveReadOnly: 'Disabled' }],
    });
  });

  it('says nothing of the conditions of others, which it may know from before', () => {
    const scheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' };
    const stale = { ...pod({}), status: { conditions: [scheduled, { type: 'DisruptionTarget', status: 'True' }] } };
    const { conditions } = computePodStatus({
      pod: stale,
      containers: [facts('main', on)],
      volumesReady: true,
      startTimeMs: 0,
      nowMs: 0,
      hostIp: '1',
    });
    const own = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'];
    expect(conditions?.map(({ type }) => type)).toEqual(own);
  });

  it('stays initialized when a sidecar ends after the containers have begun', () => {
    const initialized = (main: ContainerFacts) =>
      status('Never', facts('sidecar', end(137)), main).conditions?.find(({ type }) => type === 'Initialized')?.status;
    expect(initialized(facts('main', wait))).toBe('False');
    expect(initialized(facts('main', end(0)))).toBe('True');
  });

  it('is Ready when all containers are, with the names of those that are not', () => {
    const ready = (...containers: ContainerFacts[]) =>
      status('Always', ...containers).conditions?.find(({ type }) => type === 'Ready');
    expect(ready(facts('main', on))?.status).toBe('True');
    expect(ready(facts('main', on), { ...facts('main', wait), name: 'slow' })).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [slow]',
    });
  });
});

describe('a log that is read', () => {
  const path = join(folder, 'log');
  const at = (second: number, text: string, partial = false) =>
    formatLogEntry(second * 1000, 'stdout', Buffer.from(text), partial);
  writeFileSync(path, Buffer.concat([at(1, 'one'), at(2, 'tw', true), at(2, 'o'), at(3, 'three', true)]));
  const read = async (options: object) => {
    let text = '';
    const common = { signal: new AbortController().signal, clock: createFakeClock(4000), isOver: () => true };
    for await (const chunk of readContainerLog(path, { ...common, ...options })) text += String(chunk);
    return text;
  };

  it.each([
    [{}, 'one\ntwo\nthree'],
    [{ follow: true }, 'one\ntwo\nthree'],
    [{ tailLines: 2 }, 'two\nthree'],
    [{ tailLines: 0 }, ''],
    [{ tailLines: 9 }, 'one\ntwo\nthree'],
    [{ sinceSeconds: 1 }, 'three'],
    [{ sinceTime: '1970-01-01T00:00:02Z' }, 'two\nthree'],
    [{ limitBytes: 5 }, 'one\nt'],
    [{ timestamps: true, tailLines: 2 }, '1970-01-01T00:00:02.000000000Z two\n1970-01-01T00:00:03.000000000Z three'],
  ])('with %j is %j', async (options, text) => {
    expect(await read(options)).toBe(text);
  });

  it('is followed into the file that is begun after it', async () => {
    const grows = join(folder, 'grows');
    writeFileSync(grows, at(1, 'one'));
    let isOver = false;
    const options = { follow: true, clock: systemClock, signal: new AbortController().signal, isOver: () => isOver };
    let text = '';
    const reader = (async () => {
      for await (const chunk of readContainerLog(grows, options)) text += String(chunk);
    })();
    await expect.poll(() => text).toBe('one\n');
    appendFileSync(grows, at(2, 'two'));
    renameSync(grows, `${grows}.1`);
    writeFileSync(grows, at(3, 'three'));
    await expect.poll(() => text).toBe('one\ntwo\nthree\n');
    isOver = true;
    appendFileSync(grows, at(4, 'four'));
    await reader;
    expect(text).toBe('one\ntwo\nthree\nfour\n');
  });
});

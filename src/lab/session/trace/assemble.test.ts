import { describe, expect, it } from 'vitest';
import type { Event, Pod } from '#kube';
import type { AuditRecord } from '#lab/cloud';
import { assembleTrace, type TraceRecords } from './assemble.ts';
import { parseVolumeLines } from './node-log.ts';

const time = (second: number) => `2026-01-01T10:00:${String(second).padStart(2, '0')}.000Z`;
const targetOf = (pod: string) => `/k/pods/uid-${pod}/volumes/kubernetes.io~csi/secrets/mount`;

const podOf = (name: string, status: Pod['status'] = {}, volumes = [csiVolume()]): Pod => ({
  metadata: { namespace: 'shop', name, uid: `uid-${name}`, creationTimestamp: time(0) },
  spec: { serviceAccountName: 'reader', containers: [], volumes },
  status: { phase: 'Pending', ...status },
});

function csiVolume() {
  return {
    name: 'secrets',
    csi: { driver: 'secrets-store.csi.k8s.io', volumeAttributes: { secretProviderClass: 'db' } },
  };
}

const READY: Pod['status'] = {
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time(9) }],
};

const asked = (pod: string, second: number, changes: object = {}) => ({
  msg: 'Objects of a volume asked for',
  time: time(second),
  namespace: 'shop',
  pod,
  targetPath: targetOf(pod),
  vault: 'https://kv.vault.azure.net',
  clientId: 'client',
  assertion: { issuer: 'https://i/', subject: 's', audience: 'a', issuedAt: time(0), expiresAt: time(59) },
  token: { how: 'fetched', at: time(second), tookMs: 20, correlationId: `exchange-${pod}` },
  objects: [
    { id: 'secret/one', version: 'v1', how: 'fetched', at: time(second), tookMs: 5, correlationId: `read-${pod}` },
  ],
  ...changes,
});

const published = (pod: string, second: number, msg: string, changes: object = {}) => ({
  msg,
  time: time(second),
  namespace: 'shop',
  pod,
  podUid: `uid-${pod}`,
  class: 'db',
  targetPath: targetOf(pod),
  tookMs: 40,
  ...changes,
});

const files = { files: [{ path: 'one', mode: '0644', sizeBytes: 7 }], steps: { write: 3 } };

const request = (correlationId: string, changes: Partial<AuditRecord> = {}): AuditRecord => ({
  time: time(1),
  service: 'keyvault',
  operation: 'SecretGet',
  method: 'GET',
  host: 'kv.vault.azure.net',
  path: '/secrets/one',
  status: 200,
  result: 'Success',
  durationMs: 1,
  correlationId,
  ...changes,
});

const trace = (pod: Pod, lines: readonly object[], more: Partial<TraceRecords> = {}) =>
  assembleTrace({
    cluster: 'c',
    pod,
    events: [],
    drivers: [],
    lines: parseVolumeLines(lines.map((line) => JSON.stringify(line)).join('\n')),
    audit: [],
    ...more,
  });

describe('the trace of a pod that has its secrets', () => {
  it('has every hop, with what Azure’s audit log says of it', () => {
    const secrets = { secrets: { names: ['db'], state: 'synced' } };
    const found = trace(
      podOf('a', READY),
      [asked('a', 1), published('a', 2, 'Volume mounted', { ...files, ...secrets })],
      {
        audit: [
          request('exchange-a', {
            service: 'entra',
            identity: { objectId: 'o', name: 'workload' },
            details: { federatedCredential: 'cred' },
          }),
          request('read-a', { details: { allowedBy: 'access policy of object o' } }),
        ],
      },
    );
    expect(found).toMatchObject({ ready: true, readyAt: time(9), serviceAccount: 'reader' });
    expect(found.end).toBeUndefined();
    expect(found.volumes).toMatchObject([{ volume: 'secrets', className: 'db', attempts: [{ outcome: 'mounted' }] }]);
    expect(found.volumes[0]?.attempts[0]?.hops).toMatchObject([
      { hop: 'token', at: time(0), issuer: 'https://i/', subject: 's', audience: 'a', expiresAt: time(59) },
      { hop: 'exchange', at: time(1), how: 'fetched', identity: 'workload', credential: 'cred', result: 'Success' },
      { hop: 'read', how: 'fetched', object: 'secret/one', version: 'v1', allowedBy: 'access policy of object o' },
      { hop: 'files', at: time(2), tookMs: 3, files: [{ path: 'one', mode: '0644', sizeBytes: 7 }] },
      { hop: 'secrets', names: ['db'], synced: true },
    ]);
  });

  it('names the pod that a shared answer was asked for, and how long before', () => {
    const kept = {
      token: { how: 'kept', at: time(1), correlationId: 'exchange-a' },
      objects: [{ id: 'secret/one', version: 'v1', how: 'kept', at: time(1), correlationId: 'read-a' }],
    };
    const found = trace(podOf('b', READY), [
      asked('a', 1),
      published('a', 2, 'Volume mounted'),
      asked('b', 5, kept),
      published('b', 6, 'Volume mounted'),
    ]);
    const askedFor = { pod: 'shop/a', secondsBefore: 4 };
    expect(found.volumes[0]?.attempts[0]?.hops).toMatchObject([
      { hop: 'token' },
      { hop: 'exchange', how: 'kept', askedFor },
      { hop: 'read', how: 'kept', askedFor },
    ]);
  });

  it('names the pod that asked also when another pod that shared the answer was done first', () => {
    const shared = { token: { how: 'shared', at: time(1), correlationId: 'exchange-a' }, objects: [] };
    const found = trace(podOf('c', READY), [
      asked('b', 2, shared),
      asked('a', 3),
      asked('c', 4, shared),
      published('c', 5, 'Volume mounted'),
    ]);
    expect(found.volumes[0]?.attempts[0]?.hops).toMatchObject([
      { hop: 'token' },
      { hop: 'exchange', how: 'shared', askedFor: { pod: 'shop/a' } },
    ]);
  });

  it('has no hop of an earlier attempt in one that ended before the provider was asked', () => {
    const found = trace(podOf('a', READY), [
      asked('a', 1),
      published('a', 2, 'Volume mounted'),
      published('a', 10, 'Refresh failed, the volume keeps its files', {
        errorType: 'SecretProviderClassNotFound',
        error: 'no such class',
      }),
    ]);
    expect(found.volumes[0]?.attempts.map(({ outcome, hops }) => [outcome, hops.map(({ hop }) => hop)])).toEqual([
      ['mounted', ['token', 'exchange', 'read']],
      ['kept', []],
    ]);
  });

  it('tells refreshes that found nothing new as one, and one that did apart', () => {
    const found = trace(podOf('a', READY), [
      published('a', 1, 'Volume mounted', files),
      published('a', 10, 'Volume is up to date', files),
      published('a', 20, 'Volume is up to date', files),
      published('a', 30, 'Volume has new content', files),
      published('a', 40, 'Volume has new content', files),
    ]);
    expect(found.volumes[0]?.attempts.map(({ outcome, times, firstAt, at }) => [outcome, times, firstAt, at])).toEqual([
      ['mounted', 1, time(1), time(1)],
      ['unchanged', 2, time(10), time(20)],
      ['changed', 1, time(30), time(30)],
      ['changed', 1, time(40), time(40)],
    ]);
  });

  it('does not take an earlier pod of its name, or another volume, for it', () => {
    const other = { targetPath: targetOf('a').replace('/secrets/', '/other/') };
    const old = { targetPath: targetOf('old') };
    const lines = [other, old].map((place) => published('a', 1, 'Volume mounted', place));
    expect(trace(podOf('a', READY), lines).volumes[0]?.attempts).toEqual([]);
  });
});

describe('the end of a way', () => {
  const refused = (error: object) =>
    published('a', 2, 'Volume not mounted', { errorType: 'GRPCProviderError', ...error });

  it.each([
    [
      'the exchange at Entra ID',
      { objects: [{ id: 'secret/one', failed: 'AADSTS700213', hint: 'set the subject' }] },
      'failed to mount objects, error: one: AADSTS700213: no match (set the subject)',
      { why: 'one: AADSTS700213: no match', mend: 'Set the subject' },
    ],
    [
      'the read from https://kv.vault.azure.net',
      { objects: [{ id: 'secret/one', failed: 'Forbidden', how: 'fetched', at: time(1), correlationId: 'read-a' }] },
      'Forbidden: no',
      { why: 'Forbidden: no' },
    ],
  ])('is %s', (where, changes, error, told) => {
    const found = trace(podOf('a'), [asked('a', 1, changes), refused({ error })]);
    expect(found.end).toEqual({ at: time(2), where, ...told });
  });

  it('has why the vault refused, as its audit log has it', () => {
    const objects = [{ id: 'secret/one', failed: 'Forbidden', how: 'fetched', at: time(1), correlationId: 'read-a' }];
    const found = trace(podOf('a'), [asked('a', 1, { objects }), refused({ error: 'no' })], {
      audit: [
        request('read-a', {
          status: 403,
          result: 'Forbidden/ForbiddenByPolicy',
          details: { refusedBy: 'nobody' },
          fault: 'f1',
        }),
      ],
    });
    expect(found.volumes[0]?.attempts[0]?.hops.at(-1)).toMatchObject({
      hop: 'read',
      status: 403,
      result: 'Forbidden/ForbiddenByPolicy',
      refusedBy: 'nobody',
      fault: 'f1',
    });
  });

  it('of equal failures is told once, with their number', () => {
    const again = { ...refused({ error: 'no' }), time: time(8) };
    const found = trace(podOf('a'), [refused({ error: 'no' }), again]);
    expect(found.volumes[0]?.attempts).toMatchObject([{ outcome: 'refused', times: 2, firstAt: time(2), at: time(8) }]);
  });

  it('is the class where the driver found none', () => {
    const line = published('a', 2, 'Volume not mounted', {
      errorType: 'SecretProviderClassNotFound',
      error: 'not found',
      hint: 'Create it.',
    });
    expect(trace(podOf('a'), [line]).end).toMatchObject({ where: 'the SecretProviderClass', mend: 'Create it.' });
  });

  const event = (reason: string, message: string): Event =>
    ({ type: 'Warning', reason, message, lastTimestamp: time(3) }) as unknown as Event;

  it.each([
    [
      'the kubelet: no driver',
      event('FailedMount', 'driver name secrets-store.csi.k8s.io not found in the list of registered CSI drivers'),
    ],
    ['the kubelet: the volume', event('FailedMount', 'configmap "x" not found')],
    ['the scheduler', event('FailedScheduling', '0/1 nodes are available')],
    ['Evicted', event('Evicted', 'gone')],
  ])('is %s, by the pod’s events, before the driver is asked', (where, warning) => {
    expect(trace(podOf('a'), [], { events: [warning] }).end).toMatchObject({ where, at: time(3) });
  });

  const noDriver = event('FailedMount', 'driver name x not found in the list of registered CSI drivers');
  const dead = event('FailedMount', 'rpc error: desc = "transport: Error while dialing: dial unix /csi.sock: connect"');
  const crashing = {
    metadata: { namespace: 'kube-system', name: 'driver-1' },
    status: { containerStatuses: [{ ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
  } as unknown as Pod;

  it.each([
    ['that is not installed', noDriver, [], /enable-addons .* or install the chart/],
    ['whose pod ends again and again', noDriver, [crashing], /kube-system\/driver-1 is not ready \(CrashLoopBackOff\)/],
    ['that does not answer', dead, [crashing], /kubectl logs -n kube-system driver-1/],
    [
      'without its CSIDriver',
      event('FailedMount', 'not supported by driver x (no CSIDriver object)'),
      [],
      /helm upgrade/,
    ],
  ])('says what to do about a driver %s', (_what, warning, drivers, mend) => {
    expect(trace(podOf('a'), [], { events: [warning], drivers }).end?.mend).toMatch(mend);
  });

  it('is the container, where that waits for another Secret', () => {
    const waiting = { reason: 'CreateContainerConfigError', message: 'secret "db" not found' };
    const pod = podOf('a', {
      phase: 'Pending',
      containerStatuses: [{ state: { waiting } }],
    } as unknown as Pod['status']);
    expect(trace(pod, [published('a', 1, 'Volume mounted')]).end).toMatchObject({
      where: 'the container: its environment',
      why: 'secret "db" not found',
    });
  });

  it('is the pod that has no such volume', () => {
    expect(trace(podOf('a', {}, []), []).end).toMatchObject({ where: 'the pod' });
  });

  it('is that of the last refresh for a pod that has its files, until one succeeds', () => {
    const kept = published('a', 5, 'Refresh failed, the volume keeps its files', {
      errorType: 'GRPCProviderError',
      error: 'failed to get one: disabled (enable it)',
    });
    const failing = asked('a', 4, {
      objects: [{ id: 'secret/one', failed: 'Forbidden', hint: 'enable it', how: 'fetched', at: time(4) }],
    });
    const lines = [published('a', 1, 'Volume mounted'), failing, kept];
    expect(trace(podOf('a', READY), lines).end).toEqual({
      at: time(5),
      where: 'the read from https://kv.vault.azure.net',
      why: 'failed to get one: disabled',
      mend: 'Enable it',
    });
    const well = published('a', 8, 'Volume is up to date');
    expect(trace(podOf('a', READY), [...lines, well]).end).toBeUndefined();
  });

  it('has what the provider says of a request that the audit log does not have', () => {
    const never = { id: 'secret/one', failed: 'Throttled', how: 'fetched', at: time(1) };
    const found = trace(podOf('a'), [asked('a', 1, { objects: [never] }), refused({ error: 'left alone' })]);
    const [, exchange, read] = found.volumes[0]?.attempts[0]?.hops ?? [];
    expect(exchange).not.toHaveProperty('failed');
    expect(read).toMatchObject({ hop: 'read', failed: 'Throttled' });
    const tokenless = [{ id: 'secret/one', failed: 'deadline-exceeded' }];
    const stuck = trace(podOf('a'), [asked('a', 1, { objects: tokenless }), refused({ error: 'no answer' })]);
    expect(stuck.volumes[0]?.attempts[0]?.hops).toMatchObject([
      { hop: 'token' },
      { hop: 'exchange', failed: 'deadline-exceeded' },
    ]);
  });

  it('is not told while nothing stands in the way', () => {
    expect(trace(podOf('a'), []).end).toBeUndefined();
  });
});

describe('the log of a node process', () => {
  it('is read past lines that are cut, foreign or of another form', () => {
    const text = ['{"targetPath":', '"targetPath"', '{"msg":"Volume mounted","targetPath":1}', 'x'].join('\n');
    expect(parseVolumeLines(text)).toEqual({ fetched: [], published: [] });
  });
});

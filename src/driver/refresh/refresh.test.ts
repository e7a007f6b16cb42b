import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { RESOURCES, type KubeObject } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { filesOf, POD, startHarness, type DriverHarness } from '../testing/harness.ts';

const REFRESH = 'secrets-store.csi.k8s.io/refresh';
const INTERVAL = 'secrets-store.csi.k8s.io/rotation-poll-interval';
const TOKENS = 'csi.storage.k8s.io/serviceAccount.tokens';
const HOUR_MS = 3_600_000;

const read = (harness: DriverHarness, path: string) => readFileSync(join(harness.target, path), 'utf8');
const failing = (text: string) => () => Promise.reject(new KeyferryError('unknown', text));
const reasons = (harness: DriverHarness) => harness.events.map(({ reason }) => reason);

/** A service account token that lives so long, as kubelet passes it. */
const tokens = (harness: DriverHarness, livesMs: number) => ({
  context: {
    [TOKENS]: JSON.stringify({
      'api://AzureADTokenExchange': {
        token: 'a-token',
        expirationTimestamp: new Date(harness.clock.now() + livesMs).toISOString(),
      },
    }),
  },
});

/** Sets annotations and fields of the class or the pod, as kubectl does. */
const edit = async (
  harness: DriverHarness,
  what: 'class' | 'pod',
  annotations: Record<string, string>,
  spec: Record<string, unknown> = {},
) => {
  const resource = what === 'class' ? SECRET_CLASS_RESOURCES.classes : RESOURCES.pods;
  const live = harness.kube.find(resource, { namespace: POD.namespace, name: what === 'class' ? 'db' : POD.name });
  if (live === undefined) throw new Error(`no ${what}`);
  const metadata = { ...live.metadata, annotations: { ...live.metadata.annotations, ...annotations } };
  harness.kube.put(resource, { ...live, metadata, spec: { ...(live['spec'] as object), ...spec } } as KubeObject);
  await harness.clock.advance(1);
  await harness.idle();
};

describe('a mounted volume', () => {
  it('is checked once an interval without any call of kubelet, with the versions that it holds', async () => {
    await using harness = await startHarness();
    await harness.publish();
    for (let check = 1; check <= 5; check += 1) {
      await harness.nextChecks();
      expect(harness.mounts).toHaveLength(1 + check);
    }
    expect([...(harness.mounts[5]?.currentVersions ?? [])]).toEqual([['secret/password', 'v1']]);
    expect(harness.events).toEqual([]);
  });

  it('gets new content in place, its pod status and one event', async () => {
    await using harness = await startHarness();
    await harness.publish();
    harness.answer = () => filesOf({ password: 'changed' }, 'v2');
    await harness.nextChecks();
    await harness.nextChecks();
    expect(read(harness, 'password')).toBe('changed');
    expect(harness.events).toEqual([
      {
        pod: 'shop/web-1',
        type: 'Normal',
        reason: 'MountRotationComplete',
        message: 'successfully rotated mounted contents for spc db',
      },
    ]);
    await harness.idle();
    const [status] = harness.kube.all(SECRET_CLASS_RESOURCES.podStatuses);
    expect(status?.['status']).toMatchObject({ objects: [{ id: 'secret/password', version: 'v2' }] });
  });

  it('costs the API server nothing while nothing changes', async () => {
    await using harness = await startHarness();
    await harness.publish();
    await harness.idle();
    const calls = harness.kube.calls.length;
    await harness.nextChecks();
    await harness.nextChecks();
    expect(harness.mounts).toHaveLength(3);
    expect(harness.kube.calls.slice(calls)).toEqual([]);
  });

  it('is not checked with a token that has expired, but at once when kubelet brings a new one', async () => {
    await using harness = await startHarness();
    await harness.publish(tokens(harness, 60_000));
    await harness.nextChecks();
    await harness.nextChecks();
    expect(harness.mounts).toHaveLength(1);
    await harness.publish(tokens(harness, HOUR_MS));
    expect(harness.mounts).toHaveLength(2);
    await harness.nextChecks();
    expect(harness.mounts).toHaveLength(3);
  });

  it('is checked with the newest token that kubelet brought', async () => {
    await using harness = await startHarness({ refreshIntervalMs: HOUR_MS });
    await harness.publish(tokens(harness, HOUR_MS));
    const newest = tokens(harness, 3 * HOUR_MS);
    await harness.publish(newest);
    expect(harness.mounts).toHaveLength(1);
    await harness.clock.advance(HOUR_MS);
    await harness.idle();
    expect(harness.mounts[1]?.attributes[TOKENS]).toBe(newest.context[TOKENS]);
  });

  it('is left alone once it is unpublished', async () => {
    await using harness = await startHarness();
    await harness.publish();
    await harness.unpublish();
    await harness.nextChecks();
    expect(harness.mounts).toHaveLength(1);
    expect(harness.mounter.mounted.size).toBe(0);
  });

  it('goes with its pod although the vault hangs in the middle of a check', async () => {
    await using harness = await startHarness();
    await harness.publish();
    let asked: () => void = () => undefined;
    const checking = new Promise<void>((resolve) => (asked = resolve));
    harness.answer = ({ signal }) =>
      new Promise((_resolve, reject) => {
        asked();
        signal.addEventListener('abort', () => reject(new KeyferryError('aborted', 'given up')));
      });
    await harness.clock.advance(120_000);
    await checking;
    await harness.unpublish();
    expect(harness.mounter.mounted.size).toBe(0);
    expect(harness.events).toEqual([]);
  });

  it('that somebody unmounted is not mounted again by the driver itself, but by the next publish', async () => {
    await using harness = await startHarness();
    await harness.publish();
    await harness.mounter.reboot();
    await harness.nextChecks();
    await harness.nextChecks();
    expect(harness.mounts).toHaveLength(1);
    await harness.publish();
    expect(read(harness, 'password')).toBe('hunter2');
  });
});

describe('a refresh that fails', () => {
  it('keeps the files, is one event a cause, one count each time, and is tried again with growing pauses', async () => {
    await using harness = await startHarness({ refreshIntervalMs: 24 * HOUR_MS });
    await harness.publish();
    harness.answer = failing('failed to mount objects, error: AADSTS700213: no match');
    await edit(harness, 'pod', { [REFRESH]: 'now' });
    const before = harness.mounts.length;
    for (let second = 0; second < 300; second += 10) {
      await harness.clock.advance(10_000);
      await harness.idle();
    }
    // after about 30, 60 and 120 s; a fixed pace of 30 s would make ten
    expect(harness.mounts.length - before).toBeGreaterThanOrEqual(3);
    expect(harness.mounts.length - before).toBeLessThanOrEqual(5);
    expect(read(harness, 'password')).toBe('hunter2');
    expect(harness.events).toMatchObject([
      { type: 'Warning', reason: 'MountRotationFailed', message: expect.stringContaining('AADSTS700213') },
    ]);
    expect(await harness.registry.metrics()).toContain(
      `rotation_reconcile_error_total{os_type="linux",provider="fake",error_type="GRPCProviderError",rotated="false"} ${harness.mounts.length - 1}`,
    );
  });

  it('is told again when its cause is another one, and after it was over', async () => {
    await using harness = await startHarness();
    await harness.publish();
    for (const text of ['vault down for 12 s', 'vault down for 30 s', 'no permission']) {
      harness.answer = failing(text);
      await harness.nextChecks();
    }
    expect(reasons(harness)).toEqual(['MountRotationFailed', 'MountRotationFailed']);
    harness.answer = () => filesOf({ password: 'hunter2' });
    await harness.nextChecks();
    harness.answer = failing('no permission');
    await harness.nextChecks();
    expect(reasons(harness).filter((reason) => reason === 'MountRotationFailed')).toHaveLength(3);
  });

  it('is told again while it lasts, before the API server forgets the event', async () => {
    await using harness = await startHarness();
    await harness.publish(tokens(harness, 10 * HOUR_MS));
    harness.answer = failing('no permission');
    await harness.nextChecks();
    await harness.clock.advance(3 * HOUR_MS);
    await harness.idle();
    for (let check = 0; check < 40; check += 1) await harness.nextChecks();
    const told = harness.events.length;
    expect(told).toBeGreaterThanOrEqual(2);
    expect(told).toBeLessThan(10);
  });

  it('is told to be over: by the change that it held back, or else in so many words, once', async () => {
    await using harness = await startHarness();
    await harness.publish();
    for (const answer of ['hunter2', 'changed']) {
      harness.answer = failing('no permission');
      await harness.nextChecks();
      harness.answer = () => filesOf({ password: answer });
      await harness.nextChecks();
      await harness.nextChecks();
    }
    expect(harness.events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Warning MountRotationFailed',
      'Normal MountRotationRecovered',
      'Warning MountRotationFailed',
      'Normal MountRotationComplete',
    ]);
  });

  it("has the service's request id in the log, and not in the event", async () => {
    await using harness = await startHarness();
    await harness.publish();
    harness.answer = () => Promise.reject(new KeyferryError('unknown', 'refused', { upstreamRequestId: 'request-1' }));
    await harness.nextChecks();
    expect(harness.log.lines.map(({ fields }) => fields?.['upstreamRequestId'])).toContain('request-1');
    expect(JSON.stringify(harness.events)).not.toContain('request-1');
  });

  it('for want of a token that lives is no failure', async () => {
    await using harness = await startHarness();
    await harness.publish(tokens(harness, 60_000));
    await harness.nextChecks();
    expect(harness.events).toEqual([]);
  });
});

describe('the refresh annotation', () => {
  it.each(['class', 'pod'] as const)('on the %s refreshes at once, and wants answers from then on', async (what) => {
    await using harness = await startHarness({ refreshIntervalMs: HOUR_MS });
    await harness.publish();
    harness.answer = () => filesOf({ password: 'changed' }, 'v2');
    await harness.clock.advance(60_000);
    const nowMs = harness.clock.monotonic();
    await edit(harness, what, { [REFRESH]: '1' });
    expect(read(harness, 'password')).toBe('changed');
    expect(harness.mounts[1]?.freshSinceMs).toBeGreaterThanOrEqual(nowMs);
    await edit(harness, what, { [REFRESH]: '2' });
    expect(harness.mounts).toHaveLength(3);
    await edit(harness, what, { other: '2' });
    expect(harness.mounts).toHaveLength(3);
  });

  it('that pod and class were made with refreshes nothing', async () => {
    await using harness = await startHarness({ refreshIntervalMs: HOUR_MS });
    await edit(harness, 'pod', { [REFRESH]: 'made with' });
    await edit(harness, 'class', { [REFRESH]: 'made with' });
    await harness.publish();
    await harness.clock.advance(60_000);
    await harness.idle();
    expect(harness.mounts).toHaveLength(1);
  });

  it('counts with the next publish where the token has expired', async () => {
    await using harness = await startHarness({ refreshIntervalMs: HOUR_MS });
    await harness.publish(tokens(harness, 60_000));
    await harness.clock.advance(120_000);
    await edit(harness, 'pod', { [REFRESH]: 'now' });
    expect(harness.mounts).toHaveLength(1);
    await harness.publish(tokens(harness, HOUR_MS));
    expect(harness.mounts).toHaveLength(2);
  });

  it('that was set while no driver ran counts with the first publish after it', async () => {
    await using harness = await startHarness({ refreshIntervalMs: HOUR_MS });
    await harness.publish();
    await harness.clock.advance(1);
    await harness.restart(() => edit(harness, 'class', { [REFRESH]: 'now' }));
    await harness.publish();
    await harness.clock.advance(1);
    await harness.idle();
    expect(harness.mounts).toHaveLength(2);
  });

  it('does not hurry a refresh that fails again and again', async () => {
    await using harness = await startHarness({ refreshIntervalMs: HOUR_MS });
    await harness.publish();
    harness.answer = failing('no');
    await edit(harness, 'pod', { [REFRESH]: 'now' });
    expect(harness.mounts).toHaveLength(2);
    for (let status = 0; status < 5; status += 1) await edit(harness, 'pod', { status: String(status) });
    expect(harness.mounts).toHaveLength(2);
  });
});

describe('an edit of the class', () => {
  it('reaches the running pod soon', async () => {
    await using harness = await startHarness({ refreshIntervalMs: HOUR_MS });
    await harness.publish();
    await edit(harness, 'class', {}, { parameters: { vault: 'two' } });
    await harness.clock.advance(1000);
    await harness.idle();
    expect(harness.mounts[1]?.attributes).toMatchObject({ vault: 'two' });
  });

  it('of its labels alone reaches nobody', async () => {
    await using harness = await startHarness({ refreshIntervalMs: HOUR_MS });
    await harness.publish();
    await edit(harness, 'class', { note: 'x' });
    await harness.clock.advance(1000);
    await harness.idle();
    expect(harness.mounts).toHaveLength(1);
  });
});

describe("a class's own interval", () => {
  it('counts in place of the flag', async () => {
    await using harness = await startHarness({ refreshIntervalMs: 24 * HOUR_MS });
    await edit(harness, 'class', { [INTERVAL]: '1m' });
    await harness.publish();
    for (let check = 1; check <= 3; check += 1) {
      await harness.clock.advance(60_000);
      await harness.idle();
    }
    expect(harness.mounts).toHaveLength(4);
  });

  it('counts for running pods, too, when it changes', async () => {
    await using harness = await startHarness({ refreshIntervalMs: 24 * HOUR_MS });
    await harness.publish();
    await edit(harness, 'class', { [INTERVAL]: '1m' });
    await harness.clock.advance(60_000);
    await harness.idle();
    expect(harness.mounts).toHaveLength(2);
  });

  it.each(['soon', '5s', ''])('of "%s" is an event on the pod, once, and the flag counts', async (text) => {
    await using harness = await startHarness();
    await edit(harness, 'class', { [INTERVAL]: text });
    await harness.publish();
    await harness.nextChecks();
    expect(harness.mounts).toHaveLength(2);
    expect(harness.events).toMatchObject([
      { type: 'Warning', reason: 'RotationPollIntervalInvalid', message: expect.stringContaining(INTERVAL) },
    ]);
  });
});

describe('a driver that starts again', () => {
  it('counts the volumes that it finds, and knows how old they are', async () => {
    await using harness = await startHarness();
    await harness.publish();
    await harness.restart(() => harness.clock.advance(50_000));
    const metrics = await harness.registry.metrics();
    expect(metrics).toContain('keyferry_volumes{provider="fake"} 1');
    expect(metrics).toContain('keyferry_last_successful_check_age_seconds{namespace="shop",class="db"} 50');
  });

  it('goes on with the schedule of the one before: nothing is asked at once', async () => {
    await using harness = await startHarness({ refreshIntervalMs: HOUR_MS });
    await harness.publish();
    await harness.clock.advance(30 * 60_000 - 1000);
    await harness.restart();
    await harness.publish();
    await harness.idle();
    expect(harness.mounts).toHaveLength(1);
    await harness.clock.advance(0.5 * HOUR_MS + 1000);
    await harness.idle();
    expect(harness.mounts).toHaveLength(2);
  });

  it('checks with the first publish what came due meanwhile, and knows what the volume holds', async () => {
    await using harness = await startHarness();
    await harness.publish();
    await harness.restart(() => harness.clock.advance(HOUR_MS));
    harness.answer = failing('no');
    await harness.publish();
    expect(harness.mounts).toHaveLength(2);
    expect([...(harness.mounts[1]?.currentVersions ?? [])]).toEqual([['secret/password', 'v1']]);
    expect(read(harness, 'password')).toBe('hunter2');
  });

  it('refreshes soon what was edited meanwhile', async () => {
    await using harness = await startHarness({ refreshIntervalMs: HOUR_MS });
    await harness.publish();
    await harness.restart(() => edit(harness, 'class', {}, { parameters: { vault: 'two' } }));
    await harness.publish();
    await harness.clock.advance(1000);
    await harness.idle();
    expect(harness.mounts[1]?.attributes).toMatchObject({ vault: 'two' });
  });
});

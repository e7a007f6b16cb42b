import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../base/testing/index.ts';
import { createServiceGate, type GateCall } from './service-gate.ts';

const SERVICE = 'https://kv.vault.azure.net';

function setUp(maxConcurrent?: number) {
  const clock = createFakeClock();
  const gate = createServiceGate({
    clock,
    random: createFakeRandom(),
    ...(maxConcurrent === undefined ? {} : { maxConcurrent }),
  });
  return { clock, gate };
}

const within = (clock: FakeClock, ms: number): GateCall => ({
  signal: new AbortController().signal,
  deadlineMs: clock.monotonic() + ms,
});

const throttled = (retryAfterMs?: number) =>
  new KeyferryError('resource-exhausted', 'Throttled: too many requests', {
    upstreamCode: 'Throttled',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

/** A task that fails with `failures` in order, then answers; it records when it ran. */
function failing(clock: FakeClock, failures: KeyferryError[]) {
  const triedAtMs: number[] = [];
  const startMs = clock.monotonic();
  const task = () => {
    triedAtMs.push(clock.monotonic() - startMs);
    const failure = failures.shift();
    return failure === undefined ? Promise.resolve('value') : Promise.reject(failure);
  };
  return { task, triedAtMs };
}

describe('a throttled service', () => {
  it('is asked again when its Retry-After is over, and not before', async () => {
    const { clock, gate } = setUp();
    const { task, triedAtMs } = failing(clock, [throttled(7_000)]);
    const answer = gate.run(SERVICE, within(clock, 60_000), task);
    await clock.sleepers();
    await clock.advance(6_999);
    expect(triedAtMs).toEqual([0]);
    await clock.advance(1);
    await expect(answer).resolves.toBe('value');
    expect(triedAtMs).toEqual([0, 7_000]);
  });

  it('gets growing pauses when it names none', async () => {
    const { clock, gate } = setUp();
    const { task, triedAtMs } = failing(clock, [throttled(), throttled(), throttled()]);
    const answer = gate.run(SERVICE, within(clock, 60_000), task);
    await clock.sleepers();
    await clock.advance(60_000);
    await expect(answer).resolves.toBe('value');
    const pauses = triedAtMs.slice(1).map((at, index) => at - (triedAtMs[index] ?? 0));
    expect(pauses).toHaveLength(3);
    pauses.forEach((pauseMs, index) => {
      expect(pauseMs).toBeGreaterThanOrEqual(500 * 2 ** index);
      expect(pauseMs).toBeLessThanOrEqual(1_000 * 2 ** index);
    });
  });

  it('is left alone by everybody, also by those who come later', async () => {
    const { clock, gate } = setUp();
    const first = failing(clock, [throttled(5_000)]);
    const second = failing(clock, []);
    const answers = [gate.run(SERVICE, within(clock, 60_000), first.task)];
    await clock.sleepers();
    answers.push(gate.run(SERVICE, within(clock, 60_000), second.task));
    await clock.sleepers(2);
    await clock.advance(4_999);
    expect(second.triedAtMs).toEqual([]);
    await clock.advance(1);
    await expect(Promise.all(answers)).resolves.toEqual(['value', 'value']);
  });

  it('does not hold up another service', async () => {
    const { clock, gate } = setUp();
    const answer = gate.run(SERVICE, within(clock, 60_000), failing(clock, [throttled(5_000)]).task);
    await clock.sleepers();
    await expect(gate.run('https://other', within(clock, 60_000), () => Promise.resolve(1))).resolves.toBe(1);
    await clock.advance(5_000);
    await answer;
  });

  it('fails a caller at once whose deadline comes before the pause ends, and says so', async () => {
    const { clock, gate } = setUp();
    const { task, triedAtMs } = failing(clock, [throttled(90_000)]);
    await expect(gate.run(SERVICE, within(clock, 60_000), task)).rejects.toMatchObject({
      code: 'resource-exhausted',
      upstreamCode: 'Throttled',
      retryAfterMs: 90_000,
      message: expect.stringMatching(
        /left alone for 90 s more, which is past the deadline.*Throttled: too many requests/,
      ),
    });
    await expect(gate.run(SERVICE, within(clock, 60_000), task)).rejects.toThrow('past the deadline');
    expect(triedAtMs).toEqual([0]);
  });

  it('lets a caller go that gives up while it waits', async () => {
    const { clock, gate } = setUp();
    const controller = new AbortController();
    const call = { signal: controller.signal, deadlineMs: clock.monotonic() + 60_000 };
    const answer = gate.run(SERVICE, call, failing(clock, [throttled(5_000)]).task);
    await clock.sleepers();
    controller.abort(new Error('pod is gone'));
    await expect(answer).rejects.toThrow('pod is gone');
  });
});

describe('a service that does not answer', () => {
  it('is tried three times, then the last error is the answer', async () => {
    const { clock, gate } = setUp();
    const down = () => new KeyferryError('unavailable', 'getaddrinfo ENOTFOUND kv.vault.azure.net');
    const { task, triedAtMs } = failing(clock, [down(), down(), down(), down()]);
    const answer = gate.run(SERVICE, within(clock, 60_000), task);
    const refused = expect(answer).rejects.toThrow('ENOTFOUND');
    await clock.sleepers();
    await clock.advance(10_000);
    await refused;
    expect(triedAtMs).toHaveLength(3);
  });
});

it('does not repeat what the service refused', async () => {
  const { clock, gate } = setUp();
  const { task, triedAtMs } = failing(clock, [new KeyferryError('permission-denied', 'Forbidden')]);
  await expect(gate.run(SERVICE, within(clock, 60_000), task)).rejects.toThrow('Forbidden');
  expect(triedAtMs).toEqual([0]);
});

it('asks a service with a bounded number of requests at once, first come first served', async () => {
  const { clock, gate } = setUp(2);
  const releases: (() => void)[] = [];
  const order: number[] = [];
  const answers = [0, 1, 2, 3].map((index) =>
    gate.run(SERVICE, within(clock, 60_000), () => {
      order.push(index);
      return new Promise<void>((resolve) => releases.push(resolve));
    }),
  );
  await expect.poll(() => order).toEqual([0, 1]);
  releases[0]?.();
  await expect.poll(() => order).toEqual([0, 1, 2]);
  releases[1]?.();
  await expect.poll(() => order).toEqual([0, 1, 2, 3]);
  releases.slice(2).forEach((release) => release());
  await Promise.all(answers);
});

it('lets a caller go that gives up in the line, and serves the next', async () => {
  const { clock, gate } = setUp(1);
  let release: () => void = () => undefined;
  const first = gate.run(SERVICE, within(clock, 60_000), () => new Promise<void>((resolve) => (release = resolve)));
  const controller = new AbortController();
  const second = gate.run(SERVICE, { ...within(clock, 60_000), signal: controller.signal }, () =>
    Promise.resolve('no'),
  );
  const third = gate.run(SERVICE, within(clock, 60_000), () => Promise.resolve('third'));
  controller.abort(new Error('pod is gone'));
  await expect(second).rejects.toThrow('pod is gone');
  release();
  await first;
  await expect(third).resolves.toBe('third');
});

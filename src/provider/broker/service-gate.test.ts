import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createFakeClock, createFakeRandom, type FakeClock } from '../../base/testing/index.ts';
import { createServiceGate, type GateCall, type ServiceGate } from './service-gate.ts';

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
  new KeyferryError('resource-exhausted', `reading from ${SERVICE}: Throttled: too many requests`, {
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

it('tells of each pause once, with its reason, however many requests ran into it', async () => {
  const clock = createFakeClock();
  const told: string[] = [];
  const gate = createServiceGate({
    clock,
    random: createFakeRandom(),
    onPause: (service, reason) => void told.push(`${service} ${reason}`),
  });
  const { task } = failing(clock, [throttled(2000), throttled(2000), throttled(2000)]);
  const answers = [1, 2, 3].map(() => gate.run(SERVICE, within(clock, 60_000), task));
  await clock.sleepers();
  expect(told).toEqual([`${SERVICE} throttled`]);
  await clock.advance(2000);
  await Promise.all(answers);
  expect(told).toHaveLength(1);

  const away = new KeyferryError('unavailable', 'no answer');
  const other = gate.run('https://login.example', within(clock, 60_000), failing(clock, [away]).task);
  await clock.sleepers();
  expect(told.at(-1)).toBe('https://login.example unreachable');
  await clock.advance(60_000);
  await other;
});

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

  it('gets growing pauses beside a Retry-After that is too short', async () => {
    const triedWith = async (retryAfterMs?: number) => {
      const { clock, gate } = setUp();
      const { task, triedAtMs } = failing(clock, [throttled(retryAfterMs), throttled(retryAfterMs)]);
      const answer = gate.run(SERVICE, within(clock, 60_000), task);
      await clock.sleepers();
      await clock.advance(60_000);
      await answer;
      return triedAtMs;
    };
    expect(await triedWith(1)).toEqual(await triedWith());
  });

  it('gets one pause for all requests that it refused together, as if there had been one', async () => {
    const retriedAfter = async (requests: number) => {
      const { clock, gate } = setUp();
      const tasks = Array.from({ length: requests }, () => failing(clock, [throttled()]));
      const answers = tasks.map(({ task }) => gate.run(SERVICE, within(clock, 60_000), task));
      await clock.sleepers(requests);
      await clock.advance(60_000);
      await Promise.all(answers);
      return Math.min(...tasks.map(({ triedAtMs }) => triedAtMs[1] ?? NaN));
    };
    expect(await retriedAfter(4)).toBe(await retriedAfter(1));
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
      message: expect.stringMatching(/left alone for longer than this mount may wait: .*Throttled: too many requests/),
    });
    await expect(gate.run(SERVICE, within(clock, 60_000), task)).rejects.toThrow('longer than this mount may wait');
    expect(triedAtMs).toEqual([0]);
  });

  it('tells to ask less often when it is throttled, and what helps against the failure when it is not', async () => {
    const { clock, gate } = setUp();
    const limits = within(clock, 60_000);
    await expect(gate.run(SERVICE, limits, failing(clock, [throttled(90_000)]).task)).rejects.toMatchObject({
      hint: expect.stringContaining('ask the vault less often'),
    });
    const refused = new KeyferryError('unavailable', 'getting a token: connect ECONNREFUSED', {
      retryAfterMs: 90_000,
      hint: 'the node must reach it',
    });
    await expect(gate.run('http://nobody', limits, failing(clock, [refused]).task)).rejects.toMatchObject({
      message: expect.stringContaining('http://nobody is left alone'),
      hint: 'the node must reach it',
    });
  });

  it.each([1, 5, 10, 15, 60, undefined])(
    'that lasts is told after 12 s at the latest, with Retry-After: %s',
    async (retryAfter) => {
      const { clock, gate } = setUp();
      const refusal = () => Promise.reject(throttled(retryAfter === undefined ? undefined : retryAfter * 1_000));
      const startMs = clock.monotonic();
      let told: unknown;
      const answer = gate.run(SERVICE, within(clock, 39_000), refusal).catch((error: unknown) => (told = error));
      for (;;) {
        await Promise.race([clock.sleepers(), answer]);
        if (told !== undefined) break;
        await clock.advance(100);
      }
      expect(told).toMatchObject({ code: 'resource-exhausted', upstreamCode: 'Throttled' });
      expect(clock.monotonic() - startMs).toBeLessThanOrEqual(12_000);
    },
  );

  it('is waited for from the first pause on, however long the call had waited for a turn', async () => {
    const { clock, gate } = setUp(1);
    const first = gate.run(SERVICE, within(clock, 60_000), () => clock.sleep(20_000));
    const { task, triedAtMs } = failing(clock, [throttled(10_000)]);
    const second = gate.run(SERVICE, within(clock, 60_000), task);
    await clock.sleepers(2);
    await clock.advance(30_000);
    await first;
    await expect(second).resolves.toBe('value');
    expect(triedAtMs).toEqual([20_000, 30_000]);
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

describe('a service in an outage', () => {
  const down = () => new KeyferryError('unavailable', `reading secret of somebody from ${SERVICE}: HTTP 503`);

  /** A service that fails until `wellAtMs` since the beginning; it counts what it was asked. */
  function outage(clock: FakeClock, wellAtMs: number, failure: () => KeyferryError) {
    const askedAtMs: number[] = [];
    const startMs = clock.monotonic();
    return {
      askedAtMs,
      task: async () => {
        const atMs = clock.monotonic() - startMs;
        askedAtMs.push(atMs);
        await clock.sleep(10);
        if (atMs < wellAtMs) throw failure();
        return 'value';
      },
    };
  }

  /** As kubelet does: tries again after a growing pause, until it works. */
  async function mount(gate: ServiceGate, clock: FakeClock, task: () => Promise<string>): Promise<number> {
    for (let failures = 0; ; failures += 1) {
      try {
        await gate.run(SERVICE, within(clock, 39_000), task);
        return failures;
      } catch {
        await clock.sleep(Math.min(500 * 2 ** failures, 122_000));
      }
    }
  }

  it.each([
    ['503 without a word when to come back', down],
    ['429 and Retry-After: 5', () => throttled(5_000)],
    ['429 without Retry-After', () => throttled()],
  ])('of ten minutes with %s is asked no more for 100 mounts than for one', async (_what, failure) => {
    const { clock, gate } = setUp();
    const { task, askedAtMs } = outage(clock, 600_000, failure);
    const mounts = Promise.all(Array.from({ length: 100 }, () => mount(gate, clock, task)));
    await clock.sleepers();
    await clock.advance(600_000);
    // At first as many at once as a service gets at all, then one a pause; pauses are soon 7.5 s and more.
    expect(askedAtMs.length).toBeGreaterThan(600_000 / 60_000);
    expect(askedAtMs.length).toBeLessThan(8 + 600_000 / 7_500 + 10);
    await clock.advance(122_000 + 15_000);
    await mounts;
  });

  it.each([1, 5, 10, 15, undefined])(
    'of half a minute is over for a mount that kubelet repeats within as long again, with Retry-After: %s',
    async (retryAfter) => {
      const { clock, gate } = setUp();
      const { task } = outage(clock, 30_000, () => throttled(retryAfter && retryAfter * 1_000));
      const startMs = clock.monotonic();
      const mounted = mount(gate, clock, task).then(() => clock.monotonic() - startMs);
      await clock.sleepers();
      await clock.advance(600_000);
      expect(await mounted).toBeLessThan(60_000);
    },
  );

  it('lets one request find out how it is, and the others learn from it', async () => {
    const { clock, gate } = setUp();
    const { task, askedAtMs } = outage(clock, 60_000, down);
    const answers = Promise.allSettled([1, 2, 3].map(() => gate.run(SERVICE, within(clock, 39_000), task)));
    await clock.sleepers(3);
    await clock.advance(39_000);
    await answers;
    // Three at first, then one for all three in each of the two tries that are left.
    expect(askedAtMs).toHaveLength(5);
  });

  it('tells who waited the service’s failure, and not what the other one asked for', async () => {
    const { clock, gate } = setUp();
    const hanging = new KeyferryError(
      'deadline-exceeded',
      `reading secret of somebody from ${SERVICE}: no answer within 20000 ms`,
    );
    await expect(gate.run(SERVICE, within(clock, 39_000), () => Promise.reject(hanging))).rejects.toBe(hanging);
    const slow = () => clock.sleep(20_000).then(() => Promise.reject(hanging));
    const first = gate.run(SERVICE, within(clock, 39_000), slow);
    const second = gate.run(SERVICE, within(clock, 39_000), () => Promise.resolve('never asked'));
    const ends = Promise.all([
      expect(first).rejects.toBe(hanging),
      expect(second).rejects.toMatchObject({
        code: 'deadline-exceeded',
        message: `${SERVICE}: no answer within 20000 ms`,
      }),
    ]);
    await clock.sleepers(2);
    await clock.advance(25_000);
    await ends;
  });

  it('lets the next one find out when the first gives up', async () => {
    const { clock, gate } = setUp();
    const hanging = () => new KeyferryError('deadline-exceeded', `reading from ${SERVICE}: no answer within 20000 ms`);
    await gate.run(SERVICE, within(clock, 39_000), () => Promise.reject(hanging())).catch(() => undefined);
    const controller = new AbortController();
    const call = { signal: controller.signal, deadlineMs: clock.monotonic() + 39_000 };
    const first = gate.run(SERVICE, call, () => clock.sleep(20_000, { signal: controller.signal }));
    const second = gate.run(SERVICE, within(clock, 39_000), () => Promise.resolve('value'));
    await clock.sleepers(2);
    await clock.advance(1_000);
    controller.abort(new Error('pod is gone'));
    await expect(first).rejects.toThrow('pod is gone');
    await expect(second).resolves.toBe('value');
  });

  it('fails who waits in the line until its own deadline, and names the service', async () => {
    const { clock, gate } = setUp(1);
    const first = gate.run(SERVICE, within(clock, 39_000), () => clock.sleep(60_000));
    const second = gate.run(SERVICE, within(clock, 39_000), () => Promise.resolve('value'));
    const refused = expect(second).rejects.toThrow(`${SERVICE} had no room for another request within 39 s`);
    await clock.sleepers(2);
    await clock.advance(60_000);
    await refused;
    await first;
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

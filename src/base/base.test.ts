import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backoffMs,
  createDisposeStack,
  createKeyedLock,
  createSingleFlight,
  ERROR_CODES,
  errorText,
  inputError,
  KeyferryError,
  linkSignals,
  nameSuffix,
  Secret,
  systemClock,
  toKeyferryError,
  withDeadline,
} from './index.ts';
import { createFakeClock, createFakeRandom } from './testing/index.ts';

describe('errors', () => {
  it('have one row each with a gRPC status of its own, a meaning for HTTP and an exit code that is not success', () => {
    const grpc = Object.values(ERROR_CODES).map((row) => row.grpc);
    expect(new Set(grpc).size).toBe(grpc.length);
    for (const row of Object.values(ERROR_CODES)) {
      expect(row.http).toBeGreaterThanOrEqual(400);
      expect(row.exit).toBeGreaterThan(0);
    }
  });

  it('list every issue of an input with its place', () => {
    const error = inputError('the class is wrong', [
      { path: 'spec.parameters.keyvaultName', message: 'is missing' },
      { path: '', message: 'no objects' },
    ]);
    expect(error.message).toBe('the class is wrong: spec.parameters.keyvaultName: is missing; no objects');
    expect([error.code, error.kind, error.issues.length]).toEqual(['invalid-input', 'input', 2]);
  });

  it('tell their causes once', () => {
    const root = new Error('connection refused');
    const middle = new Error('reading x: connection refused', { cause: root });
    expect(errorText(new KeyferryError('unavailable', 'mounting', { cause: middle }))).toBe(
      'mounting: reading x: connection refused',
    );
  });

  it('take foreign errors in, and leave their own alone', () => {
    const own = new KeyferryError('not-found', 'x');
    expect(toKeyferryError(own)).toBe(own);
    expect(toKeyferryError(new TypeError('y')).code).toBe('internal');
    expect(toKeyferryError('text', 'unavailable')).toMatchObject({ code: 'unavailable', message: 'text' });
  });
});

describe('a secret', () => {
  it('prints nowhere', () => {
    const secret = new Secret('hunter2');
    const prints = [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ a: [secret] }),
      inspect(secret, { showHidden: true }),
    ];
    for (const print of prints) expect(print).not.toContain('hunter2');
    expect(secret.expose()).toBe('hunter2');
  });
});

describe('linked signals', () => {
  it('follow any parent with its reason, and let go of all parents', () => {
    const one = new AbortController();
    const two = new AbortController();
    const linked = linkSignals(one.signal, undefined, two.signal);
    const reason = new Error('enough');
    two.abort(reason);
    expect(linked.signal.reason).toBe(reason);
    const disposed = linkSignals(one.signal);
    disposed[Symbol.dispose]();
    one.abort();
    expect(disposed.signal.aborted).toBe(false);
  });

  it('are aborted from the start when a parent is', () => {
    expect(linkSignals(AbortSignal.abort('x')).signal.aborted).toBe(true);
  });

  it('follow one parent in any number, like waits do, without a warning of Node', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    const [links, waits] = [new AbortController(), new AbortController()];
    const linked = Array.from({ length: 30 }, () => linkSignals(links.signal));
    const sleeping = Array.from({ length: 30 }, () => systemClock.sleep(60_000, { signal: waits.signal }));
    waits.abort(new Error('enough'));
    links.abort(new Error('enough'));
    const outcomes = await Promise.allSettled(sleeping);
    await systemClock.sleep(0); // warnings are told a tick later
    process.off('warning', note);
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    expect(linked.every(({ signal }) => signal.aborted)).toBe(true);
    expect(warnings).toEqual([]);
  });
});

describe('a deadline', () => {
  it('ends the wait even when the work does not listen, and names what was attempted', async () => {
    const clock = createFakeClock();
    const work = withDeadline(
      { clock, timeoutMs: 100, what: 'reading secret x' },
      () => new Promise<never>(() => undefined),
    );
    const outcome = expect(work).rejects.toMatchObject({
      code: 'deadline-exceeded',
      message: 'reading secret x: no answer within 100 ms',
    });
    await clock.sleepers();
    await clock.advance(100);
    await outcome;
  });

  it('leaves no sleeper behind when the work is done in time', async () => {
    const clock = createFakeClock();
    expect(await withDeadline({ clock, timeoutMs: 100, what: 'x' }, () => Promise.resolve(7))).toBe(7);
    let woken = false;
    void clock.sleep(100).then(() => {
      woken = true;
    });
    await clock.advance(100);
    expect(woken).toBe(true);
  });
});

describe('clocks', () => {
  it.each([
    ['system', systemClock],
    ['fake', createFakeClock()],
  ])('%s: a sleep ends with the reason of its signal', async (_name, clock) => {
    const gone = new AbortController();
    const slept = clock.sleep(60_000, { signal: gone.signal });
    gone.abort(new Error('stop'));
    await expect(slept).rejects.toThrow('stop');
    await expect(clock.sleep(1, { signal: gone.signal })).rejects.toThrow('stop');
  });
});

describe('backoff', () => {
  it('never exceeds its maximum, never falls below its share without jitter, and grows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, jitter) => {
          const pause = backoffMs(
            { initialMs: 100, maxMs: 5000, jitter },
            failures,
            createFakeRandom(String(failures)),
          );
          const full = Math.min(5000, 100 * 2 ** Math.min(failures - 1, 64));
          expect(pause).toBeLessThanOrEqual(full);
          expect(pause).toBeGreaterThanOrEqual(full * (1 - jitter) - 1e-9);
        },
      ),
    );
    const exact = [1, 2, 3, 10].map((failures) =>
      backoffMs({ initialMs: 100, maxMs: 1000 }, failures, createFakeRandom()),
    );
    expect(exact).toEqual([100, 200, 400, 1000]);
  });
});

describe('a keyed lock', () => {
  it('runs one key in order, also after a failure, others side by side, and keeps nothing', async () => {
    const lock = createKeyedLock();
    const order: string[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = lock.run('a', async () => {
      await gate;
      order.push('first');
      throw new Error('failed');
    });
    const second = lock.run('a', async () => order.push('second'));
    const other = lock.run('b', async () => order.push('other'));
    await other;
    release();
    await expect(first).rejects.toThrow('failed');
    await second;
    expect(order).toEqual(['other', 'first', 'second']);
    expect(lock.size).toBe(0);
  });
});

describe('single flight', () => {
  it('shares a running call and its failure, and then calls again', async () => {
    const flight = createSingleFlight<number>();
    let calls = 0;
    const fail = async () => {
      calls += 1;
      throw new Error('no');
    };
    const both = [flight.run('k', fail), flight.run('k', fail)];
    await expect(both[0]).rejects.toThrow('no');
    await expect(both[1]).rejects.toThrow('no');
    expect(calls).toBe(1);
    expect(await flight.run('k', () => Promise.resolve(3))).toBe(3);
  });
});

describe('a dispose stack', () => {
  it('undoes in reverse, all of it, and tells the first failure', async () => {
    const order: number[] = [];
    const stack = createDisposeStack();
    stack.defer(() => {
      order.push(1);
    });
    stack.defer(() => {
      order.push(2);
      throw new Error('second');
    });
    stack.use({ [Symbol.dispose]: () => void order.push(3) });
    await expect(stack[Symbol.asyncDispose]()).rejects.toThrow('second');
    expect(order).toEqual([3, 2, 1]);
  });
});

describe('name suffixes', () => {
  it('are valid ends of Kubernetes names', () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        expect(nameSuffix(createFakeRandom(seed))).toMatch(/^[a-z0-9]{5}$/);
      }),
    );
  });
});

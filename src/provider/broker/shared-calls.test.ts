import { describe, expect, it } from 'vitest';
import { createSharedCalls } from './shared-calls.ts';

/** A task that ends when somebody says so, and keeps what it was given. */
function setUp() {
  const calls = createSharedCalls<string>();
  const started: { readonly signal: AbortSignal; answer(text: string): void; fail(error: Error): void }[] = [];
  const task = (signal: AbortSignal) =>
    new Promise<string>((answer, fail) => {
      started.push({ signal, answer, fail });
    });
  const ask = (key = 'one', signal = new AbortController().signal) => calls.run(key, signal, task);
  return { calls, started, ask };
}

describe('calls that are shared', () => {
  it('are one for all who ask for a key while it runs, and another for the next', async () => {
    const { calls, started, ask } = setUp();
    const together = [ask(), ask(), ask('two')];
    expect(started).toHaveLength(2);
    expect([calls.has('one'), calls.has('two'), calls.has('three')]).toEqual([true, true, false]);
    started[0]?.answer('first');
    started[1]?.answer('second');
    expect(await Promise.all(together)).toEqual(['first', 'first', 'second']);
    expect(calls.has('one')).toBe(false);
    void ask();
    expect(started).toHaveLength(3);
  });

  it('fail for all who wait, and for nobody after', async () => {
    const { started, ask } = setUp();
    const together = Promise.allSettled([ask(), ask()]);
    started[0]?.fail(new Error('refused'));
    expect((await together).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = ask();
    started[1]?.answer('well');
    expect(await next).toBe('well');
  });

  it('go on when one of those who wait gives up, and end with the last of them', async () => {
    const { calls, started, ask } = setUp();
    const [first, second] = [new AbortController(), new AbortController()];
    const together = [ask('one', first.signal), ask('one', second.signal)];
    first.abort(new Error('first gave up'));
    await expect(together[0]).rejects.toThrow('first gave up');
    expect(started[0]?.signal.aborted).toBe(false);
    second.abort(new Error('second gave up'));
    await expect(together[1]).rejects.toThrow('second gave up');
    expect(started[0]?.signal.reason).toMatchObject({ message: 'second gave up' });
    expect(calls.has('one')).toBe(false);
  });

  it('are not joined while they are being given up, and take nothing of the next call when they end', async () => {
    const { calls, started, ask } = setUp();
    const impatient = new AbortController();
    const first = ask('one', impatient.signal);
    impatient.abort(new Error('gave up'));
    await expect(first).rejects.toThrow('gave up');
    const next = ask();
    expect(started).toHaveLength(2);
    started[0]?.answer('too late');
    await Promise.resolve();
    expect(calls.has('one')).toBe(true);
    started[1]?.answer('in time');
    expect(await next).toBe('in time');
  });

  it('are not begun for somebody who has given up already', async () => {
    const { started, ask } = setUp();
    await expect(ask('one', AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(started).toHaveLength(0);
  });

  it('of one mount may be many: its signal has a listener for each, and none when all is over', async () => {
    const { calls, ask, started } = setUp();
    const warnings: string[] = [];
    const note = ({ name }: Error) => void warnings.push(name);
    process.on('warning', note);
    const mount = new AbortController();
    const all = Array.from({ length: 40 }, (_, index) => ask(`object ${index}`, mount.signal));
    for (const [index, call] of started.entries()) call.answer(`${index}`);
    await Promise.all(all);
    // Warnings come with the next tick.
    await new Promise(setImmediate);
    process.off('warning', note);
    expect(warnings).toEqual([]);
    mount.abort();
    expect(calls.has('object 1')).toBe(false);
  });
});

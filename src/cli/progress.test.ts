import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../base/testing/index.ts';
import { withProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

function watched(interactive: boolean) {
  const written: string[] = [];
  const terminal: Terminal = {
    out: (text) => void written.push(`out: ${text}`),
    err: (text) => void written.push(text),
    colour: false,
    errColour: false,
    interactive,
    env: {},
  };
  return { terminal, written };
}

/** Work that ends when it is told to. */
function work() {
  let end: (how: 'done' | Error) => void = () => undefined;
  const result = new Promise<string>((resolve, reject) => {
    end = (how) => (how === 'done' ? resolve(how) : reject(how));
  });
  return { result, end };
}

const CLEAR = '\r\u001B[K';

describe('a long step', () => {
  it('is told with its seconds on a terminal, and the line is gone after it', async () => {
    const clock = createFakeClock();
    const { terminal, written } = watched(true);
    const { result, end } = work();
    const told = withProgress({ terminal, clock, what: 'starting' }, () => result);
    await clock.sleepers();
    await clock.advance(3_000);
    expect(written.at(-1)).toMatch(/^\r. starting … [23] s\u001B\[K$/);
    end('done');
    expect(await told).toBe('done');
    expect(written.at(-1)).toBe(CLEAR);
  });

  it('that fails leaves no line either', async () => {
    const clock = createFakeClock();
    const { terminal, written } = watched(true);
    const { result, end } = work();
    const told = withProgress({ terminal, clock, what: 'starting' }, () => result);
    await clock.sleepers();
    await clock.advance(1_000);
    end(new Error('no'));
    await expect(told).rejects.toThrow('no');
    expect(written.at(-1)).toBe(CLEAR);
  });

  it('is not told when it is short', async () => {
    const clock = createFakeClock();
    const { terminal, written } = watched(true);
    const { result, end } = work();
    const told = withProgress({ terminal, clock, what: 'starting' }, () => result);
    await clock.sleepers();
    await clock.advance(500);
    end('done');
    await told;
    expect(written).toEqual([]);
  });

  it('is not told in a file, however long', async () => {
    const clock = createFakeClock();
    const { terminal, written } = watched(false);
    const { result, end } = work();
    const told = withProgress({ terminal, clock, what: 'starting' }, () => result);
    await clock.advance(60_000);
    end('done');
    await told;
    expect(written).toEqual([]);
  });
});

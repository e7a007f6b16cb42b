// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { array, constantFrom, integer, oneof } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectQuick, fuzz, outcomeOf } from '../base/testing/fuzz.ts';
import { hostileText, textOfPieces } from '../base/testing/hostile.ts';
import { parseFlags, type FlagTable } from './flags.ts';
import { parseListenAddress, parseUnixEndpoint } from './listen-address.ts';

const TABLE = {
  endpoint: { kind: 'text', default: '', help: '', group: 'process' },
  rotate: { kind: 'bool', default: false, help: '', group: 'process' },
  size: { kind: 'int', default: 1, help: '', group: 'process' },
  interval: { kind: 'duration', default: 0, help: '', group: 'process' },
} as const satisfies FlagTable;

const word = oneof(
  textOfPieces(
    ['-', '--', '=', 'endpoint', 'rotate', 'size', 'interval', '1', 'h', 'ms', '.5', 'true', '__proto__', ' '],
    6,
  ),
  hostileText(12),
);

describe('the flags of a process', () => {
  fuzz('are of their kinds, or refused', array(word, { maxLength: 5 }), { inputs: 230, seed: 661 }, async (argv) => {
    const outcome = await outcomeOf(() => parseFlags(TABLE, argv));
    if (!outcome.ok) return;
    const { endpoint, rotate, size, interval } = outcome.value;
    expect([typeof endpoint, typeof rotate]).toEqual(['string', 'boolean']);
    expect(Number.isSafeInteger(size)).toBe(true);
    expect(Number.isFinite(interval) && interval >= 0).toBe(true);
    expect(Object.keys(outcome.value)).toEqual(Object.keys(TABLE));
  });

  it('with a duration of a hundred thousand digits are refused quickly', async () => {
    for (const text of ['1'.repeat(100_000), `${'1h'.repeat(50_000)}x`, `${'1.1'.repeat(30_000)}h`]) {
      expect((await expectQuick(() => outcomeOf(() => parseFlags(TABLE, [`--interval=${text}`])))).ok).toBe(false);
    }
  });
});

describe('addresses', () => {
  fuzz(
    'are absolute sockets, or hosts with ports, or refused',
    oneof(textOfPieces(['unix:', '//', '/', 'a', '[', ']', ':', '::1', '8080', '65536', '0', '.'], 6), hostileText()),
    { inputs: 230, seed: 662, examples: ['unix:a\0b'] },
    async (text) => {
      const socket = await outcomeOf(() => parseUnixEndpoint(text));
      if (socket.ok) expect(socket.value).toMatch(/^\/[^\0]*$/s);
      const address = await outcomeOf(() => parseListenAddress(text));
      if (!address.ok || address.value === undefined) return;
      expect(address.value.host).not.toBe('');
      expect(address.value.port).toBeLessThanOrEqual(65_535);
    },
  );

  fuzz('are read back as they were', integer({ min: 1, max: 65_535 }), { inputs: 20, seed: 663 }, (port) => {
    expect(parseListenAddress(`[::1]:${port}`)).toEqual({ host: '::1', port });
    expect(parseListenAddress(`:${port}`)?.port).toBe(port);
  });

  fuzz('of nothing are none', constantFrom('', '0'), { inputs: 2, seed: 664 }, (text) => {
    expect(parseListenAddress(text)).toBeUndefined();
  });
});

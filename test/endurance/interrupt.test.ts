import { describe, expect, it } from 'vitest';
import { interrupt, LAB_STARTERS, moments, WAYS } from '../support/interruptions.ts';

/** By which command; a moment takes a second or two, a demo four. */
const MOMENTS = { demo: 8, 'lab up': 12, 'lab run': 12 } as const;

describe('a command that is interrupted at any moment', () => {
  for (const { name, args, lines, seed } of LAB_STARTERS) {
    it(`${name} leaves nothing, ${MOMENTS[name]} times`, { timeout: 280_000 }, async () => {
      for (const [index, moment] of moments(seed + 100, MOMENTS[name], lines).entries()) {
        const way = WAYS[index % WAYS.length] ?? 'SIGTERM';
        const { left, output } = await interrupt(args, way, moment);
        expect({ way, moment, left, output }).toMatchObject({
          left: [],
          output: expect.not.stringContaining('bug') as unknown,
        });
      }
    });
  }
});

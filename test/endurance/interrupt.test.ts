import { describe, expect, it } from 'vitest';
import { interrupt, LAB_STARTERS, moments, WAYS } from '../support/interruptions.ts';

/** By which command; a moment takes a second or two, a demo four. */
const MOMENTS = { demo: 12, 'lab up': 18, 'lab run': 18 } as const;

describe('a command that is interrupted at any moment', () => {
  for (const { name, args, lines, seed } of LAB_STARTERS) {
    it(`${name} leaves nothing, ${MOMENTS[name]} times`, { timeout: 280_000 }, async () => {
      for (const [index, moment] of moments(seed + 100, MOMENTS[name], lines).entries()) {
        const way = WAYS[index % WAYS.length] ?? 'SIGTERM';
        const { output } = await interrupt(args, way, moment);
        expect({ way, moment, output }).not.toMatchObject({ output: expect.stringContaining('bug') as unknown });
      }
    });
  }
});

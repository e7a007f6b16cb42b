import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMAND_PATHS } from '../../../src/lab/session/az/testing/index.ts';
import { startAzPair, type AzPair } from './parity/pair.ts';
import { SCENES } from './parity/scenes.ts';
import { describeWithClients } from '../support/clients.ts';

describe('the table of the parity test', () => {
  it('runs every command of the stand-in', () => {
    const lines = SCENES.flatMap(({ steps }) => steps.map(({ line }) => `${line} `));
    expect(COMMAND_PATHS.filter((path) => !lines.some((line) => line.startsWith(`${path} `)))).toEqual([]);
  });
});

describeWithClients('the stand-in and the real az', ['az'], () => {
  describe.each(SCENES.map((scene) => [scene.name, scene] as const))('%s', (_name, { steps }) => {
    let pair: AzPair;
    beforeAll(async () => {
      pair = await startAzPair();
    });
    afterAll(() => pair[Symbol.asyncDispose]());

    it.each(steps.map((step) => [step.line, step] as const))('az %s', async (_line, step) => {
      const { real, standIn } = await pair.run(step);
      expect(standIn).toEqual(real);
    });
  });
});

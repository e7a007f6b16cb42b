import { describe, expect, it } from 'vitest';
import { placeOf, type LabPlace } from './access.ts';
import type { Terminal } from '../terminal.ts';

const terminal = (env: Terminal['env']): Terminal => ({
  out: () => undefined,
  err: () => undefined,
  colour: false,
  errColour: false,
  interactive: false,
  env,
});

describe('the folder that a command means', () => {
  it.each<[string, LabPlace, Terminal['env'], string]>([
    ['is the one that it is given', { state: '/a' }, { KEYFERRY_STATE: '/b', HOME: '/h' }, '/a'],
    ['is that of the environment', {}, { KEYFERRY_STATE: '/b', HOME: '/h' }, '/b'],
    [
      'is the default, also with an empty variable',
      {},
      { KEYFERRY_STATE: '', HOME: '/h' },
      '/h/.local/state/keyferry/lab',
    ],
    ['is seen from the working directory', { state: 'x' }, {}, `${process.cwd()}/x`],
  ])('%s', (_what, place, env, root) => {
    expect(placeOf(place, terminal(env)).root).toBe(root);
  });

  it('is never the working directory because a name is empty', () => {
    expect(() => placeOf({ state: '' }, terminal({ HOME: '/h' }))).toThrow(
      expect.objectContaining({ code: 'invalid-input' }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { wantsColour } from './terminal.ts';

describe('colours', () => {
  it.each([
    ['on a terminal', {}, true, true],
    ['not in a file', {}, false, false],
    ['not with NO_COLOR', { NO_COLOR: '1' }, true, false],
    ['with an empty NO_COLOR', { NO_COLOR: '' }, true, true],
    ['not on a dumb terminal', { TERM: 'dumb' }, true, false],
    ['in a file with FORCE_COLOR', { FORCE_COLOR: '1' }, false, true],
    ['with FORCE_COLOR above NO_COLOR', { FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    ['not with FORCE_COLOR=0', { FORCE_COLOR: '0' }, true, false],
  ])('%s', (_when, env, isTerminal, wanted) => {
    expect(wantsColour(env, isTerminal)).toBe(wanted);
  });
});

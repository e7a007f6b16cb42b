import { describe, expect, it } from 'vitest';
import { isOn, readGivenFlags } from './go-flags.ts';

describe('flags of a Go program', () => {
  it.each([
    [['--a=1', '-b=2'], { a: '1', b: '2' }],
    [['--a', '1', '--on', '-v', '5'], { a: '1', on: 'true', v: '5' }],
    [['node', '/bin/x', '--a='], { a: '' }],
    [['--a=1', '--a=2'], { a: '2' }],
    [['--a=b=c', 'rest', 'more'], { a: 'b=c' }],
    [['--__proto__=1'], {}],
    [[], {}],
  ])('%j are read as %j', (words, flags) => {
    expect(Object.fromEntries(readGivenFlags(words))).toEqual(flags);
  });

  it.each([
    ['--on', true],
    ['--on=T', true],
    ['--on=false', false],
    ['--off', false],
  ])('%s is on: %s', (word, on) => {
    expect(isOn(readGivenFlags([word]), 'on')).toBe(on);
  });
});

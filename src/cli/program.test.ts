import { describe, expect, it } from 'vitest';
import { runKeyferry } from './testing/run-keyferry.ts';

const run = (...argv: string[]) => runKeyferry(argv, { HOME: '/nowhere' });

describe('keyferry help', () => {
  it.each([
    [[], 'Usage: keyferry [options]'],
    [['lab'], 'Usage: keyferry lab [options]'],
    [['lab', 'run'], 'Usage: keyferry lab run [options]'],
    [['lab', 'fault', 'add'], 'Usage: keyferry lab fault add [options]'],
  ])('%j prints the help of that command', async (words, usage) => {
    expect(await run('help', ...words)).toEqual({ exitCode: 0, out: expect.stringContaining(usage), err: '' });
  });

  it('names what it does not find', async () => {
    const { exitCode, out, err } = await run('help', 'lab', 'trcae');
    expect([exitCode, out]).toEqual([2, '']);
    expect(err).toContain('there is no command "keyferry lab trcae"');
    expect(err).toContain('what to do: See "keyferry lab --help".');
  });
});

describe('a command line that is wrong', () => {
  it.each([
    ['a misspelt command', ['lab', 'statsu'], 'Did you mean status?', 'keyferry lab --help'],
    ['a misspelt option', ['lab', 'status', '--ouput', 'json'], 'Did you mean --output?', 'keyferry lab status --help'],
    ['an unknown command', ['version'], "unknown command 'version'", 'keyferry --help'],
    ['a missing argument', ['lab', 'trace'], "missing required argument 'pod'", 'keyferry lab trace --help'],
    ['one argument too many', ['lab', 'status', 'x'], 'too many arguments', 'keyferry lab status --help'],
    ['a value that there is not', ['lab', 'status', '--output', 'yaml'], 'text, json', 'keyferry lab status --help'],
    ['an option without its value', ['lab', 'up', '--state'], 'argument missing', 'keyferry lab up --help'],
    ['an empty folder', ['lab', 'status', '--state', ''], '--state names no folder', ''],
  ])('with %s is told so, and what to look at', async (_what, argv, text, help) => {
    const { exitCode, out, err } = await run(...argv);
    expect([exitCode, out]).toEqual([2, '']);
    expect(err).toContain(text);
    expect(err).toContain('what to do:');
    expect(err).toContain(help);
  });
});

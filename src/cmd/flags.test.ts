import { describe, expect, it } from 'vitest';
import { flagsWithoutEffect, parseFlags, renderFlags, type FlagTable } from './flags.ts';

const TABLE = {
  endpoint: { kind: 'text', default: 'unix:///tmp/x.sock', help: 'where to listen', group: 'sockets' },
  'log-json': { kind: 'bool', default: false, help: 'log as JSON', group: 'process' },
  v: { kind: 'int', default: 0, help: 'verbosity', group: 'process' },
  timeout: { kind: 'duration', default: 5_000, help: 'how long to wait', group: 'sockets' },
  old_flag: { kind: 'bool', default: true, help: 'nobody needs it', group: 'without effect' },
  help: { kind: 'bool', default: false, help: 'print this', group: 'process' },
} as const satisfies FlagTable;

describe('flags', () => {
  it('have their defaults', () => {
    expect(parseFlags(TABLE, [])).toEqual({
      endpoint: 'unix:///tmp/x.sock',
      'log-json': false,
      v: 0,
      timeout: 5_000,
      old_flag: true,
      help: false,
    });
  });

  it.each([
    [['--endpoint=a=b'], { endpoint: 'a=b' }],
    [['--endpoint', 'a'], { endpoint: 'a' }],
    [['-endpoint', 'a'], { endpoint: 'a' }],
    [['--endpoint='], { endpoint: '' }],
    [['-v=5'], { v: 5 }],
    [['-v', '2', '--log-json'], { v: 2, 'log-json': true }],
    [['--log-json=false'], { 'log-json': false }],
    [['--log-json=T'], { 'log-json': true }],
    [['--timeout=1h30m'], { timeout: 5_400_000 }],
    [['--timeout=1.5s'], { timeout: 1_500 }],
    [['--timeout', '250ms'], { timeout: 250 }],
    [['--timeout=0'], { timeout: 0 }],
    [['-v=1', '-v=2'], { v: 2 }],
    [['--old_flag=false'], { old_flag: false }],
    [['-h'], { help: true }],
  ])('are taken as Go takes them: %j', (argv, expected) => {
    expect(parseFlags(TABLE, argv)).toMatchObject(expected);
  });

  it.each([
    [['--nope'], 'there is no flag --nope'],
    [['--constructor=1'], 'there is no flag --constructor'],
    [['word'], '"word" is not a flag'],
    [['-v=x'], '--v: needs a value of the kind int'],
    [['-v'], '--v: needs a value of the kind int'],
    [['--timeout=5'], '--timeout: needs a value of the kind duration'],
    [['--log-json=maybe'], '--log-json: needs a value of the kind bool'],
  ])('are refused: %j', (argv, message) => {
    expect(() => parseFlags(TABLE, argv)).toThrow(message);
  });

  it('are judged all at once', () => {
    expect(() => parseFlags(TABLE, ['--nope', '-v=x'])).toThrow(
      'wrong flags: there is no flag --nope; --v: needs a value of the kind int',
    );
  });

  it('are all in the help by groups, with their defaults', () => {
    expect(renderFlags(TABLE).split('\n')).toEqual([
      'sockets:',
      '  --endpoint text     where to listen (default unix:///tmp/x.sock)',
      '  --timeout duration  how long to wait (default 5s)',
      '',
      'process:',
      '  --log-json          log as JSON (default false)',
      '  --v int             verbosity (default 0)',
      '  --help              print this (default false)',
      '',
      'without effect:',
      '  --old_flag          nobody needs it',
    ]);
  });

  it('that do nothing are named when they were set, and only then', () => {
    expect(flagsWithoutEffect(TABLE, parseFlags(TABLE, ['-v=3', '--old_flag']))).toEqual([]);
    expect(flagsWithoutEffect(TABLE, parseFlags(TABLE, ['-v=3', '--old_flag=false']))).toEqual(['old_flag']);
  });
});

import { describe, expect, it } from 'vitest';
import type { CommandSpec } from './command.ts';
import { parseArguments } from './parse.ts';

const command: CommandSpec = {
  path: 'thing make',
  summary: 'Make a thing.',
  example: 'thing make -n a',
  options: [
    { key: 'name', names: ['--name', '-n'], kind: 'text', required: true, help: '' },
    { key: 'resourceGroup', names: ['--resource-group', '-g'], kind: 'text', help: '' },
    { key: 'retention', names: ['--retention-days'], kind: 'integer', help: '' },
    { key: 'sku', names: ['--sku'], kind: 'text', choices: ['premium', 'standard'], fallback: 'standard', help: '' },
    { key: 'permissions', names: ['--secret-permissions'], kind: 'list', choices: ['get', 'list'], help: '' },
    { key: 'rbac', names: ['--enable-rbac-authorization'], kind: 'boolean', help: '' },
    { key: 'oidc', names: ['--enable-oidc-issuer'], kind: 'flag', help: '' },
    { key: 'yes', names: ['--yes', '-y'], kind: 'flag', help: '' },
    { key: 'tags', names: ['--tags'], kind: 'tags', help: '' },
  ],
  run: () => Promise.resolve(undefined),
};

const parse = (line: string | readonly string[]) =>
  parseArguments(command, typeof line === 'string' ? line.split(' ') : line);

describe('a command line', () => {
  const texts: [line: string, key: string, value: string | undefined][] = [
    ['--name a', 'name', 'a'],
    ['-n a', 'name', 'a'],
    ['--name=a', 'name', 'a'],
    ['-na', 'name', 'a'],
    ['-n=a', 'name', 'a'],
    ['--name a=b', 'name', 'a=b'],
    ['--name=a=b', 'name', 'a=b'],
    ['--name --  --', 'name', '--'],
    ['--na a', 'name', 'a'],
    ['--na=a', 'name', 'a'],
    ['-n a --resource b', 'resourceGroup', 'b'],
    ['-n a', 'resourceGroup', undefined],
    ['-n a -n b', 'name', 'b'],
    ['-n -', 'name', '-'],
    ['-n -5', 'name', '-5'],
    ['-n a -otsv', 'output', 'tsv'],
    ['-n a -o TSV', 'output', 'tsv'],
    ['-n a -yotsv', 'output', 'tsv'],
    ['-n a', 'output', 'json'],
    ['-n a', 'sku', 'standard'],
    ['-n a --sku Premium', 'sku', 'premium'],
    ['-n a --query a.b', 'query', 'a.b'],
  ];
  it.each(texts)('%s gives %s = %s', (line, key, value) => {
    expect(parse(line.split(/ +/)).optional(key)).toBe(value);
  });

  it.each([
    ['-n a', undefined],
    ['-n a --enable-rbac-authorization', true],
    ['-n a --enable-rbac-authorization false', false],
    ['-n a --enable-rbac-authorization TRUE', true],
    ['-n a --enable-rbac-authorization=false', false],
    ['--enable-rbac-authorization -n a', true],
  ])('%s sets a three-state option to %s', (line, value) => {
    expect(parse(line).boolean('rbac')).toBe(value);
  });

  it('takes all values of a list until the next option', () => {
    const args = parse('--secret-permissions get LIST -n a');
    expect([args.list('permissions'), args.text('name')]).toEqual([['get', 'list'], 'a']);
  });

  it('reads tags, an empty one clearing them', () => {
    expect(parse('-n a --tags a=1 b c=x=y').tags('tags')).toEqual({ a: '1', b: '', c: 'x=y' });
    expect(parse(['-n', 'a', '--tags', '']).tags('tags')).toEqual({});
    expect(parse('-n a --tags').tags('tags')).toEqual({});
    expect(parse('-n a').tags('tags')).toBeUndefined();
  });

  it('takes a text with a space for a value even when it begins with a hyphen', () => {
    expect(parse(['-n', '-a b']).text('name')).toBe('-a b');
  });

  it('reads integers and flags', () => {
    const args = parse('-n a --retention-days 7 --enable-oidc');
    expect([args.integer('retention'), args.flag('oidc'), args.flag('yes')]).toEqual([7, true, false]);
  });

  it('asks for nothing else when help is wanted', () => {
    expect(parse('-h').flag('help')).toBe(true);
  });

  const wrong: [line: string, message: string][] = [
    ['', 'the following arguments are required: --name/-n'],
    ['--bogus x -n a', 'unrecognized arguments: --bogus x'],
    ['-n a stray', 'unrecognized arguments: stray'],
    ['-n', 'argument --name/-n: expected one argument'],
    ['-n --yes', 'argument --name/-n: expected one argument'],
    ['-n -abc', 'argument --name/-n: expected one argument'],
    ['-n a --secret-permissions', 'argument --secret-permissions: expected at least one argument'],
    ['-n a --retention-days soon', "argument --retention-days: invalid int value: 'soon'"],
    ['-n a --yes=1', "argument --yes/-y: ignored explicit argument '1'"],
    ['-n a --enable', 'ambiguous option: --enable could match --enable-rbac-authorization, --enable-oidc-issuer'],
    ['-n a --sku gold', "az thing make: 'gold' is not a valid value for '--sku'. Allowed values: premium, standard."],
    [
      '-n a --enable-rbac-authorization maybe',
      "az thing make: 'maybe' is not a valid value for '--enable-rbac-authorization'. Allowed values: false, true.",
    ],
  ];
  it.each(wrong)('refuses "%s"', (line, message) => {
    expect(() => parse(line === '' ? [] : line)).toThrow(expect.objectContaining({ message, exitCode: 2 }));
  });
});

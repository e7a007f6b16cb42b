import { describe, expect, it } from 'vitest';
import { parseJsonPath } from './json-path.ts';

describe('a path into JSON', () => {
  it.each([
    ['$', []],
    ['$.password', ['password']],
    ['$.db.users[0].name', ['db', 'users', 0, 'name']],
    ['$[-1]', [-1]],
    ["$['a b']['c.d']", ['a b', 'c.d']],
    ['$["a"]', ['a']],
    ["$['it\\'s']", ["it's"]],
    [`$['say "x"']`, ['say "x"']],
    ['$["tab\\tand \\u00e4"]', ['tab\tand ä']],
    ['$.connection-string', ['connection-string']],
    ['$.2fa', ['2fa']],
    ['$.größe', ['größe']],
    ['$.__proto__', ['__proto__']],
    ['$[ 3 ]', [3]],
  ])('%s is read', (text, steps) => {
    expect(parseJsonPath(text)).toEqual({ ok: true, steps });
  });

  it.each([
    ['password', 'for example $.password'],
    ['{.data.password}', 'begins with $'],
    ['', 'begins with $'],
    ['$.', 'cannot be read at "."'],
    ['$..password', 'cannot be read at "..password"'],
    ['$.*', 'cannot be read'],
    ['$[*]', 'cannot be read'],
    ['$[?(@.a)]', 'cannot be read'],
    ['$[0:2]', 'cannot be read'],
    ['$[01]', 'cannot be read'],
    ['$[-0]', 'cannot be read'],
    ['$[99999999999]', 'cannot be read'],
    ["$['a]", 'cannot be read'],
    ["$['\\x']", 'cannot be read'],
    ['$.a b', 'cannot be read at " b"'],
    [`$${'.a'.repeat(501)}`, 'longer than 1000'],
  ])('%s is refused', (text, problem) => {
    expect(parseJsonPath(text)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });
});

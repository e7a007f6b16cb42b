import { expect, it } from 'vitest';
import { az } from './testing/index.ts';

// A query that is a literal prints itself.
it.each([
  [`version  -o tsv --query "'a  b'"`, 'a  b\n'],
  [`version -o tsv --query="'a'"`, 'a\n'],
  [`version -o tsv --query '\`"a b"\`'`, 'a b\n'],
])('runs the words of the command line %s', async (command, printed) => {
  expect(await az(command)).toEqual({ code: 0, stdout: printed, stderr: '' });
});

it('takes words as they are', async () => {
  const { stdout } = await az(['version', '-o', 'tsv', '--query', `'"a b"'`]);
  expect(stdout).toBe('"a b"\n');
});

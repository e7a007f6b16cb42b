import { SignJWT } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createLeakSearch } from './leak-search.ts';

const VALUE = `It's "a" värde/with+all?of=it&\nmore`;
const bytes = Buffer.from(VALUE);
const noise = (text: string) => `{"level":20,"msg":"a line with ${text} in it"}`;

const json = JSON.stringify(VALUE);
const planted: Readonly<Record<string, string>> = {
  'as it is': VALUE,
  'in JSON': json,
  'in JSON in JSON': JSON.stringify(json),
  'in JSON as Python writes it': json.replace('ä', '\\u00e4'),
  'in an address': `https://kv.vault.azure.net/?x=${encodeURIComponent(VALUE)}`,
  'in a form': new URLSearchParams({ client_secret: VALUE }).toString(),
  'in base64': bytes.toString('base64'),
  'in base64url': bytes.toString('base64url'),
  'in base64 behind something': Buffer.from(`user:${VALUE}`).toString('base64'),
  'in base64 between things': Buffer.from(`{"v":"${VALUE}"}`).toString('base64'),
  'in base64 of other lengths before it': Buffer.from(`ab${VALUE}cd`).toString('base64'),
  'in hexadecimal': bytes.toString('hex'),
  'in hexadecimal, in capitals': bytes.toString('hex').toUpperCase(),
  'on a command line': `sh -c 'az x --value '\\''${VALUE.replaceAll("'", `'\\''`)}'\\'''`,
};

describe('a value that is known', () => {
  it.each(Object.entries(planted))('is found %s', (_how, text) => {
    const search = createLeakSearch();
    search.know('the value', VALUE);
    const found = search.search('a log', noise(text));
    expect(new Set(found.map(({ what, where }) => `${what} in ${where}`))).toEqual(new Set(['the value in a log']));
  });

  it('is not found where it is not', () => {
    const search = createLeakSearch();
    search.know('the value', VALUE);
    expect(search.search('a log', noise('[redacted]'))).toEqual([]);
    expect(search.search('a log', noise(VALUE.slice(0, -1)))).toEqual([]);
  });

  it('has a length', () => {
    expect(() => createLeakSearch().know('the value', 'v')).toThrow('too short');
  });
});

describe('a token', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const token = () =>
    new SignJWT({ sub: 'a', aud: 'b' }).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(privateKey);

  it.each<[string, (text: string) => string]>([
    ['as it is', (text) => text],
    ['in base64', (text) => Buffer.from(text).toString('base64')],
    ['in base64 behind one byte', (text) => Buffer.from(`"${text}`).toString('base64')],
    ['in base64 behind two', (text) => Buffer.from(`: ${text}`).toString('base64')],
    ['in hexadecimal', (text) => Buffer.from(text).toString('hex')],
  ])('that nobody made known is found %s', async (_how, write) => {
    const [leak] = createLeakSearch().search('a log', noise(write(await token())));
    expect(leak).toMatchObject({ what: 'a token', where: 'a log' });
  });

  it('that is known is found by the end of its signature', async () => {
    const search = createLeakSearch();
    const text = await token();
    search.know('the token', text);
    expect(search.search('a log', noise(text.slice(-40)))).toEqual([
      { what: 'the token', form: 'as it is', where: 'a log' },
    ]);
  });
});

it('a private key is found by a line of it, also in another form of PEM', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const search = createLeakSearch();
  search.know('the key', pem);
  expect(search.search('a file', pem.replaceAll('\n', '\\n'))).not.toEqual([]);
  expect(search.search('a file', pem.split('\n').slice(2, 3).join(''))).not.toEqual([]);
});

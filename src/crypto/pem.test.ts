import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { renderPem, splitPem } from './pem.ts';

const block = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const found = (text: string) => splitPem(text).map(({ label, der }) => `${label} ${der.toString()}`);

describe('the blocks of a PEM text', () => {
  it.each([
    ['in their order', `${block('A', 'b25l')}${block('B C', 'dHdv')}`, ['A one', 'B C two']],
    [
      'with text around them',
      `Bag Attributes\n  key: x\n${block('A', 'b25l')}between\n${block('B', 'dHdv')}after`,
      ['A one', 'B two'],
    ],
    ['with line breaks of Windows', block('A', 'b25l').replaceAll('\n', '\r\n'), ['A one']],
    [
      'with blanks at the ends of lines and empty lines',
      '-----BEGIN A----- \nb2\t\n\n5l \n-----END A-----  \n',
      ['A one'],
    ],
    ['without a line break at the end', block('A', 'b25l').trimEnd(), ['A one']],
    ['that are empty', block('A', ''), ['A ']],
  ])('are found %s', (_how, text, blocks) => {
    expect(found(text)).toEqual(blocks);
  });

  it.each([
    ['is not base64', block('A', 'b2!l')],
    ['is base64 that is cut off', block('A', 'b25')],
    ['ends with another label', '-----BEGIN A-----\nb25l\n-----END B-----\n'],
    ['does not end', '-----BEGIN A-----\nb25l\n'],
    ['does not begin at the beginning of a line', ' -----BEGIN A-----\nb25l\n-----END A-----\n'],
  ])('are passed over where one %s, and the next is found', (_why, text) => {
    expect(found(`${text}${block('B', 'dHdv')}`)).toEqual(['B two']);
  });

  it('keep the headers of a key that is encrypted the old way', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' }).toString();
    const [found] = splitPem(pem);
    expect(found?.headers).toEqual(['Proc-Type: 4,ENCRYPTED', expect.stringMatching(/^DEK-Info: AES-128-CBC,/)]);
    const again = found === undefined ? '' : renderPem(found);
    expect(again).toBe(pem);
    expect(createPrivateKey({ key: again, passphrase: 'x' }).equals(privateKey)).toBe(true);
  });

  it('are written in lines of 64 characters, as OpenSSL does', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const der = publicKey.export({ type: 'spki', format: 'der' });
    expect(renderPem({ label: 'PUBLIC KEY', der })).toBe(publicKey.export({ type: 'spki', format: 'pem' }));
  });
});

import { describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { dataOfType } from './types.ts';

const values = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([key, text]) => ({
    key,
    objectName: `${key}-file`,
    value: new Secret<Uint8Array>(Buffer.from(text)),
  }));

describe('the data of a Secret', () => {
  it.each([
    ['Opaque', { a: '', b: '\0\u{1F600}' }],
    ['kubernetes.io/basic-auth', { username: 'u' }],
    ['kubernetes.io/ssh-auth', { 'ssh-privatekey': 'k' }],
    ['kubernetes.io/dockercfg', { '.dockercfg': '{"r.io":{}}' }],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': ' {"auths":{}} ', more: 'no JSON' }],
    ['bootstrap.kubernetes.io/token', { 'token-id': 'abcdef' }],
    ['example.com/own', { any: 'x' }],
  ])('of type %s is what the files hold', async (type, files) => {
    const given = values(files);
    expect(await dataOfType(type, given)).toEqual({ data: given });
  });

  it.each([
    ['kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }, 'the file ssh-privatekey-file is empty'],
    ['kubernetes.io/dockercfg', { '.dockercfg': '' }, 'the file .dockercfg-file is no JSON object'],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': '{"auths"' }, 'is no JSON object'],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': '[]' }, 'is no JSON object'],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': '1' }, 'is no JSON object'],
    ['kubernetes.io/tls', { 'tls.crt': 'x' }, 'its file is not there, and a Secret of type kubernetes.io/tls needs it'],
    ['kubernetes.io/basic-auth', { realm: 'x' }, 'its file is not there'],
    ['Opaque', { a: 'x', big: 'x'.repeat(1024 * 1024) }, 'the Secret would hold 1048577 bytes, and at most 1048576'],
  ])('of type %s is refused before the API server does it', async (type, files, message) => {
    const result = await dataOfType(type, values(files));
    expect('issues' in result && result.issues.map((issue) => issue.message).join()).toContain(message);
    expect(JSON.stringify(result)).not.toContain('auths');
  });

  it('may be as large as the API server allows', async () => {
    expect(await dataOfType('Opaque', values({ big: 'x'.repeat(1024 * 1024) }))).toHaveProperty('data');
  });
});

import { describe, expect, it } from 'vitest';
import { parseIssuerMap } from './mapped-issuer.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const parse = (maps: readonly string[], authorities: readonly string[] = []) =>
  parseIssuerMap({ maps, authorities }, '/home/me');

describe('a mapping of issuers', () => {
  it.each([
    ['a file of the working folder', `${ISSUER}=jwks.json`, ISSUER, '/home/me/jwks.json'],
    ['an absolute path', `${ISSUER}=/tmp/k`, ISSUER, '/tmp/k'],
    ['a path with an equals sign', `${ISSUER}=a=b`, ISSUER, '/home/me/a=b'],
    ['a server', `${ISSUER}/=https://127.0.0.1:6443`, `${ISSUER}/`, 'https://127.0.0.1:6443'],
    ['kubectl proxy', `${ISSUER}=http://127.0.0.1:8001`, ISSUER, 'http://127.0.0.1:8001'],
    ['kubectl proxy by name', `${ISSUER}=http://localhost:8001`, ISSUER, 'http://localhost:8001'],
  ])('names %s', (_what, text, issuer, from) => {
    expect(parse([text])).toEqual({ issuers: [{ issuer, from }], issues: [] });
  });

  it('takes the authorities of a server', () => {
    const { issuers, issues } = parse([`${ISSUER}=https://10.0.0.1:6443`], [`${ISSUER}=ca.crt`]);
    expect(issues).toEqual([]);
    expect(issuers).toEqual([{ issuer: ISSUER, from: 'https://10.0.0.1:6443', caFile: '/home/me/ca.crt' }]);
  });

  it.each([
    ['no place', [ISSUER], [], 'no file, folder or URL'],
    ['an empty place', [`${ISSUER}=`], [], 'no file, folder or URL'],
    ['an http issuer', ['http://issuer=k'], [], 'https URL'],
    ['no issuer', ['jwks.json'], [], 'https URL'],
    ['an issuer with a query', ['https://issuer?a=k'], [], 'https URL'],
    ['a plain connection to another machine', [`${ISSUER}=http://10.0.0.1:8001`], [], 'must be https'],
    ['a name that only looks like this machine', [`${ISSUER}=http://127.0.0.1.example.com`], [], 'must be https'],
    ['another protocol', [`${ISSUER}=ftp://host/k`], [], 'must be https'],
    ['a URL with a password', [`${ISSUER}=https://u:p@host`], [], 'no user'],
    ['the same issuer twice', [`${ISSUER}=a`, `${ISSUER}=b`], [], 'twice'],
    ['authorities of nobody', [], [`${ISSUER}=ca`], 'there is no --issuer-map'],
    ['authorities with the slash of another issuer', [`${ISSUER}=https://h`], [`${ISSUER}/=ca`], 'both alike'],
    ['authorities of a file', [`${ISSUER}=k.json`], [`${ISSUER}=ca`], 'nothing is to be trusted'],
    ['authorities twice', [`${ISSUER}=https://h`], [`${ISSUER}=ca`, `${ISSUER}=cb`], 'two of them'],
  ])('refuses %s', (_what, maps, authorities, message) => {
    const { issues } = parse(maps, authorities);
    expect(issues.map((issue) => issue.message)).toEqual([expect.stringContaining(message)]);
  });

  it('says all that is wrong at once, each with what was written', () => {
    const { issues } = parse(['one', `${ISSUER}=`], ['two=x']);
    expect(issues.map(({ path }) => path)).toEqual([
      '--issuer-map one',
      `--issuer-map ${ISSUER}=`,
      '--issuer-ca two=x',
    ]);
  });
});

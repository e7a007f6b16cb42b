import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDisposeStack, systemClock, systemRandom } from '#base';
import { createCertificateAuthority } from '#crypto';
import { startHttpServer } from '#http';
import { checkIssuers, createIssuerMap } from './issuer-map.ts';
import type { MappedIssuer } from './mapped-issuer.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`;
const KEYS = { keys: [{ kty: 'RSA', kid: 'one', n: 'AQAB', e: 'AQAB' }] };

let folder: string;
let stack = createDisposeStack();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyferry-issuers-'));
});
afterEach(async () => {
  await stack[Symbol.asyncDispose]();
  stack = createDisposeStack();
  rmSync(folder, { recursive: true });
});

const write = async (name: string, content: unknown) => {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const mapOf = (...issuers: MappedIssuer[]) =>
  createIssuerMap({
    clock: systemClock,
    issuers,
    fetchJson: (url) => Promise.reject(new Error(`no way to ${url}`)),
  });

/** A server of its own authority that serves `documents` by path, and the path of the authority's certificate. */
async function serve(documents: Readonly<Record<string, unknown>>) {
  const authority = await createCertificateAuthority('a cluster', { clock: systemClock, random: systemRandom });
  const leaf = await authority.issueServer({ dnsNames: ['localhost'] });
  const asked: string[] = [];
  const { port } = stack.use(
    await startHttpServer({
      tls: { key: leaf.keyPem, cert: leaf.certPem },
      graceMs: 10,
      listener: (message, response) => {
        asked.push(message.url ?? '');
        const document = documents[message.url ?? ''];
        // As kube-apiserver 1.34 does: its keys are of a type of their own, and a client that does not take it gets 406.
        const type = message.url === '/openid/v1/jwks' ? 'application/jwk-set+json' : 'application/json';
        const taken = message.headers.accept?.split(/,\s*/).includes(type) === true;
        response
          .writeHead(document === undefined ? 403 : taken ? 200 : 406, { 'content-type': type })
          .end(JSON.stringify(document));
      },
    }),
  );
  return { url: `https://localhost:${port}`, caFile: await write('ca.crt', authority.pair.certPem), asked };
}

describe('the documents of a mapped issuer', () => {
  it('are a key set and what the issuer would say of it', async () => {
    const map = mapOf({ issuer: ISSUER, from: await write('jwks.json', KEYS) });
    const discovery = (await map.fetchJson(DISCOVERY, ISSUER)) as { issuer: string; jwks_uri: string };
    expect(discovery.issuer).toBe(ISSUER);
    expect(await map.fetchJson(discovery.jwks_uri, ISSUER)).toEqual(KEYS);
  });

  it('are read again each time: keys rotate', async () => {
    const from = await write('jwks.json', KEYS);
    const map = mapOf({ issuer: ISSUER, from });
    await map.fetchJson(`${ISSUER}/openid/v1/jwks`, ISSUER);
    await write('jwks.json', { keys: [] });
    expect(await map.fetchJson(`${ISSUER}/openid/v1/jwks`, ISSUER)).toEqual({ keys: [] });
    await rm(from);
    await expect(map.fetchJson(`${ISSUER}/openid/v1/jwks`, ISSUER)).rejects.toThrow('no such file');
  });

  it('are the files of a folder that has what its address serves', async () => {
    await write('.well-known/openid-configuration', { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` });
    await write('keys', KEYS);
    const map = mapOf({ issuer: ISSUER, from: folder });
    expect(await map.fetchJson(DISCOVERY, ISSUER)).toMatchObject({ jwks_uri: `${ISSUER}/keys` });
    expect(await map.fetchJson(`${ISSUER}/keys`, ISSUER)).toEqual(KEYS);
  });

  it('are no files outside of the folder', async () => {
    await write('secret.json', { a: 1 });
    const map = mapOf({ issuer: ISSUER, from: join(folder, 'public') });
    await mkdir(join(folder, 'public'));
    await expect(map.fetchJson(`${ISSUER}/../secret.json`, ISSUER)).rejects.toThrow('leads out of');
  });

  it('are asked of a server alone, its keys too, wherever they are said to be', async () => {
    const { url, caFile, asked } = await serve({
      '/.well-known/openid-configuration': { issuer: ISSUER, jwks_uri: 'https://10.96.0.1:6443/openid/v1/jwks' },
      '/openid/v1/jwks': KEYS,
    });
    const map = mapOf({ issuer: ISSUER, from: url, caFile });
    await map.fetchJson(DISCOVERY, ISSUER);
    expect(await map.fetchJson('https://10.96.0.1:6443/openid/v1/jwks', ISSUER)).toEqual(KEYS);
    expect(asked).toEqual(['/.well-known/openid-configuration', '/openid/v1/jwks']);
  });

  it('are not taken from a server that nobody vouches for', async () => {
    const { url, asked } = await serve({ '/.well-known/openid-configuration': { issuer: ISSUER } });
    await expect(mapOf({ issuer: ISSUER, from: url }).fetchJson(DISCOVERY, ISSUER)).rejects.toThrow(/failed/);
    expect(asked).toEqual([]);
  });

  it('are those of its exact name: another is read where it says it is, and told from one that differs by a slash', async () => {
    const map = mapOf({ issuer: ISSUER, from: await write('jwks.json', KEYS) });
    await expect(map.fetchJson('https://other/k', 'https://other')).rejects.toThrow(
      'no way to https://other/k; no --issuer-map names https://other',
    );
    await expect(map.fetchJson(DISCOVERY, `${ISSUER}/`)).rejects.toThrow(
      `no way to ${DISCOVERY}; --issuer-map names ${ISSUER}, which is another issuer than ${ISSUER}/`,
    );
  });
});

describe('looking at mapped issuers before they are used', () => {
  it('finds nothing in a key set', async () => {
    const from = await write('jwks.json', KEYS);
    expect(await checkIssuers([{ issuer: ISSUER, from }], systemClock)).toEqual({ issues: [], warnings: [] });
  });

  it.each([
    ['a missing file', undefined, 'no such file'],
    ['what is no JSON', '<html>', 'is not JSON'],
    ['JSON that is no key set', [], 'no "keys"'],
    ['a discovery document', { issuer: ISSUER, jwks_uri: `${ISSUER}/k` }, 'discovery document'],
    ['keys that Entra ID takes no tokens of', { keys: [{ kty: 'EC' }, null] }, 'no RSA key'],
    ['no key at all', { keys: [] }, 'no RSA key'],
  ])('finds %s', async (_what, content, message) => {
    const from = content === undefined ? join(folder, 'none') : await write('jwks.json', content);
    const { issues } = await checkIssuers([{ issuer: ISSUER, from }], systemClock);
    expect(issues).toEqual([{ path: `--issuer-map ${ISSUER}=${from}`, message: expect.stringContaining(message) }]);
  });

  it('finds a server of another issuer', async () => {
    const { url, caFile } = await serve({
      '/.well-known/openid-configuration': { issuer: `${ISSUER}/`, jwks_uri: `${ISSUER}/k` },
    });
    const { issues } = await checkIssuers([{ issuer: ISSUER, from: url, caFile }], systemClock);
    expect(issues.map(({ message }) => message)).toEqual([expect.stringContaining(`"${ISSUER}/"`)]);
  });

  it('finds authorities that are none', async () => {
    const caFile = await write('ca.crt', 'nothing');
    const { issues } = await checkIssuers([{ issuer: ISSUER, from: 'https://127.0.0.1:1', caFile }], systemClock);
    expect(issues).toEqual([
      { path: `--issuer-ca ${ISSUER}=${caFile}`, message: `${caFile} holds no certificate (PEM)` },
    ]);
  });

  it('warns of a server that refuses or is not there: it may come later', async () => {
    const { url, caFile } = await serve({});
    const { issues, warnings } = await checkIssuers(
      [
        { issuer: ISSUER, from: url, caFile },
        { issuer: `${ISSUER}/two`, from: 'http://127.0.0.1:1' },
      ],
      systemClock,
    );
    expect(issues).toEqual([]);
    expect(warnings).toHaveLength(2);
    expect(warnings.join('\n')).toMatch(/HTTP 403 \(let everybody read them: kubectl create clusterrolebinding/);
    expect(warnings.join('\n')).toContain('ECONNREFUSED');
  });
});

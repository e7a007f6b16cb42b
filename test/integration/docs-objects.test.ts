import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { systemClock } from '#base';
import { packageRoot } from '#lab/session';
import { everyKind, startProviderScene, type ProviderScene } from './support/provider-scene.ts';

// Every example of docs/objects.md, as it is written there, through `keyferry provider` against the emulated Azure.

/** The files that the page tells of, by the section that an example stands in, in its order there. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  'Objects of a class': ['db-password', 'keys/signing.pem'],
  'What is in the files': ['web.pem', 'web.pfx'],
  Certificates: ['web', 'web.crt', 'web.key'],
  Versions: ['db-password'],
  'A history': ['keys/0', 'keys/1', 'keys/2'],
  'Optional objects': [],
  Selection: ['settings/shop-db', 'settings/shop-mail'],
  'Several vaults': ['db-password', 'root-ca'],
  'JSON values': ['password', 'db/user', 'db/login', 'db/ports', 'postgres/user', 'postgres/port'],
};

const VAULTS = ['kv-shop', 'kv-platform'] as const;

/** The YAML of a page's examples, with the headings that they stand below. */
function examplesOf(page: string): readonly (readonly [heading: string, yaml: string])[] {
  const text = readFileSync(join(packageRoot(), 'docs', page), 'utf8');
  let heading = '';
  const found: [string, string][] = [];
  for (const [, title, yaml] of text.matchAll(/^#+ (.+)$|^```yaml\n([\s\S]*?)^```$/gm)) {
    if (yaml === undefined) heading = title ?? '';
    else found.push([heading, yaml]);
  }
  return found;
}

let scene: ProviderScene;

beforeAll(async () => {
  scene = await startProviderScene();
  for (const vault of VAULTS) await scene.makeVault(vault, everyKind('get', 'list'));
  await fillVaults();
}, 90_000);
afterAll(() => scene?.[Symbol.asyncDispose]());

/** The vaults as the page takes them to be. */
async function fillVaults(): Promise<void> {
  const secret = (name: string, body: object) => scene.lab.put(`https://kv-shop.vault.azure.net/secrets/${name}`, body);
  const inAYear = Math.floor(systemClock.now() / 1000) + 365 * 24 * 3600;
  await secret('db-password', { value: 'of today' });
  await secret('db-password', { value: 'of next year', attributes: { nbf: inAYear } });
  await secret('shop-db', { value: '1', tags: { env: 'prod' } });
  await secret('shop-mail', { value: '2', tags: { env: 'prod' } });
  await secret('shop-trial', { value: '3', tags: { env: 'test' } });
  await secret('db', { value: '{"user": "ada", "login": {"password": "x"}, "ports": [5432, 5433]}' });
  for (let version = 0; version < 4; version += 1)
    await scene.post('kv-shop', 'keys/signing/create', { kty: 'EC', crv: 'P-256' });
  await makeCertificate('kv-shop', 'web');
  await makeCertificate('kv-platform', 'root-ca');
}

async function makeCertificate(vault: string, name: string): Promise<void> {
  const policy = {
    issuer: { name: 'Self' },
    key_props: { kty: 'EC', crv: 'P-256', exportable: true },
    secret_props: { contentType: 'application/x-pkcs12' },
    x509_props: { subject: `CN=${name}` },
  };
  await scene.post(vault, `certificates/${name}/create`, { policy });
  const url = `https://${vault}.vault.azure.net/certificates/${name}?api-version=7.4`;
  await vi.waitFor(async () => expect((await scene.lab.call('GET', url)).status).toBe(200), { timeout: 20_000 });
}

/** The parameters of the class that an example is, or is the list of entries of. */
function parametersOf(yaml: string): Record<string, string> {
  const written = parse(yaml) as { spec: { parameters: Record<string, string> } } | readonly unknown[];
  const indented = yaml.replaceAll(/^(?=.)/gm, '  ');
  const own = Array.isArray(written) ? { keyvaultName: 'kv-shop', objects: `array:\n${indented}` } : {};
  return 'spec' in written ? written.spec.parameters : own;
}

const EXAMPLES = examplesOf('objects.md');

it('the page has the examples that are known here', () => {
  expect(EXAMPLES.map(([heading]) => heading)).toEqual(Object.keys(FILES));
});

it.each(EXAMPLES)('%s: the example makes the files that it tells of', async (heading, yaml) => {
  const { files } = await scene.mount(parametersOf(yaml));
  expect(files.map(({ path }) => path)).toEqual(FILES[heading]);
});

it('no example has a field that the provider ignores', async () => {
  await expect.poll(() => scene.provider.logs.match(/Objects of a volume asked for/g)).toHaveLength(EXAMPLES.length);
  expect(scene.provider.logs).not.toContain('ignoredFields');
});

it('a version that is not valid yet waits, as the example for it says', async () => {
  const [, yaml = ''] = EXAMPLES.find(([heading]) => heading === 'Versions') ?? [];
  const { files } = await scene.mount(parametersOf(yaml));
  expect(Buffer.from(files[0]?.contents.expose() ?? '').toString()).toBe('of today');
});

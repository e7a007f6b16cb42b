import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createFakeClock } from '../../../base/testing/index.ts';
import { createAuditLog } from '../audit-log.ts';
import { createChartRepositories } from './index.ts';

const chartFolder = fileURLToPath(new URL('../../../../charts/keyferry', import.meta.url));
const DRIVER = 'https://kubernetes-sigs.github.io/secrets-store-csi-driver/charts/';
const AZURE = 'https://azure.github.io/secrets-store-csi-driver-provider-azure/charts/';

const create = (folder = chartFolder) =>
  createChartRepositories({ chartFolder: folder, audit: createAuditLog({ clock: createFakeClock() }) });

interface Entry {
  readonly name: string;
  readonly version: string;
  readonly appVersion: string;
  readonly digest: string;
  readonly urls: readonly string[];
}

async function onlyEntry(service: ReturnType<typeof create>, repository: string): Promise<Entry> {
  const response = await service.fetch(new Request(`${repository}index.yaml`));
  const index = parse(await response.text()) as { entries: Record<string, Entry[]> };
  const [entry, ...more] = Object.values(index.entries).flat();
  expect(more).toEqual([]);
  return entry as Entry;
}

async function archiveOf(service: ReturnType<typeof create>, url: string): Promise<Buffer> {
  return Buffer.from(await (await service.fetch(new Request(url))).arrayBuffer());
}

async function filesOf(archive: Buffer): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for await (const entry of Readable.from([gunzipSync(archive)]).pipe(extract())) {
    files.set(entry.header.name, await text(entry));
  }
  return files;
}

describe('the chart repositories', () => {
  it.each([
    [DRIVER, 'secrets-store-csi-driver', '1.6.0'],
    [AZURE, 'csi-secrets-store-provider-azure', '1.8.2'],
  ])(
    'at %s list the chart %s, and the archive is the one that the list promises',
    async (repository, name, version) => {
      const service = create();
      const entry = await onlyEntry(service, repository);
      expect(entry).toMatchObject({ name, version, urls: [`${repository}${name}-${version}.tgz`] });
      const archive = await archiveOf(service, entry.urls[0] ?? '');
      expect(createHash('sha256').update(archive).digest('hex')).toBe(entry.digest);
      const files = await filesOf(archive);
      const chart = parse(files.get(`${name}/Chart.yaml`) ?? '') as Entry;
      expect(chart).toMatchObject({ name, version, appVersion: entry.appVersion });
      expect([...files.keys()].filter((path) => !path.startsWith(`${name}/`))).toEqual([]);
      expect([...files.keys()]).toContain(`${name}/templates/daemonset.yaml`);
    },
  );

  it.each([
    [DRIVER, { azure: { enabled: false }, tokenRequests: [] }],
    [
      AZURE,
      {
        azure: { enabled: true },
        tokenRequests: [{ audience: 'api://AzureADTokenExchange' }, { audience: 'api://AKSIdentityBinding' }],
      },
    ],
  ])('at %s have the defaults that upstream documents for its chart', async (repository, own) => {
    const service = create();
    const entry = await onlyEntry(service, repository);
    const files = await filesOf(await archiveOf(service, entry.urls[0] ?? ''));
    const values = files.get(`${entry.name}/values.yaml`) ?? '';
    expect(parse(values)).toMatchObject({
      driver: { enabled: true },
      enableSecretRotation: false,
      syncSecret: { enabled: false },
      ...own,
    });
    expect(values).toContain('# Refresh mounted volumes');
  });

  it('give the same bytes to all who start them', async () => {
    const url = (await onlyEntry(create(), AZURE)).urls[0] ?? '';
    expect((await archiveOf(create(), url)).equals(await archiveOf(create(), url))).toBe(true);
  });

  it.each([
    [
      'the provider’s chart in the driver’s repository',
      'GET',
      `${DRIVER}secrets-store-csi-driver-provider-azure-1.8.2.tgz`,
      404,
    ],
    ['a version that is not served', 'GET', `${DRIVER}secrets-store-csi-driver-1.4.0.tgz`, 404],
    [
      'one repository’s chart on the other host',
      'GET',
      `https://azure.github.io/secrets-store-csi-driver/charts/index.yaml`,
      404,
    ],
    ['another project of the host', 'GET', 'https://azure.github.io/azure-workload-identity/charts/index.yaml', 404],
    ['a change', 'POST', `${DRIVER}index.yaml`, 405],
  ])('refuse %s', async (_what, method, url, status) => {
    const response = await create().fetch(new Request(url, { method }));
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8']);
  });

  it('serve only hosts with a repository', () => {
    const { serves } = create();
    expect(
      ['azure.github.io', 'kubernetes-sigs.github.io', 'github.io', 'x.azure.github.io'].map((host) => serves(host)),
    ).toEqual([true, true, false, false]);
  });

  it('fail while the chart is not there, and not for ever', async () => {
    await expect(create('/nowhere/at-all').fetch(new Request(`${DRIVER}index.yaml`))).rejects.toThrow('ENOENT');
  });
});

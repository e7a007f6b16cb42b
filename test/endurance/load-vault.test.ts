import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloudLab, type CloudLab } from '../integration/support/cloud-lab.ts';

// A vault with a thousand secrets, and a secret with a thousand versions: @azure/keyvault-secrets, unmodified, and raw
// requests, through the gateway.

const VAULT = 'kv-thousand';
const COUNT = 1000;
/** The most that Key Vault puts on a page (GetSecrets, `maxresults`). */
const PAGE = 25;
const nameOf = (index: number) => `secret-${String(index).padStart(4, '0')}`;
const NAMES = Array.from({ length: COUNT }, (_, index) => nameOf(index));

let lab: CloudLab;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  lab = await startCloudLab();
  const { tenantId } = lab.cloud.directory.tenant;
  const app = lab.cloud.directory.createApplication({ displayName: 'lister' });
  const secrets = ['get', 'list', 'set', 'delete', 'recover', 'purge'];
  await lab.put('', { location: 'eastus' });
  await lab.put(`/providers/Microsoft.KeyVault/vaults/${VAULT}`, {
    location: 'eastus',
    properties: {
      tenantId,
      sku: { family: 'A', name: 'standard' },
      accessPolicies: [{ tenantId, objectId: app.objectId, permissions: { secrets } }],
    },
  });
  env = { TENANT: tenantId, CLIENT: app.clientId, SECRET: app.secret.expose(), VAULT, COUNT: String(COUNT) };
});
afterAll(() => lab?.[Symbol.asyncDispose]());

/** Runs `body`, which has a `client` and `atOnce`, in a process of its own; answers what it returned. */
async function withClient<T>(body: string): Promise<T> {
  const printed = await lab.runNode(
    `
    import { ClientSecretCredential } from '@azure/identity';
    import { SecretClient } from '@azure/keyvault-secrets';
    const { TENANT, CLIENT, SECRET, VAULT, COUNT } = process.env;
    const url = 'https://' + VAULT + '.vault.azure.net';
    const credential = new ClientSecretCredential(TENANT, CLIENT, SECRET);
    const client = new SecretClient(url, credential, { retryOptions: { maxRetries: 0 } });
    const nameOf = (index) => 'secret-' + String(index).padStart(4, '0');
    const names = Array.from({ length: Number(COUNT) }, (_, index) => nameOf(index));
    const atOnce = async (count, items, work) => {
      const left = [...items];
      await Promise.all(Array.from({ length: count }, async () => {
        for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
      }));
    };
    const pagesOf = async (iterator) => {
      const pages = [];
      for await (const page of iterator.byPage()) pages.push(page.map(({ name, version }) => version ?? name));
      return pages;
    };
    const result = await (async () => { ${body} })();
    process.stdout.write(JSON.stringify(result));
  `,
    env,
  );
  return JSON.parse(printed) as T;
}

describe('a vault with a thousand secrets', () => {
  it('lists each of them once, by pages, also while others are set', async () => {
    const seen = await withClient<{ during: string[]; pages: string[][] }>(`
      await atOnce(8, names, (name) => client.setSecret(name, 'value of ' + name));
      const newcomers = names.slice(0, 200).map((name) => 'new-' + name);
      const writing = atOnce(4, newcomers, (name) => client.setSecret(name, 'late'));
      const during = (await pagesOf(client.listPropertiesOfSecrets())).flat();
      await writing;
      const pages = await pagesOf(client.listPropertiesOfSecrets());
      await atOnce(8, newcomers, async (name) => {
        await client.beginDeleteSecret(name, { intervalInMs: 1 });
        await client.purgeDeletedSecret(name);
      });
      return { during, pages };
    `);
    expect(repeated(seen.during)).toEqual([]);
    expect(seen.during.filter((name) => !name.startsWith('new-'))).toEqual(NAMES);
    expect(seen.pages.map(({ length }) => length)).toEqual(Array.from({ length: 1200 / PAGE }, () => PAGE));
    expect(repeated(seen.pages.flat())).toEqual([]);
    expect(seen.pages.flat()).toHaveLength(COUNT + 200);
  });

  it('says by nextLink where the next page is, and null after the last', async () => {
    const names: string[] = [];
    const tokens: (string | null)[] = [];
    const token = await withClient<string>(
      `return (await credential.getToken('https://vault.azure.net/.default')).token`,
    );
    for (
      let url: string | null = `https://${VAULT}.vault.azure.net/secrets?api-version=7.4&maxresults=7`;
      url !== null;
    ) {
      const { status, text } = await lab.send(url, { authorization: `Bearer ${token}` });
      expect(status).toBe(200);
      const page = JSON.parse(text) as Page;
      names.push(...page.value.map(({ id }) => id.split('/').at(-1) ?? ''));
      expect(page.value.length).toBeLessThanOrEqual(7);
      url = page.nextLink;
      if (url !== null) tokens.push(new URL(url).searchParams.get('$skiptoken'));
    }
    expect(names).toEqual(NAMES);
    expect(new Set(tokens).size).toBe(Math.ceil(COUNT / 7) - 1);
    expect(tokens).not.toContain(null);
  });

  it('lists those that are deleted, and none of them twice when they come back', async () => {
    const seen = await withClient<{ deleted: string[][]; left: string[]; back: string[][] }>(`
      const half = names.filter((_, index) => index % 2 === 0);
      await atOnce(8, half, (name) => client.beginDeleteSecret(name, { intervalInMs: 1 }));
      const deleted = await pagesOf(client.listDeletedSecrets());
      const left = (await pagesOf(client.listPropertiesOfSecrets())).flat();
      await atOnce(8, half, (name) => client.beginRecoverDeletedSecret(name, { intervalInMs: 1 }));
      return { deleted, left, back: await pagesOf(client.listPropertiesOfSecrets()) };
    `);
    expect(seen.deleted.flat()).toEqual(NAMES.filter((_, index) => index % 2 === 0));
    expect(seen.deleted).toHaveLength(COUNT / 2 / PAGE);
    expect(seen.left).toEqual(NAMES.filter((_, index) => index % 2 === 1));
    expect(seen.back.flat()).toEqual(NAMES);
  });

  it('lists a thousand versions of one of them, and answers each', async () => {
    const seen = await withClient<{ made: string[]; pages: string[][]; values: string[] }>(`
      const made = [];
      for (let index = 0; index < Number(COUNT); index += 1) {
        made.push((await client.setSecret('Many', 'value ' + index)).properties.version);
      }
      const pages = await pagesOf(client.listPropertiesOfSecretVersions('Many'));
      const latest = await client.getSecret('many');
      const first = await client.getSecret('Many', { version: made[0] });
      return { made, pages, values: [first.value, latest.value] };
    `);
    expect(seen.pages.flat().toSorted()).toEqual(seen.made.toSorted());
    expect(seen.pages).toHaveLength(COUNT / PAGE);
    expect(seen.values).toEqual(['value 0', `value ${COUNT - 1}`]);
  });
});

interface Page {
  readonly value: readonly { readonly id: string }[];
  readonly nextLink: string | null;
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}

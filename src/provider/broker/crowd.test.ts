import { beforeAll, describe, expect, it } from 'vitest';
import { KeyferryError, Secret } from '#base';
import { findCloud, type Cloud } from '#azure';
import { createFakeClock } from '../../base/testing/index.ts';
import { createBrokerSetup, createTestIssuer, type TestIssuer } from '../testing/index.ts';
import type { Caller } from './proof.ts';

// What one node asks of Azure for a thousand pods at once.

const PODS = 1_000;
const SERVICE_ACCOUNTS = ['blue', 'green', 'red'];
const SECRETS = ['one', 'two', 'three', 'four', 'five'];
const VAULTS = ['https://kv-a.vault.test', 'https://kv-b.vault.test'];
const WINDOW_MS = 30_000;
const cloud: Cloud = {
  ...(findCloud('AzurePublicCloud') as Cloud),
  vaultDnsSuffix: 'vault.test',
  vaultResource: undefined,
  wellKnown: false,
};
const { signal } = new AbortController();

let issuer: TestIssuer;
let pods: Caller[];

beforeAll(async () => {
  issuer = await createTestIssuer(createFakeClock());
  // Each pod has a token of its own, as kubelet gives it.
  pods = await Promise.all(
    Array.from({ length: PODS }, async (_, index): Promise<Caller> => {
      const name = SERVICE_ACCOUNTS[index % SERVICE_ACCOUNTS.length] ?? '';
      const assertion = new Secret(await issuer.token({ serviceAccount: name, expiresInSeconds: 3600 + index }));
      return {
        cloud,
        tenantId: 'tenant',
        identity: { mode: 'workload-identity', clientId: `client-${name}`, assertion },
        pod: { namespace: 'team', serviceAccountName: name },
      };
    }),
  );
});

function setUp() {
  const { clock, azure, broker } = createBrokerSetup(issuer);
  /** What one pod is given: each of `names` of each of `vaults`. */
  const mount = async (caller: Caller, vaults = VAULTS, names = SECRETS) => {
    const admission = await broker.admit(caller, { signal });
    const call = { signal, deadlineMs: clock.monotonic() + 60_000 };
    const objects = vaults.flatMap((vault) => names.map((name) => ({ vault, name })));
    return Promise.all(
      objects.map(async ({ vault, name }) => {
        const fetched = await admission.fetch(vault, { type: 'secret', name, version: undefined }, call);
        return fetched.type === 'secret' ? fetched.value.expose() : '';
      }),
    );
  };
  return { clock, azure, broker, mount };
}

describe('a thousand pods with three identities and five secrets of two vaults', () => {
  it('cost an exchange an identity, a challenge a vault and identity, a read an object and identity; nobody gets another’s', async () => {
    const { azure, mount, broker } = setUp();
    const given = await Promise.all(pods.map((pod) => mount(pod)));
    expect(given).toHaveLength(PODS);
    for (const [index, values] of given.entries()) {
      const name = pods[index]?.pod.serviceAccountName;
      const own = SECRETS.map(
        (secret) => `${secret} for system:serviceaccount:team:${name} as client-${name} in tenant`,
      );
      expect(values).toEqual([...own, ...own]);
    }
    expect(azure.exchanges.toSorted()).toEqual(
      SERVICE_ACCOUNTS.map((name) => `system:serviceaccount:team:${name} as client-${name} in tenant`),
    );
    expect(azure.challenges).toHaveLength(VAULTS.length * SERVICE_ACCOUNTS.length);
    expect(azure.reads).toHaveLength(VAULTS.length * SERVICE_ACCOUNTS.length * SECRETS.length);
    expect(broker.size).toBe(SERVICE_ACCOUNTS.length);
    await broker[Symbol.asyncDispose]();
  });

  it('cost the same once more in the next window, and nothing within one', async () => {
    const { clock, azure, mount, broker } = setUp();
    const everybody = () => Promise.all(pods.map((pod) => mount(pod)));
    await everybody();
    const once = azure.reads.length;
    await clock.advance(WINDOW_MS - 1);
    await everybody();
    expect(azure.reads).toHaveLength(once);
    await clock.advance(1);
    await everybody();
    expect(azure.reads).toHaveLength(2 * once);
    expect(azure.exchanges).toHaveLength(2 * SERVICE_ACCOUNTS.length);
    await broker[Symbol.asyncDispose]();
  });
});

it('a wrong client secret is refused while the right one’s answers are kept', async () => {
  const { azure, mount } = setUp();
  azure.onExchange = (who) => {
    if (who.startsWith('wrong ')) throw new KeyferryError('unauthenticated', 'AADSTS7000215: Invalid client secret');
  };
  const principal = (secret: string): Caller => ({
    cloud,
    tenantId: 'tenant',
    identity: { mode: 'service-principal', clientId: 'client', clientSecret: new Secret(secret) },
    pod: { namespace: 'team', serviceAccountName: 'reader' },
  });
  const ask = (secret: string) => mount(principal(secret), VAULTS.slice(0, 1), ['one']);
  await expect(ask('right')).resolves.toEqual(['one for right as client in tenant']);
  await expect(ask('wrong')).rejects.toThrow('AADSTS7000215');
  await expect(ask('right')).resolves.toEqual(['one for right as client in tenant']);
  expect(azure.exchanges).toEqual(['right as client in tenant', 'wrong as client in tenant']);
});

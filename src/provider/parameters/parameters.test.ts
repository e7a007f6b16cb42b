import { describe, expect, it } from 'vitest';
import { Secret } from '#base';
import type { TokenProxy } from '#azure';
import { TOKENS_ATTRIBUTE } from '#providerapi';
import { parseParameters, serviceAccountOf } from './parameters.ts';

const TOKENS = JSON.stringify({
  'api://AzureADTokenExchange': { token: 'the-token', expirationTimestamp: '2026-01-01T01:00:00Z' },
});

const GOOD: Readonly<Record<string, string>> = {
  'csi.storage.k8s.io/pod.name': 'web-1',
  'csi.storage.k8s.io/pod.namespace': 'team',
  'csi.storage.k8s.io/serviceAccount.name': 'reader',
  [TOKENS_ATTRIBUTE]: TOKENS,
  keyvaultName: 'kv-one',
  tenantID: '11111111-2222-3333-4444-555555555555',
  clientID: 'client-1',
  objects: 'array:\n  - |\n    objectName: one\n    objectType: secret\n',
};

const PROXY: TokenProxy = { url: 'https://proxy.test', serverName: undefined, caFile: '/ca.crt' };

function parse(changes: Readonly<Record<string, string | undefined>> = {}, secrets: Record<string, string> = {}) {
  const merged = Object.entries({ ...GOOD, ...changes }).filter(([, value]) => value !== undefined);
  const attributes = Object.fromEntries(merged) as Record<string, string>;
  return parseParameters({
    attributes,
    secrets: new Secret(secrets),
    defaultCloudName: 'AzurePublicCloud',
    tokenProxy: PROXY,
    serviceAccount: undefined,
  });
}

function parsed(changes?: Parameters<typeof parse>[0], secrets?: Parameters<typeof parse>[1]) {
  const result = parse(changes, secrets);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.parameters;
}

function messages(changes?: Parameters<typeof parse>[0], secrets?: Parameters<typeof parse>[1]): string[] {
  const result = parse(changes, secrets);
  return result.ok ? [] : result.issues.map(({ message }) => message);
}

describe('parameters', () => {
  it('are read with their defaults', () => {
    const parameters = parsed();
    expect(parameters).toMatchObject({
      pod: { name: 'web-1', namespace: 'team', serviceAccountName: 'reader' },
      keyvaultName: 'kv-one',
      cloudName: 'AzurePublicCloud',
      cloudEnvFile: undefined,
      identity: { mode: 'workload-identity', clientId: 'client-1' },
    });
    expect(parameters.objects).toHaveLength(1);
  });

  it('lose the space around them', () => {
    expect(parsed({ keyvaultName: '  kv-one\n', clientID: ' client-1 ' })).toMatchObject({
      keyvaultName: 'kv-one',
      identity: { clientId: 'client-1' },
    });
  });

  it.each([
    [{ tenantID: 'a-tenant', tenantId: 'b-tenant' }, 'a-tenant'],
    [{ tenantID: undefined, tenantId: 'b-tenant' }, 'b-tenant'],
    [{ tenantID: ' ', tenantId: 'b-tenant' }, 'b-tenant'],
    [{ tenantID: 'contoso.onmicrosoft.com' }, 'contoso.onmicrosoft.com'],
    [{ tenantID: 'adfs' }, 'adfs'],
  ])('take the tenant of %j as %s', (changes, tenantId) => {
    expect(parsed(changes).tenantId).toBe(tenantId);
  });

  it.each([
    [{ 'csi.storage.k8s.io/pod.name': '' }, 'pod name is not provided'],
    [{ 'csi.storage.k8s.io/pod.namespace': undefined }, 'pod namespace is not provided'],
    [{ keyvaultName: '' }, 'keyvaultName is not provided'],
    [{ keyvaultName: 'kv' }, 'Invalid vault name: "kv", must be between 3 and 24 chars'],
    [{ keyvaultName: 'a'.repeat(25) }, 'must be between 3 and 24 chars'],
    [{ keyvaultName: 'evil.example.com/' }, 'Invalid vault name'],
    [{ keyvaultName: 'kv_one' }, 'Invalid vault name: "kv_one", must match [-a-zA-Z0-9]{3,24}'],
    [{ tenantID: undefined }, 'tenantId is not provided'],
    [{ tenantID: '../common' }, 'is neither an id nor a domain name'],
    [{ cloudName: 'Azure' }, 'cloudName Azure is not valid: it is one of AzurePublicCloud, AzureUSGovernmentCloud, '],
    [{ objects: undefined }, 'objects is not set'],
    [{ usePodIdentity: 'yes' }, 'failed to parse usePodIdentity flag'],
    [{ useVMManagedIdentity: 'TrUe' }, 'failed to parse useVMManagedIdentity flag'],
    [{ useVMManagedIdentity: 'true', usePodIdentity: '1' }, 'only one identity mode can be enabled at a time'],
    [
      { [TOKENS_ATTRIBUTE]: undefined },
      'failed to parse workload identity tokens, error: service account tokens not found',
    ],
    [{ [TOKENS_ATTRIBUTE]: '{"other":{"token":"x"}}' }, 'token for audience api://AzureADTokenExchange not found'],
    [{ [TOKENS_ATTRIBUTE]: 'no json' }, 'service account tokens are not JSON'],
    [{ clientID: undefined }, 'failed to get credentials, nodePublishSecretRef secret is not set'],
  ])('refuse %j', (changes, text) => {
    const found = messages(changes as Record<string, string | undefined>);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(text);
  });

  it.each([
    [{ keyvaultName: 'https://kv-one.vault.azure.net/' }, 'keyvaultName', 'the name alone is "kv-one"'],
    [{ keyvaultName: 'kv-one.vault.azure.cn' }, 'keyvaultName', 'the name alone is "kv-one"'],
    [{ keyvaultName: undefined, keyVaultname: 'kv-one' }, 'keyvaultName', '"keyVaultname" is given: did you mean'],
    [{ tenantID: undefined, tenantIDs: 'a' }, 'tenantID', '"tenantIDs" is given: did you mean tenantID?'],
    [{ tenantID: '../common' }, 'tenantID', 'tenantId "../common" is neither'],
    [{ objects: undefined, object: 'array:' }, 'objects', '"object" is given: did you mean objects?'],
    [{ cloudName: 'AzureMars' }, 'cloudName', 'cloudName AzureMars is not valid'],
  ])('say where %j is wrong, and what was most likely meant', (changes, name, text) => {
    const result = parse(changes as Record<string, string | undefined>);
    expect(result.ok ? [] : result.issues).toEqual([
      { path: `spec.parameters.${name}`, message: expect.stringContaining(text) },
    ]);
  });

  it('suggest nothing where nothing looks like what is missing, nor what is a parameter itself', () => {
    expect(messages({ keyvaultName: undefined, comment: 'x' })).toEqual(['keyvaultName is not provided']);
    expect(messages({ objects: undefined })).toEqual(['objects is not set']);
    expect(messages({ keyvaultName: 'sub.kv-one.example.com' })[0]).not.toContain('the name alone');
  });

  it('quote no more of a long value than a person reads', () => {
    const long = 'x'.repeat(5000);
    for (const changes of [{ keyvaultName: long }, { tenantID: `../${long}` }, { cloudName: long }]) {
      expect(messages(changes)[0]?.length).toBeLessThan(250);
    }
  });

  it('leave the service account’s annotations aside where the class says all, or brings a secret', () => {
    const of = (changes: Record<string, string>, secrets: Record<string, string> = {}) =>
      serviceAccountOf({ attributes: { ...GOOD, ...changes }, secrets: new Secret(secrets) });
    expect(of({ clientID: '' })).toEqual({ namespace: 'team', name: 'reader' });
    expect(of({ useVMManagedIdentity: 'true', clientID: '' })).toBeUndefined();
  });

  it.each(['t', 'T', '1', 'true', 'TRUE', 'True'])('take %s as true, as Go does', (text) => {
    expect(parsed({ useVMManagedIdentity: text }).identity.mode).toBe('managed-identity');
  });

  it.each(['', 'f', 'F', '0', 'false', 'FALSE', 'False'])('take "%s" as false, as Go does', (text) => {
    expect(messages({ useVMManagedIdentity: text })).toEqual([]);
  });

  it('are judged all at once', () => {
    expect(messages({ keyvaultName: '', tenantID: '', objects: '' })).toEqual([
      'keyvaultName is not provided',
      'tenantId is not provided',
      'objects is not set',
    ]);
  });

  it('never show a token, also when it cannot be read', () => {
    const result = parse({ [TOKENS_ATTRIBUTE]: '{"api://AzureADTokenExchange":{"token":"eyJhbGciOi' });
    expect(JSON.stringify(result)).not.toContain('eyJ');
    expect(JSON.stringify(parse())).not.toContain('the-token');
  });
});

describe('the service principal of nodePublishSecretRef', () => {
  it('is used when there is no clientID, with keys in any case', () => {
    const { identity } = parsed({ clientID: undefined }, { ClientID: ' sp ', clientSECRET: 'pw\n' });
    expect(identity).toMatchObject({ mode: 'service-principal', clientId: 'sp' });
    expect(identity.mode === 'service-principal' && identity.clientSecret.expose()).toBe('pw');
  });

  it('is not fallen back to when clientID is set and tokens are missing', () => {
    const secrets = { clientid: 'sp', clientsecret: 'pw' };
    expect(messages({ [TOKENS_ATTRIBUTE]: undefined }, secrets).join()).toContain('service account tokens not found');
  });

  it.each([
    [{ clientsecret: 'pw' }, 'could not find clientid in secrets'],
    [{ clientid: 'sp' }, 'could not find clientsecret in secrets'],
  ])('needs both parts: %j', (secrets, text) => {
    expect(messages({ clientID: undefined }, secrets as Record<string, string>).join()).toContain(text);
  });
});

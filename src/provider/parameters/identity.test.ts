import { describe, expect, it } from 'vitest';
import { Secret, type Issue } from '#base';
import type { TokenProxy } from '#azure';
import { TOKENS_ATTRIBUTE } from '#providerapi';
import { parseIdentity, wantsServiceAccount } from './identity.ts';
import type { ServiceAccountIdentity } from '../service-accounts.ts';

const EXCHANGE = 'api://AzureADTokenExchange';
const BINDING = 'api://AKSIdentityBinding';
const PROXY: TokenProxy = { url: 'https://proxy.test', serverName: 'a.ests.aks', caFile: '/ca.crt' };
const TOKENS = JSON.stringify({ [EXCHANGE]: { token: 'exchange-token' }, [BINDING]: { token: 'binding-token' } });
const POD = {
  'csi.storage.k8s.io/pod.name': 'web',
  'csi.storage.k8s.io/pod.namespace': 'team',
  'csi.storage.k8s.io/pod.uid': '7c1f',
};

interface Given {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly serviceAccount?: Partial<ServiceAccountIdentity>;
  readonly misspeltClientId?: string;
}

function parse({ parameters = {}, secrets = {}, serviceAccount, misspeltClientId = '' }: Given) {
  const all: Readonly<Record<string, string>> = { ...POD, [TOKENS_ATTRIBUTE]: TOKENS, ...parameters };
  const issues: Issue[] = [];
  const identity = parseIdentity(
    {
      parameter: (name) => all[name] ?? '',
      secrets,
      tokenProxy: PROXY,
      serviceAccount: serviceAccount && {
        name: 'team/reader',
        clientId: '',
        tenantId: '',
        unread: undefined,
        ...serviceAccount,
      },
      misspeltClientId,
    },
    issues,
  );
  return { identity, issues };
}

/** A value with its secrets laid open, for comparison. */
function open(value: unknown): unknown {
  if (value instanceof Secret) return `secret ${String(value.expose())}`;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, open(field)]));
}

const SERVICE_PRINCIPAL = { clientid: ' sp ', ClientSecret: ' pw\n' };

describe('who a mount is', () => {
  it.each<[string, Given, unknown]>([
    [
      'clientID',
      { parameters: { clientID: 'c' } },
      { mode: 'workload-identity', clientId: 'c', assertion: 'secret exchange-token' },
    ],
    [
      'clientID, where a Secret and an annotation are there as well',
      { parameters: { clientID: 'c' }, secrets: SERVICE_PRINCIPAL, serviceAccount: { clientId: 'sa' } },
      { mode: 'workload-identity', clientId: 'c', assertion: 'secret exchange-token' },
    ],
    [
      'a Secret, where an annotation is there as well',
      { secrets: SERVICE_PRINCIPAL, serviceAccount: { clientId: 'sa' } },
      { mode: 'service-principal', clientId: 'sp', clientSecret: 'secret pw' },
    ],
    [
      'an annotation',
      { serviceAccount: { clientId: 'sa' } },
      { mode: 'workload-identity', clientId: 'sa', assertion: 'secret exchange-token' },
    ],
    [
      'useAzureTokenProxy and clientID',
      { parameters: { useAzureTokenProxy: 'true', clientID: 'c' } },
      { mode: 'token-proxy', clientId: 'c', assertion: 'secret binding-token', proxy: PROXY },
    ],
    [
      'useAzureTokenProxy and an annotation, where a Secret is there as well',
      { parameters: { useAzureTokenProxy: 't' }, secrets: SERVICE_PRINCIPAL, serviceAccount: { clientId: 'sa' } },
      { mode: 'token-proxy', clientId: 'sa', assertion: 'secret binding-token', proxy: PROXY },
    ],
    [
      'useVMManagedIdentity',
      { parameters: { useVMManagedIdentity: '1' } },
      { mode: 'managed-identity', assigned: undefined },
    ],
    [
      'useVMManagedIdentity and a client id, where no token came and clientID is there as well',
      {
        parameters: {
          useVMManagedIdentity: 'TRUE',
          userAssignedIdentityID: 'm',
          clientID: 'c',
          [TOKENS_ATTRIBUTE]: '',
        },
      },
      { mode: 'managed-identity', assigned: { kind: 'client-id', clientId: 'm' } },
    ],
    [
      'useVMManagedIdentity and a resource id',
      { parameters: { useVMManagedIdentity: 'true', userAssignedIdentityID: '/subscriptions/s' } },
      { mode: 'managed-identity', assigned: { kind: 'resource-id', resourceId: '/subscriptions/s' } },
    ],
    [
      'usePodIdentity, where no token came and clientID is there as well',
      { parameters: { usePodIdentity: 'true', clientID: 'c', [TOKENS_ATTRIBUTE]: '' } },
      { mode: 'pod-identity', pod: { namespace: 'team', name: 'web', uid: '7c1f' } },
    ],
    [
      'a certificate in a Secret',
      { secrets: { clientID: 'sp', clientCertificate: ' pem ', clientcertificatepassword: ' p \r\n' } },
      { mode: 'client-certificate', clientId: 'sp', certificate: 'secret pem', password: 'secret  p ' },
    ],
    [
      'a certificate without a password, beside an empty secret',
      { secrets: { clientid: 'sp', clientsecret: ' ', clientcertificate: 'pem', clientcertificatepassword: '\n' } },
      { mode: 'client-certificate', clientId: 'sp', certificate: 'secret pem', password: undefined },
    ],
    [
      'a secret beside a certificate',
      { secrets: { clientid: 'sp', clientsecret: 'pw', clientcertificate: 'pem' } },
      { mode: 'service-principal', clientId: 'sp', clientSecret: 'secret pw' },
    ],
  ])('is decided by %s', (_what, given, expected) => {
    const { identity, issues } = parse(given);
    expect(issues).toEqual([]);
    expect(open(identity)).toEqual(expected);
  });
});

describe('a mount without an identity', () => {
  it.each<[string, Given, string, string]>([
    [
      'two flags',
      { parameters: { usePodIdentity: 'true', useVMManagedIdentity: '1' } },
      'spec.parameters.usePodIdentity,spec.parameters.useVMManagedIdentity',
      'only one identity mode can be enabled at a time: usePodIdentity, useVMManagedIdentity',
    ],
    [
      'all flags',
      { parameters: { usePodIdentity: 't', useVMManagedIdentity: 't', useAzureTokenProxy: 't' } },
      'spec.parameters.usePodIdentity,spec.parameters.useVMManagedIdentity,spec.parameters.useAzureTokenProxy',
      'only one identity mode can be enabled at a time: usePodIdentity, useVMManagedIdentity, useAzureTokenProxy',
    ],
    [
      'no tokens',
      { parameters: { clientID: 'c', [TOKENS_ATTRIBUTE]: '' } },
      TOKENS_ATTRIBUTE,
      `failed to build auth config for mode None: failed to parse workload identity tokens, error: service account tokens not found; the CSIDriver object needs tokenRequests with the audience ${EXCHANGE}`,
    ],
    [
      'a token of another audience',
      { parameters: { clientID: 'c', [TOKENS_ATTRIBUTE]: JSON.stringify({ [BINDING]: { token: 'x' } }) } },
      TOKENS_ATTRIBUTE,
      `failed to build auth config for mode None: failed to parse workload identity tokens, error: token for audience ${EXCHANGE} not found; the CSIDriver object needs tokenRequests with the audience ${EXCHANGE}`,
    ],
    [
      'identity binding without its token',
      {
        parameters: {
          useAzureTokenProxy: 'true',
          clientID: 'c',
          [TOKENS_ATTRIBUTE]: JSON.stringify({ [EXCHANGE]: { token: 'x' } }),
        },
      },
      TOKENS_ATTRIBUTE,
      `failed to build auth config for mode AzureTokenProxy: failed to parse service account token for identity binding, error: token for audience ${BINDING} not found; the CSIDriver object needs tokenRequests with the audience ${BINDING}`,
    ],
    [
      'identity binding without a client',
      { parameters: { useAzureTokenProxy: 'true' }, serviceAccount: {} },
      'spec.parameters.clientID',
      'failed to build auth config for mode AzureTokenProxy: clientID is required for identity binding',
    ],
    [
      'identity binding and an unreadable annotation',
      { parameters: { useAzureTokenProxy: 'true' }, serviceAccount: { unread: 'no way' } },
      'spec.parameters.clientID',
      'failed to build auth config for mode AzureTokenProxy: clientID is required for identity binding; the annotations of the service account team/reader cannot be read: no way',
    ],
    [
      'nothing at all',
      { serviceAccount: {} },
      'nodePublishSecretRef',
      'failed to build auth config for mode None: failed to get credentials, nodePublishSecretRef secret is not set; set clientID for workload identity, here or as the annotation azure.workload.identity/client-id of the service account team/reader, or name a Secret with clientid and clientsecret',
    ],
    [
      'an unreadable annotation',
      { serviceAccount: { unread: 'no way' } },
      'nodePublishSecretRef',
      'failed to build auth config for mode None: failed to get credentials, nodePublishSecretRef secret is not set; the annotations of the service account team/reader cannot be read: no way',
    ],
    [
      'a slip',
      { serviceAccount: {}, misspeltClientId: '; "clientId" is given: did you mean clientID?' },
      'nodePublishSecretRef',
      'failed to build auth config for mode None: failed to get credentials, nodePublishSecretRef secret is not set; "clientId" is given: did you mean clientID?',
    ],
    [
      'a Secret without a client',
      { secrets: { clientsecret: 'pw' } },
      'nodePublishSecretRef',
      'failed to build auth config for mode None: could not find clientid in secrets',
    ],
    [
      'a Secret with a client alone',
      { secrets: { clientid: 'sp' } },
      'nodePublishSecretRef',
      'failed to build auth config for mode None: could not find clientsecret in secrets; a client certificate has the key clientcertificate',
    ],
  ])('is refused: %s', (_what, given, path, message) => {
    const { identity, issues } = parse(given);
    expect(identity).toBeUndefined();
    expect(issues).toEqual([{ path, message }]);
  });

  it.each(['usePodIdentity', 'useVMManagedIdentity', 'useAzureTokenProxy'])(
    'says that %s is no bool, and not what another way would lack',
    (flag) => {
      const { identity, issues } = parse({ parameters: { [flag]: 'yes' } });
      expect(identity).toBeUndefined();
      const message = `failed to parse ${flag} flag: "yes" is neither true nor false`;
      expect(issues).toEqual([{ path: `spec.parameters.${flag}`, message }]);
    },
  );
});

describe('the annotations of the service account', () => {
  const wants = (parameters: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>> = {}) =>
    wantsServiceAccount({ parameter: (name) => parameters[name] ?? '', secrets });

  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>?]>([
    ['no client and no tenant', {}],
    ['no client', { tenantID: 't' }],
    ['no tenant', { clientID: 'c' }],
    ['no client for identity binding', { useAzureTokenProxy: 'true', tenantID: 't' }],
    ['no client for identity binding, with a Secret', { useAzureTokenProxy: 'true', tenantID: 't' }, SERVICE_PRINCIPAL],
    ['no tenant, with a Secret', { clientID: 'c' }, SERVICE_PRINCIPAL],
  ])('are asked for where the class says %s', (_what, parameters, secrets) => {
    expect(wants(parameters, secrets)).toBe(true);
  });

  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>?]>([
    ['client and tenant', { clientID: 'c', tenantID: 't' }],
    ['client and tenant, in upstream’s older way', { clientID: 'c', tenantId: 't' }],
    ['a service principal', {}, SERVICE_PRINCIPAL],
    ['a managed identity', { useVMManagedIdentity: 'true' }],
    ['pod identity', { usePodIdentity: '1' }],
  ])('are not asked for where the class says %s', (_what, parameters, secrets) => {
    expect(wants(parameters, secrets)).toBe(false);
  });
});

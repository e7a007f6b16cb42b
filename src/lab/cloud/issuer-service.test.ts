import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../base/testing/index.ts';
import { createAuditLog } from './audit-log.ts';
import type { ClusterSpec, IssuerDocuments } from './clusters.ts';
import { createIssuerService } from './issuer-service.ts';

const ISSUER = 'https://eastus.oic.prod-aks.azure.com/tenant/one/';
const STOPPED = 'https://eastus.oic.prod-aks.azure.com/tenant/two/';
const documents: IssuerDocuments = {
  openidConfiguration: () => ({ issuer: ISSUER }),
  jwks: () => ({ keys: [] }),
};
const spec = (armId: string, issuerUrl: string): ClusterSpec => ({
  armId,
  name: armId,
  resourceGroup: 'rg',
  location: 'eastus',
  issuerUrl,
  secretsProvider: undefined,
  nodeName: 'aks-nodepool1-12345678-vmss000000',
  maxPods: 250,
  workloadIdentity: true,
  kubernetesVersion: '1.34',
});
const service = createIssuerService({
  clusters: { issuer: (armId) => (armId === 'one' ? documents : undefined) },
  specs: () => [spec('one', ISSUER), spec('two', STOPPED)],
  audit: createAuditLog({ clock: createFakeClock() }),
});

describe('the issuer of a cluster', () => {
  it('publishes its documents below its URL', async () => {
    const get = async (path: string) => (await service.fetch(new Request(ISSUER + path))).json();
    expect(await get('.well-known/openid-configuration')).toEqual({ issuer: ISSUER });
    expect(await get('openid/v1/jwks')).toEqual({ keys: [] });
  });

  it.each([
    ['another path', 'GET', `${ISSUER}toString`, 404],
    ['the path of another case', 'GET', `${ISSUER.replace('tenant', 'Tenant')}openid/v1/jwks`, 404],
    ['a cluster that does not exist', 'GET', `${ISSUER.replace('one', 'three')}openid/v1/jwks`, 404],
    ['a cluster that does not run', 'GET', `${STOPPED}openid/v1/jwks`, 404],
    ['a POST', 'POST', `${ISSUER}openid/v1/jwks`, 405],
  ])('answers %s with an error', async (_what, method, url, status) => {
    expect((await service.fetch(new Request(url, { method }))).status).toBe(status);
  });

  it.each([
    ['westeurope.oic.prod-aks.azure.com', true],
    ['a.b.oic.prod-aks.azure.com', false],
    ['oic.prod-aks.azure.com', false],
  ])('lives at %s: %s', (host, expected) => {
    expect(service.serves(host)).toBe(expected);
  });
});

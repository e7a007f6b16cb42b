import { describe, expect, it } from 'vitest';
import { camelKey, flattenResource, isoSeconds, pythonTime, shapeResource } from './shape.ts';

describe('the spelling of a key', () => {
  it.each([
    ['issuerURL', 'issuerUrl'],
    ['enableRBAC', 'enableRbac'],
    ['osDiskSizeGB', 'osDiskSizeGb'],
    ['nodePublicIPPrefixID', 'nodePublicIpPrefixId'],
    ['effectiveOutboundIPs', 'effectiveOutboundIPs'],
    ['vaultUri', 'vaultUri'],
    ['/Subscriptions/ABC', '/Subscriptions/ABC'],
  ])('%s is printed as %s', (wire, printed) => {
    expect(camelKey(wire)).toBe(printed);
  });
});

describe('a resource', () => {
  const cluster = {
    id: '/subscriptions/s/resourceGroups/My-RG/providers/P/t/n',
    tags: { KEY: 'v' },
    properties: { oidcIssuerProfile: { issuerURL: 'https://i/' } },
  };

  it('gets its resource group from the id, and its tags keep their spelling', () => {
    expect(shapeResource(cluster)).toEqual({
      ...cluster,
      properties: { oidcIssuerProfile: { issuerUrl: 'https://i/' } },
      resourceGroup: 'My-RG',
    });
  });

  it('can have its properties at the top', () => {
    expect(flattenResource(cluster)).toEqual({
      id: cluster.id,
      tags: cluster.tags,
      resourceGroup: 'My-RG',
      oidcIssuerProfile: { issuerUrl: 'https://i/' },
    });
  });
});

it('prints seconds as az prints times', () => {
  expect([isoSeconds(1767225600), isoSeconds(undefined)]).toEqual(['2026-01-01T00:00:00+00:00', null]);
});

describe('times of ARM', () => {
  it.each([
    ['2026-01-01T00:00:00.1234567Z', '2026-01-01T00:00:00.123456+00:00'],
    ['2026-01-01T00:00:00.5Z', '2026-01-01T00:00:00.500000+00:00'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00+00:00'],
    ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00+00:00'],
    ['no time', 'no time'],
  ])('%s is written as Python writes it', (time, written) => {
    expect(pythonTime(time)).toBe(written);
  });
});

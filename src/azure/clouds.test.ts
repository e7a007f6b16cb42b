import { describe, expect, it } from 'vitest';
import { findCloud, isCustomCloud, parseCloudEnvironment } from './clouds.ts';

describe('clouds', () => {
  it.each([
    ['AzurePublicCloud', 'https://login.microsoftonline.com', 'vault.azure.net'],
    ['AzureCloud', 'https://login.microsoftonline.com', 'vault.azure.net'],
    ['AZUREPUBLICCLOUD', 'https://login.microsoftonline.com', 'vault.azure.net'],
    ['AzureUSGovernmentCloud', 'https://login.microsoftonline.us', 'vault.usgovcloudapi.net'],
    ['AzureUSGovernment', 'https://login.microsoftonline.us', 'vault.usgovcloudapi.net'],
    ['AzureChinaCloud', 'https://login.chinacloudapi.cn', 'vault.azure.cn'],
    ['AzureGermanCloud', 'https://login.microsoftonline.de', 'vault.microsoftazure.de'],
  ])('%s is found in any case', (name, authorityHost, vaultDnsSuffix) => {
    expect(findCloud(name)).toMatchObject({
      authorityHost,
      vaultDnsSuffix,
      vaultResource: `https://${vaultDnsSuffix}`,
    });
  });

  it.each(['', 'Azure', 'AzureStackCloud', 'constructor'])('"%s" is none of them', (name) => {
    expect(findCloud(name)).toBeUndefined();
  });

  it('one of one’s own is AzureStackCloud in any case', () => {
    expect([isCustomCloud('azurestackcloud'), isCustomCloud('AzureStackCloud'), isCustomCloud('AzureStack')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('an environment file', () => {
  const good = { activeDirectoryEndpoint: 'https://login.test/', keyVaultDNSSuffix: '.vault.test' };
  const parse = (content: unknown) =>
    parseCloudEnvironment(typeof content === 'string' ? content : JSON.stringify(content), '/etc/cloud.json');

  it('names the endpoints; what it says of other services is ignored', () => {
    expect(parse({ ...good, name: 'Mine', graphEndpoint: 7 })).toEqual({
      name: 'Mine',
      authorityHost: 'https://login.test',
      vaultDnsSuffix: 'vault.test',
      vaultResource: undefined,
      wellKnown: false,
    });
  });

  it('may write the names of fields in any case, as Go reads them', () => {
    const content = { ActiveDirectoryEndpoint: 'https://login.test', keyvaultdnssuffix: 'vault.test:8443' };
    expect(parse(content)).toMatchObject({ authorityHost: 'https://login.test', vaultDnsSuffix: 'vault.test:8443' });
  });

  it.each(['https://adfs.test/adfs', 'https://adfs.test/adfs/', 'https://adfs.test'])(
    'of an Azure Stack with AD FS has its host from %s, as adfs is the tenant',
    (activeDirectoryEndpoint) => {
      expect(parse({ ...good, activeDirectoryEndpoint }).authorityHost).toBe('https://adfs.test');
    },
  );

  it.each([
    ['https://vault.test', 'https://vault.test'],
    ['https://vault.test/', 'https://vault.test'],
    ['https://graph.microsoft.com', undefined],
    ['', undefined],
  ])('may name the vault resource %s, which counts only as the parent of its vaults', (keyVault, expected) => {
    expect(parse({ ...good, resourceIdentifiers: { keyVault } }).vaultResource).toBe(expected);
  });

  it.each([
    ['{', 'is not JSON'],
    [[], 'cloud environment file /etc/cloud.json'],
    [{ ...good, activeDirectoryEndpoint: 'http://login.test' }, 'activeDirectoryEndpoint: must be an https URL'],
    [{ ...good, keyVaultDNSSuffix: 'vault.test/path' }, 'keyVaultDNSSuffix: must be a DNS name'],
    [{ ...good, keyVaultDNSSuffix: 'user@vault.test' }, 'keyVaultDNSSuffix: must be a DNS name'],
  ])('that is wrong is refused: %j', (content, text) => {
    expect(() => parse(content)).toThrow(text);
  });
});

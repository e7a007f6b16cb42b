import { describe, expect, it } from 'vitest';
import { addRules, checkAddresses, removeRules } from './network-rules.ts';

const subnet = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/one';
const rules = {
  bypass: 'AzureServices',
  defaultAction: 'Deny',
  ipRules: [{ value: '203.0.113.0/24' }],
  virtualNetworkRules: [{ id: subnet }],
};

describe('network rules', () => {
  it('are added beside those that are there', () => {
    expect(addRules(rules, { addresses: ['198.51.100.7'], subnets: [`${subnet}-two`] }, expect.unreachable)).toEqual({
      ...rules,
      ipRules: [{ value: '203.0.113.0/24' }, { value: '198.51.100.7' }],
      virtualNetworkRules: [{ id: subnet }, { id: `${subnet}-two` }],
    });
  });

  it.each(['203.0.113.9', '203.0.113.0/28', '203.0.0.0/16'])(
    'that overlap are told of and not added: %s',
    (address) => {
      const told: string[] = [];
      expect(addRules(rules, { addresses: [address], subnets: [] }, (line) => told.push(line))).toBeUndefined();
      expect(told).toEqual([
        `IP/CIDR ${address} overlaps with 203.0.113.0/24, which exists already. Not adding duplicates.`,
      ]);
    },
  );

  it('for a subnet are compared without regard to case', () => {
    const subjects = { addresses: [], subnets: [subnet.toUpperCase()] };
    expect(addRules(rules, subjects, expect.unreachable)).toBeUndefined();
    expect(removeRules(rules, subjects)).toEqual({ ...rules, virtualNetworkRules: [] });
  });

  it('are removed when they are exactly the same, and not when they only overlap', () => {
    expect(removeRules(rules, { addresses: ['203.0.113.0/24'], subnets: [] })).toEqual({ ...rules, ipRules: [] });
    expect(removeRules(rules, { addresses: ['203.0.113.9'], subnets: [] })).toBeUndefined();
  });

  it.each(['nonsense', '1.2.3', '1.2.3.4/33', '::1'])('are for IPv4 only: %s', (address) => {
    expect(() => checkAddresses([address])).toThrow(/does not appear to be/);
  });
});

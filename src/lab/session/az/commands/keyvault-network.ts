import type { Arm } from '../arm.ts';
import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import { AzError } from '../errors.ts';
import { isObject } from '../json.ts';
import { noWait, text } from '../options.ts';
import { withNulls } from '../shape.ts';
import { addRules, checkAddresses, removeRules, rulesOf, type RuleSubjects } from './network-rules.ts';
import { changeVault } from './vault-change.ts';
import { findVaultPath, optionalGroup, VAULT_API, vaultName } from './vault-lookup.ts';

const subjectOptions: readonly OptionSpec[] = [
  {
    key: 'addresses',
    names: ['--ip-address'],
    kind: 'list',
    help: 'Public IPv4 addresses or networks, separated by spaces.',
  },
  text('subnet', '--subnet', 'Name or id of a subnet.'),
  text('vnetName', '--vnet-name', 'The virtual network of a subnet that is named.'),
];

/** `az keyvault network-rule …`. */
export const networkRuleCommands: readonly CommandSpec[] = [
  {
    path: 'keyvault network-rule add',
    summary: 'Let addresses and subnets through to a vault.',
    options: [vaultName, optionalGroup, ...subjectOptions, noWait],
    example: 'keyvault network-rule add --name demo-vault --ip-address 203.0.113.7',
    run: async (context, args) => {
      const arm = await context.arm();
      const subjects = subjectsOf(arm, args);
      if (subjects.addresses.length + subjects.subnets.length === 0) {
        context.warn('No subnet or ip address supplied.');
      }
      return changeVault(context, args, (properties) => {
        const networkAcls = addRules(rulesOf(properties), subjects, (line) => context.warn(line));
        return networkAcls === undefined ? undefined : { ...properties, networkAcls };
      });
    },
  },
  {
    path: 'keyvault network-rule remove',
    summary: 'Take rules of a vault away.',
    options: [vaultName, optionalGroup, ...subjectOptions, noWait],
    example: 'keyvault network-rule remove --name demo-vault --ip-address 203.0.113.7',
    run: async (context, args) => {
      const subjects = subjectsOf(await context.arm(), args);
      return changeVault(context, args, (properties) => {
        const networkAcls = removeRules(rulesOf(properties), subjects);
        return networkAcls === undefined ? undefined : { ...properties, networkAcls };
      });
    },
  },
  {
    path: 'keyvault network-rule list',
    summary: 'Show who is let through to a vault.',
    options: [vaultName, optionalGroup],
    example: 'keyvault network-rule list --name demo-vault',
    run: async (context, args) => {
      const arm = await context.arm();
      const vault = await arm.get(
        await findVaultPath(arm, args.text('name'), args.optional('resourceGroup')),
        VAULT_API,
      );
      const properties = vault['properties'];
      const rules = isObject(properties) ? properties['networkAcls'] : undefined;
      return isObject(rules) ? withNulls(rules, ['ipRules', 'virtualNetworkRules']) : null;
    },
  },
];

function subjectsOf(arm: Arm, args: Args): RuleSubjects {
  const addresses = args.list('addresses') ?? [];
  checkAddresses(addresses);
  const [subnet, vnet] = [args.optional('subnet'), args.optional('vnetName')];
  if (subnet === undefined && vnet === undefined) return { addresses, subnets: [] };
  if (subnet?.startsWith('/subscriptions/') === true && vnet === undefined) return { addresses, subnets: [subnet] };
  if (subnet === undefined || vnet === undefined || args.optional('resourceGroup') === undefined) {
    throw new AzError('error', 'incorrect usage: [--subnet ID | --subnet NAME --vnet-name NAME]');
  }
  const group = `${arm.subscription}/resourceGroups/${args.text('resourceGroup')}`;
  return { addresses, subnets: [`${group}/providers/Microsoft.Network/virtualNetworks/${vnet}/subnets/${subnet}`] };
}

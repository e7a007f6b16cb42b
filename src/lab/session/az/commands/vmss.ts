import type { Arm } from '../arm.ts';
import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError } from '../errors.ts';
import { isObject, textAt, type Json, type JsonObject } from '../json.ts';
import { name, resourceGroup } from '../options.ts';
import { groupOf } from '../shape.ts';

const API = '2024-11-01';
const PROVIDER = 'providers/Microsoft.Compute/virtualMachineScaleSets';

/** The word that names the identity of the scale set itself among those of users. */
const SYSTEM = '[system]';

const scaleSetOptions: readonly OptionSpec[] = [name('Name of the scale set.'), resourceGroup];

const identities: OptionSpec = {
  key: 'identities',
  names: ['--identities'],
  kind: 'list',
  help: `Ids of identities, their names in the same group, or ${SYSTEM}, which is the default.`,
};

/** `az vmss …`: the nodes of clusters, as far as their identities go. */
export const vmssCommands: readonly CommandSpec[] = [
  {
    path: 'vmss list',
    summary:
      'List the scale sets of a resource group (those of a cluster’s nodes are in MC_…), or of the subscription.',
    options: [{ ...resourceGroup, required: false }],
    example: 'vmss list --resource-group MC_demo_demo_westeurope --query "[0].name" --output tsv',
    run: async (context, args) => {
      const arm = await context.arm();
      const group = args.optional('resourceGroup');
      const scope = group === undefined ? arm.subscription : `${arm.subscription}/resourceGroups/${group}`;
      return (await arm.list(`${scope}/${PROVIDER}`, API)).map(shapeScaleSet);
    },
  },
  {
    path: 'vmss identity show',
    summary: 'Show the identities that are assigned to the machines of a scale set.',
    options: scaleSetOptions,
    example: 'vmss identity show --resource-group MC_demo_demo_westeurope --name SCALE_SET',
    run: async (context, args) => {
      const arm = await context.arm();
      return identityOf(await arm.get(scaleSetPath(arm, args), API));
    },
  },
  {
    path: 'vmss identity assign',
    summary: 'Assign identities to the machines of a scale set: their metadata service then gives out tokens for them.',
    options: [...scaleSetOptions, identities],
    example:
      'vmss identity assign --resource-group MC_demo_demo_westeurope --name SCALE_SET --identities IDENTITY_RESOURCE_ID',
    run: async (context, args) => {
      const before = identityOf(await findScaleSet(context, args));
      const kept = isObject(before?.['userAssignedIdentities']) ? Object.keys(before['userAssignedIdentities']) : [];
      const named = await namedIdentities(context, args);
      const given = named.filter((id) => id !== SYSTEM);
      const hasSystem =
        named.includes(SYSTEM) || textAt(before ?? undefined, 'type')?.includes('SystemAssigned') === true;
      const ids = [...new Set([...given, ...kept])];
      const after = identityOf(
        await patchIdentity(context, args, {
          ...(ids.length === 0 ? {} : { userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) }),
          type: typeOf(hasSystem, ids.length > 0),
        }),
      );
      context.warn(
        `With manual upgrade mode, you will need to run 'az vmss update-instances -g ${args.text('resourceGroup')} -n ${args.text('name')} --instance-ids *' to propagate the change`,
      );
      return {
        systemAssignedIdentity: textAt(after ?? undefined, 'principalId') ?? '',
        userAssignedIdentities: after?.['userAssignedIdentities'] ?? {},
      };
    },
  },
  {
    path: 'vmss identity remove',
    summary: 'Take identities from the machines of a scale set.',
    options: [...scaleSetOptions, identities],
    example:
      'vmss identity remove --resource-group MC_demo_demo_westeurope --name SCALE_SET --identities IDENTITY_RESOURCE_ID',
    run: async (context, args) => {
      const before = identityOf(await findScaleSet(context, args));
      const assigned = isObject(before?.['userAssignedIdentities']) ? before['userAssignedIdentities'] : {};
      const named = await namedIdentities(context, args);
      const given = named.filter((id) => id !== SYSTEM);
      const unknown = given.filter((id) => !Object.keys(assigned).some((known) => sameId(known, id)));
      if (unknown.length > 0) {
        throw new AzError(
          'error',
          `'${unknown.join(', ')}' are not associated with '${args.text('name')}', please provide existing user managed identities`,
        );
      }
      const left = Object.keys(assigned).filter((known) => !given.some((id) => sameId(known, id)));
      const hasSystem =
        textAt(before ?? undefined, 'type')?.includes('SystemAssigned') === true && !named.includes(SYSTEM);
      return identityOf(
        await patchIdentity(context, args, {
          userAssignedIdentities: Object.fromEntries(given.map((id) => [id, null])),
          type: typeOf(hasSystem, left.length > 0),
        }),
      );
    },
  },
];

/** The identities that are meant, by their ids; a word without a slash names one of the scale set's group, as az takes it. */
async function namedIdentities(context: CommandContext, args: Args): Promise<readonly string[]> {
  const given = args.list('identities') ?? [];
  if (given.length === 0) return [SYSTEM];
  const { subscription } = await context.arm();
  const group = `${subscription}/resourceGroups/${args.text('resourceGroup')}`;
  const byName = (word: string) => `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${word}`;
  return given.map((word) => (word === SYSTEM || word.includes('/') ? word : byName(word)));
}

function scaleSetPath(arm: Arm, args: Args): string {
  return `${arm.subscription}/resourceGroups/${args.text('resourceGroup')}/${PROVIDER}/${args.text('name')}`;
}

async function findScaleSet(context: CommandContext, args: Args): Promise<JsonObject> {
  const arm = await context.arm();
  return arm.get(scaleSetPath(arm, args), API);
}

async function patchIdentity(context: CommandContext, args: Args, identity: JsonObject): Promise<JsonObject> {
  const arm = await context.arm();
  return arm.patch(scaleSetPath(arm, args), API, { identity });
}

function identityOf(scaleSet: JsonObject): JsonObject | null {
  const identity: Json | undefined = scaleSet['identity'];
  return isObject(identity) ? identity : null;
}

function typeOf(system: boolean, user: boolean): string {
  if (system && user) return 'SystemAssigned, UserAssigned';
  return system ? 'SystemAssigned' : user ? 'UserAssigned' : 'None';
}

function sameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Its properties lifted to the top, every name as ARM has it. */
function shapeScaleSet({ properties, ...rest }: JsonObject): JsonObject {
  return { ...(isObject(properties) ? properties : {}), ...rest, resourceGroup: groupOf(rest) ?? null };
}

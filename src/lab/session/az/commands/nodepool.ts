import type { Arm } from '../arm.ts';
import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import { fillFields } from '../fields.ts';
import type { JsonObject } from '../json.ts';
import { name, resourceGroup, text } from '../options.ts';
import { camelKeys, flattenResource } from '../shape.ts';
import { CLUSTER_API } from './aks-cluster.ts';
import { CLUSTER_FIELDS } from './cluster-fields.ts';

const clusterOption: OptionSpec = text('cluster', '--cluster-name', 'Name of the cluster.', { required: true });

const COLUMNS = [
  ['Name', 'name'],
  ['OsType', 'osType'],
  ['KubernetesVersion', 'orchestratorVersion'],
  ['VmSize', 'vmSize'],
  ['Count', 'count'],
  ['MaxPods', 'maxPods'],
  ['ProvisioningState', 'provisioningState'],
  ['Mode', 'mode'],
] as const;

/** The fields of a node pool: those that it has inside its cluster, and those of a resource. */
const POOL_PREFIX = 'agentPoolProfiles[]';
const POOL_FIELDS = Object.fromEntries(
  Object.entries(CLUSTER_FIELDS)
    .filter(([path]) => path.startsWith(POOL_PREFIX))
    .map(([path, fields]) => [path.slice(POOL_PREFIX.length).replace(/^\./, ''), fields]),
);

/** `az aks nodepool …`. */
export const nodepoolCommands: readonly CommandSpec[] = [
  {
    path: 'aks nodepool list',
    summary: 'List the node pools of a cluster.',
    options: [clusterOption, resourceGroup],
    example: 'aks nodepool list --cluster-name demo --resource-group demo --output table',
    columns: COLUMNS,
    run: async (context, args) => {
      const arm = await context.arm();
      return (await arm.list(poolsPath(arm, args), CLUSTER_API)).map(shapePool);
    },
  },
  {
    path: 'aks nodepool show',
    summary: 'Show a node pool.',
    options: [
      { ...name('Name of the node pool.'), names: ['--name', '--nodepool-name', '-n'] },
      clusterOption,
      resourceGroup,
    ],
    example: 'aks nodepool show --name nodepool1 --cluster-name demo --resource-group demo',
    columns: COLUMNS,
    run: async (context, args) => {
      const arm = await context.arm();
      return shapePool(await arm.get(`${poolsPath(arm, args)}/${args.text('name')}`, CLUSTER_API));
    },
  },
];

function poolsPath(arm: Arm, args: Args): string {
  const group = `${arm.subscription}/resourceGroups/${args.text('resourceGroup')}`;
  return `${group}/providers/Microsoft.ContainerService/managedClusters/${args.text('cluster')}/agentPools`;
}

/** A pool as az prints it: `type` is the resource's, and the pool's own type has another name. */
function shapePool(pool: JsonObject): JsonObject {
  const { type: kind, ...own } = (camelKeys(pool['properties']) ?? {}) as JsonObject;
  return fillFields(
    { ...own, ...flattenResource({ ...pool, properties: own }), typePropertiesType: kind ?? null },
    { ...POOL_FIELDS, '': `${POOL_FIELDS['']} systemData` },
  );
}

import type { Arm } from '../arm.ts';
import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import { AzError } from '../errors.ts';
import { isObject, textAt, type JsonObject } from '../json.ts';
import { flag, location, name, noWait, resourceGroup, tags, text } from '../options.ts';
import { readOrCreateSshKey } from '../ssh-keys.ts';
import {
  addAddon,
  ADDON_NAMES,
  CLUSTER_API as API,
  clusterBody,
  removeAddon,
  shapeCluster,
  withFeatures,
} from './aks-cluster.ts';
import { getCredentials } from './aks-credentials.ts';
import { locationOf } from './resource-group.ts';

const clusterName = name('Name of the cluster.');

/** The ARM path of a cluster. */
function clusterPath(arm: Arm, args: Args): string {
  const group = args.text('resourceGroup');
  return `${arm.subscription}/resourceGroups/${group}/providers/Microsoft.ContainerService/managedClusters/${args.text('name')}`;
}

const columns = [
  ['Name', 'name'],
  ['Location', 'location'],
  ['ResourceGroup', 'resourceGroup'],
  ['KubernetesVersion', 'kubernetesVersion'],
  ['CurrentKubernetesVersion', 'currentKubernetesVersion'],
  ['ProvisioningState', 'provisioningState'],
  ['Fqdn', 'fqdn'],
] as const;

const featureOptions: readonly OptionSpec[] = [
  flag('oidcIssuer', '--enable-oidc-issuer', 'Publish the issuer of the service account tokens.'),
  flag('workloadIdentity', '--enable-workload-identity', 'Run the workload identity webhook.'),
  flag('secretRotation', '--enable-secret-rotation', 'Read mounted secrets again and again.'),
  text('rotationPollInterval', '--rotation-poll-interval', 'How often, for example 2m.'),
];

const addonOption = text(
  'addons',
  ['--addons', '-a'],
  `Add-ons, separated by commas. The lab has: ${ADDON_NAMES.join(', ')}.`,
);

const createOptions: readonly OptionSpec[] = [
  clusterName,
  resourceGroup,
  location,
  { key: 'nodeCount', names: ['--node-count', '-c'], kind: 'integer', help: 'Number of nodes. The lab runs one.' },
  text('nodeVmSize', ['--node-vm-size', '-s'], 'Size of the nodes.'),
  text('kubernetesVersion', ['--kubernetes-version', '-k'], 'Version of Kubernetes.'),
  text('dnsNamePrefix', ['--dns-name-prefix', '-p'], 'Prefix of the API server’s host name.'),
  { ...addonOption, names: ['--enable-addons', '-a'] },
  ...featureOptions,
  flag('generateSshKeys', '--generate-ssh-keys', 'Make a key pair in ~/.ssh where there is none.'),
  flag('noSshKey', ['--no-ssh-key', '-x'], 'Send no SSH key.'),
  text('sshKeyValue', '--ssh-key-value', 'The public key, or a file that holds it. Default: ~/.ssh/id_rsa.pub.'),
  flag('managedIdentity', '--enable-managed-identity', 'Accepted; it is the default.'),
  text('tier', '--tier', 'Pricing tier.', { choices: ['free', 'standard', 'premium'], fallback: 'free' }),
  tags,
  noWait,
  { key: 'yes', names: ['--yes', '-y'], kind: 'flag', help: 'Do not ask for confirmation.' },
];

/** `az aks …`. */
export const aksCommands: readonly CommandSpec[] = [
  {
    path: 'aks create',
    summary: 'Create a cluster. In the lab this starts a Kubernetes on this machine.',
    options: createOptions,
    example:
      'aks create --name demo --resource-group demo --enable-oidc-issuer --enable-workload-identity --enable-addons azure-keyvault-secrets-provider --generate-ssh-keys',
    columns,
    run: async (context, args) => {
      const arm = await context.arm();
      const path = clusterPath(arm, args);
      if ((await arm.find(path, API)) !== undefined) {
        throw new AzError(
          'error',
          `The cluster '${args.text('name')}' under resource group '${args.text('resourceGroup')}' already exists. Please use command 'az aks update' to update the existing cluster, or select a different cluster name to create a new cluster.`,
        );
      }
      const region = args.optional('location') ?? (await locationOf(arm, args.text('resourceGroup')));
      const sshKey = args.flag('noSshKey')
        ? undefined
        : await readOrCreateSshKey(context.io, {
            given: args.optional('sshKeyValue'),
            generate: args.flag('generateSshKeys'),
            warn: (line) => context.warn(line),
          });
      const body = clusterBody({ args, location: region, subscription: arm.subscription, sshKey });
      const cluster = await arm.put(path, API, body, { noWait: args.flag('noWait') });
      return cluster === undefined ? undefined : shapeCluster(cluster);
    },
  },
  {
    path: 'aks show',
    summary: 'Show a cluster.',
    options: [clusterName, resourceGroup],
    example: 'aks show --name demo --resource-group demo --query oidcIssuerProfile.issuerUrl --output tsv',
    columns,
    run: async (context, args) => {
      const arm = await context.arm();
      return shapeCluster(await arm.get(clusterPath(arm, args), API));
    },
  },
  {
    path: 'aks list',
    summary: 'List the clusters of a resource group, or of the subscription.',
    options: [{ ...resourceGroup, required: false }],
    example: 'aks list --output table',
    columns,
    run: async (context, args) => {
      const arm = await context.arm();
      const group = args.optional('resourceGroup');
      const scope = group === undefined ? arm.subscription : `${arm.subscription}/resourceGroups/${group}`;
      return (await arm.list(`${scope}/providers/Microsoft.ContainerService/managedClusters`, API)).map(shapeCluster);
    },
  },
  {
    path: 'aks get-credentials',
    summary: 'Put the access to a cluster into a kubeconfig.',
    options: [
      clusterName,
      resourceGroup,
      text('file', ['--file', '-f'], 'The kubeconfig. "-" prints instead. Default: $KUBECONFIG, else ~/.kube/config.'),
      flag('overwrite', '--overwrite-existing', 'Replace entries of the same name.'),
      text('contextName', '--context', 'Name of the context. Default: the name of the cluster.'),
      flag('admin', ['--admin', '-a'], 'The access of the cluster’s administrator.'),
    ],
    example: 'aks get-credentials --name demo --resource-group demo --overwrite-existing',
    run: async (context, args) => {
      const arm = await context.arm();
      const action = args.flag('admin') ? 'listClusterAdminCredential' : 'listClusterUserCredential';
      const reply = await arm.post(`${clusterPath(arm, args)}/${action}`, API);
      await getCredentials(context, args, reply);
      return undefined;
    },
  },
  {
    path: 'aks enable-addons',
    summary: 'Turn add-ons of a cluster on.',
    options: [clusterName, resourceGroup, { ...addonOption, required: true }, ...featureOptions.slice(2), noWait],
    example: 'aks enable-addons --addons azure-keyvault-secrets-provider --name demo --resource-group demo',
    columns,
    run: (context, args) => change(context, args, (properties) => addAddon(properties, args.text('addons'), args)),
  },
  {
    path: 'aks disable-addons',
    summary: 'Turn add-ons of a cluster off.',
    options: [clusterName, resourceGroup, { ...addonOption, required: true }, noWait],
    example: 'aks disable-addons --addons azure-keyvault-secrets-provider --name demo --resource-group demo',
    columns,
    run: (context, args) => change(context, args, (properties) => removeAddon(properties, args.text('addons'))),
  },
  {
    path: 'aks update',
    summary: 'Change the features of a cluster.',
    options: [
      clusterName,
      resourceGroup,
      ...featureOptions,
      flag('noWorkloadIdentity', '--disable-workload-identity', 'Stop the workload identity webhook.'),
      flag('noSecretRotation', '--disable-secret-rotation', 'Read mounted secrets once.'),
      tags,
      noWait,
      { key: 'yes', names: ['--yes', '-y'], kind: 'flag', help: 'Do not ask for confirmation.' },
    ],
    example: 'aks update --name demo --resource-group demo --enable-oidc-issuer --enable-workload-identity',
    columns,
    run: (context, args) => change(context, args, (properties) => withFeatures(properties, args)),
  },
  {
    path: 'aks delete',
    summary: 'Delete a cluster. In the lab this stops its Kubernetes.',
    options: [clusterName, resourceGroup, noWait],
    example: 'aks delete --name demo --resource-group demo --yes',
    confirm: true,
    run: async (context, args) => {
      const arm = await context.arm();
      await arm.delete(clusterPath(arm, args), API, { noWait: args.flag('noWait') });
      return undefined;
    },
  },
  {
    path: 'aks oidc-issuer rotate-signing-keys',
    summary: 'Let a new key sign service account tokens; the one before counts for 24 hours more.',
    options: [clusterName, resourceGroup, noWait],
    example: 'aks oidc-issuer rotate-signing-keys --name demo --resource-group demo --yes',
    confirm:
      'Be careful that rotate oidc issuer signing keys twice within short period will invalidate service accounts ' +
      'token immediately. Please refer to doc for details.\nAre you sure you want to perform this operation?',
    run: async (context, args) => {
      const arm = await context.arm();
      await arm.act(`${clusterPath(arm, args)}/rotateServiceAccountSigningKeys`, API, { noWait: args.flag('noWait') });
      return undefined;
    },
  },
  {
    path: 'aks wait',
    summary: 'Wait until a cluster is as asked.',
    options: [
      clusterName,
      resourceGroup,
      flag('created', '--created', 'Until it is there and ready.'),
      flag('updated', '--updated', 'Until a change is complete.'),
      flag('deleted', '--deleted', 'Until it is gone.'),
      flag('exists', '--exists', 'Until it is there.'),
      text('custom', '--custom', 'Until a JMESPath expression is true.'),
      { key: 'interval', names: ['--interval'], kind: 'integer', help: 'Seconds between looks.', fallback: '30' },
      { key: 'timeout', names: ['--timeout'], kind: 'integer', help: 'Most seconds to wait.', fallback: '3600' },
    ],
    example: 'aks wait --name demo --resource-group demo --created --interval 1',
    run: async (context, args) => {
      const arm = await context.arm();
      await waitFor(context, args, () => arm.find(clusterPath(arm, args), API));
      return undefined;
    },
  },
];

type Context = Parameters<CommandSpec['run']>[0];

/** az changes a cluster by writing all of it back. */
async function change(
  context: Context,
  args: Args,
  edit: (properties: JsonObject) => JsonObject,
): Promise<JsonObject | undefined> {
  const arm = await context.arm();
  const path = clusterPath(arm, args);
  const before = await arm.get(path, API);
  const { id: _id, name: _name, type: _type, systemData: _systemData, ...writable } = before;
  const { provisioningState: _state, ...properties } = isObject(before['properties']) ? before['properties'] : {};
  const newTags = args.tags('tags');
  const after = await arm.put(
    path,
    API,
    { ...writable, ...(newTags === undefined ? {} : { tags: newTags }), properties: edit(properties) },
    { noWait: args.flag('noWait') },
  );
  return after === undefined ? undefined : shapeCluster(after);
}

async function waitFor({ io }: Context, args: Args, find: () => Promise<JsonObject | undefined>): Promise<void> {
  const custom = args.optional('custom');
  const asked = ['created', 'updated', 'deleted', 'exists'].filter((key) => args.flag(key));
  if (asked.length + (custom === undefined ? 0 : 1) === 0) {
    throw new AzError('error', 'incorrect usage: --created | --updated | --deleted | --exists | --custom JMESPATH');
  }
  const query = custom === undefined ? undefined : await (await import('../query.ts')).compileQuery(custom);
  const untilMs = io.clock.monotonic() + (args.integer('timeout') ?? 3600) * 1000;
  for (;;) {
    const cluster = await find();
    const state = textAt(cluster, 'properties.provisioningState');
    if (args.flag('deleted') ? cluster === undefined : cluster !== undefined) {
      if (args.flag('deleted') || args.flag('exists')) return;
      if (
        query === undefined ? state === undefined || state === 'Succeeded' : Boolean(query(shapeCluster(cluster ?? {})))
      )
        return;
      if (state === 'Failed') throw new AzError('error', 'The operation failed');
    }
    if (io.clock.monotonic() >= untilMs) throw new AzError('error', 'Wait operation timed-out after the given seconds');
    await io.clock.sleep((args.integer('interval') ?? 30) * 1000, { signal: io.signal });
  }
}

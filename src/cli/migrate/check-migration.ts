import { errorText } from '#base';
import type { KubeClient } from '#kube';
import { reviewClass } from '#provider';
import { parseSecretProviderClass, type ParsedSecretProviderClass } from '#secretclass';
import type { Finding, KnownFlags, ReviewedClass } from './checks/check.ts';
import { runChecks } from './checks/table.ts';
import { originText, type ComponentRole } from './cluster/components.ts';
import { readCluster, type ClusterView, type ReadOptions } from './cluster/read-cluster.ts';
import { planWay, type Way } from './commands.ts';
import { planValues, type ChartValues } from './values.ts';

/** One program of the cluster that has to do with the volumes of secrets. */
export interface FoundProgram {
  readonly role: ComponentRole;
  readonly os: 'linux' | 'windows';
  /** `DaemonSet namespace/name`. */
  readonly at: string;
  readonly image: string;
  /** Undefined where its image has no tag. */
  readonly version: string | undefined;
  /** Who installed it, for a person. */
  readonly origin: string;
  /** The chart of its Helm release, with its version, where that could be read. */
  readonly chart: string | undefined;
  /** Empty for the programs of other vendors. */
  readonly flags: Readonly<Record<string, string>>;
}

/** What `keyferry migrate check` tells. */
export interface MigrationReport {
  readonly programs: readonly FoundProgram[];
  readonly classes: number;
  readonly findings: readonly Finding[];
  /** What Keyferry's chart is to be told so that the cluster stays as it is. */
  readonly values: ChartValues;
  readonly way: Way;
}

/** What {@link checkMigration} works with. */
export interface MigrationOptions extends ReadOptions {
  readonly client: Pick<KubeClient, 'list'>;
  readonly nodeFlags: KnownFlags;
}

/** Reads a cluster and says what will be different when Keyferry takes over. It changes nothing. */
export async function checkMigration({ client, nodeFlags, ...options }: MigrationOptions): Promise<MigrationReport> {
  const cluster = await readCluster(client, options);
  const classes = cluster.classes.map((each) => judgeClass(each, cluster));
  const scene = { cluster, classes, nodeFlags };
  const values = planValues(scene);
  return {
    programs: cluster.components.map((component) => describeProgram(component, cluster)),
    classes: cluster.classes.length,
    findings: runChecks(scene),
    values,
    way: planWay(cluster, values),
  };
}

function describeProgram(component: ClusterView['components'][number], { releases }: ClusterView): FoundProgram {
  const { role, os, at, image, version, origin, flags } = component;
  const release =
    origin.kind === 'helm'
      ? releases.find(({ name, namespace }) => name === origin.release && namespace === origin.namespace)
      : undefined;
  return {
    role,
    os,
    at,
    image,
    version,
    origin: originText(origin),
    chart: release && `${release.chart.name}-${release.chart.version}`,
    flags: Object.fromEntries(flags),
  };
}

/** Judges one class as its volumes use it. */
export function judgeClass(
  object: ClusterView['classes'][number],
  { volumes }: Pick<ClusterView, 'volumes'>,
): ReviewedClass {
  const { name, namespace } = object.metadata;
  const own = volumes.filter((volume) => volume.namespace === namespace && volume.className === name && !volume.ended);
  const common = { at: `SecretProviderClass ${namespace}/${name}`, namespace, volumes: own };
  let parsed: ParsedSecretProviderClass;
  try {
    parsed = parseSecretProviderClass(object);
  } catch (error) {
    return { ...common, provider: '', parsed: undefined, unreadable: errorText(error), review: undefined };
  }
  const { provider, parameters } = parsed.value;
  const hasPublishSecret = own.some((volume) => volume.hasPublishSecret);
  const review = provider === 'azure' ? reviewClass({ parameters, hasPublishSecret }) : undefined;
  return { ...common, provider, parsed, unreadable: '', review };
}

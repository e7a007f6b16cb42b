import { stringify } from 'yaml';
import type { Component } from './cluster/components.ts';
import type { ClusterView } from './cluster/read-cluster.ts';
import type { ChartValues } from './values.ts';

/** One step: what it is for, and the lines that a person types. */
export interface Step {
  readonly what: string;
  readonly lines: readonly string[];
}

/** The way to Keyferry, and the way back to what is there now. */
export interface Way {
  readonly there: readonly Step[];
  readonly back: readonly Step[];
}

/** The namespace of Keyferry where upstream's driver is in none of its own; the add-on's is this one too. */
const DEFAULT_NAMESPACE = 'kube-system';
const RELEASE = 'keyferry';
const CHART = 'charts/keyferry';
const CLASSES_FILE = 'classes.yaml';
const restoreClasses = `kubectl apply -f ${CLASSES_FILE}`;
const VALUES_FILE = 'keyferry-values.yaml';
/** What the API server sets, in the metadata of each object of a list. */
const SERVER_FIELDS = "'^    (resourceVersion|uid|creationTimestamp|generation):'";
const ADDON = 'azure-keyvault-secrets-provider';

/** The address of an upstream chart's repository, by the chart's name. */
const REPOSITORIES: ReadonlyMap<string, string> = new Map([
  ['secrets-store-csi-driver', 'https://kubernetes-sigs.github.io/secrets-store-csi-driver/charts'],
  ['csi-secrets-store-provider-azure', 'https://azure.github.io/secrets-store-csi-driver-provider-azure/charts'],
]);

/**
 * The exact commands for this cluster. Upstream goes before Keyferry comes: both have the same sockets, and a driver that ends
 * removes the socket of its name, whoever made it.
 */
export function planWay(cluster: ClusterView, values: ChartValues): Way {
  const upstream = cluster.components.filter(({ role }) => role === 'driver' || role === 'azure-provider');
  const namespace = upstream.find(({ role }) => role === 'driver')?.namespace ?? DEFAULT_NAMESPACE;
  const origins = originsOf(upstream);
  const hasValues = Object.keys(values).length > 0;
  // Where only one namespace was looked at there may be others.
  const hasClasses = cluster.classes.length > 0 || cluster.namespace !== undefined;
  const install =
    `helm install ${RELEASE} ${CHART} --namespace ${word(namespace)} --take-ownership --wait` +
    (hasValues ? ` --values ${VALUES_FILE}` : '');
  return {
    there: [
      ...(hasClasses
        ? [
            {
              what: 'Save the classes, should their kinds be removed on the way.',
              lines: [`kubectl get secretproviderclasses -A -o yaml | grep -vE ${SERVER_FIELDS} > ${CLASSES_FILE}`],
            },
          ]
        : []),
      ...origins.flatMap(({ save }) => save),
      ...(hasValues
        ? [
            {
              what: 'What this cluster has today, as values of the chart; what is left out becomes its default.',
              lines: [`cat > ${VALUES_FILE} <<'EOF'`, ...stringify(values).trimEnd().split('\n'), 'EOF'],
            },
          ]
        : []),
      ...origins.flatMap(({ remove }) => remove),
      {
        what: 'Install Keyferry. Pods that started or ended meanwhile go on now.',
        lines: hasClasses ? [install, restoreClasses] : [install],
      },
      {
        what: 'Look: a line for each volume that was taken over, within about two minutes.',
        lines: [
          `kubectl rollout status -n ${word(namespace)} daemonset/secrets-store-csi-driver`,
          `kubectl logs -n ${word(namespace)} -l app=secrets-store-csi-driver --tail=-1 | grep -E 'Volume (mounted|is up to date|has new content)'`,
        ],
      },
    ],
    back: [
      {
        what: 'Take Keyferry away; the kinds and their objects stay, and running pods keep their files.',
        lines: [`helm uninstall ${RELEASE} --namespace ${word(namespace)} --wait`],
      },
      ...origins.flatMap(({ restore }) => restore),
      ...(hasClasses ? [{ what: 'Should a class be missing.', lines: [restoreClasses] }] : []),
    ],
  };

  function originsOf(components: readonly Component[]): OriginWay[] {
    const ways = new Map<string, OriginWay>();
    for (const { origin, namespace: at, name } of components) {
      if (origin.kind === 'aks-addon') ways.set('addon', ADDON_WAY);
      else if (origin.kind === 'helm') {
        ways.set(`helm ${origin.namespace}/${origin.release}`, helmWay(origin.release, origin.namespace, cluster));
      } else ways.set(`manifest ${at}/${name}`, manifestWay(at, name));
    }
    return [...ways.values()];
  }
}

/** What one origin of upstream's programs needs. */
interface OriginWay {
  readonly save: readonly Step[];
  readonly remove: readonly Step[];
  readonly restore: readonly Step[];
}

const ADDON_WAY: OriginWay = {
  save: [],
  remove: [
    {
      what: 'Disable the add-on. From here until Keyferry runs, new pods wait. Fill in the names of the cluster.',
      lines: [`az aks disable-addons --addons ${ADDON} --resource-group "$RESOURCE_GROUP" --name "$CLUSTER"`],
    },
  ],
  restore: [
    {
      what: 'Enable the add-on again; --enable-secret-rotation where it was on.',
      lines: [`az aks enable-addons --addons ${ADDON} --resource-group "$RESOURCE_GROUP" --name "$CLUSTER"`],
    },
  ],
};

function helmWay(release: string, namespace: string, { releases }: ClusterView): OriginWay {
  const known = releases.find((each) => each.name === release && each.namespace === namespace);
  const chart = known?.chart.name || 'CHART';
  const version = known?.chart.version || 'VERSION';
  // Of two releases of one name, and of one that is called as Keyferry's.
  const file = `${namespace}-${release}-values.yaml`;
  const at = `--namespace ${word(namespace)}`;
  return {
    save: [
      {
        what: 'Save the values of the release, for the way back.',
        lines: [`helm get values ${word(release)} ${at} -o yaml > ${word(file)}`],
      },
    ],
    remove: [
      {
        what: 'Take the release away. From here until Keyferry runs, new pods wait.',
        lines: [`helm uninstall ${word(release)} ${at} --wait`],
      },
    ],
    restore: [
      {
        what: 'Install what was there before.',
        lines: [
          `helm install ${word(release)} ${word(chart)} --repo ${REPOSITORIES.get(chart) ?? 'REPOSITORY'} --version ${word(version)} ${at} --values ${word(file)} --wait`,
        ],
      },
    ],
  };
}

function manifestWay(namespace: string, name: string): OriginWay {
  const file = `${name}.yaml`;
  const at = `-n ${word(namespace)} daemonset/${word(name)}`;
  return {
    save: [{ what: `Save ${name}, for the way back.`, lines: [`kubectl get ${at} -o yaml > ${word(file)}`] }],
    remove: [
      {
        what: `Take ${name} away. From here until Keyferry runs, new pods wait.`,
        lines: [`kubectl delete ${at} --wait --cascade=foreground`],
      },
    ],
    restore: [
      {
        what: `Apply ${name} again, after its CSIDriver object and its roles.`,
        lines: [`grep -vE ${SERVER_FIELDS.replace('    ', '  ')} ${word(file)} | kubectl apply -f -`],
      },
    ],
  };
}

/** A name as a word of a shell; names of Kubernetes are words already, and anything else is quoted. */
function word(text: string): string {
  return /^[-A-Za-z0-9._/=:]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

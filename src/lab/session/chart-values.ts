import { stringify } from 'yaml';

/** What the chart is told so that its pods use a lab outside of their cluster. */
export interface ChartValuesOptions {
  /** The gateway as pods reach it. */
  readonly proxyUrl: string;
  /** The lab's CA. */
  readonly caPem: string;
}

/**
 * What is reached without the gateway: the cluster itself, by its names and by the addresses that networks have within
 * themselves. Azure is always asked for by name. Some clients compare words only, so the address of the API server, which
 * kubelet fills in, stands there beside the ranges.
 */
const DIRECT = [
  'localhost',
  '127.0.0.1',
  '::1',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
  'kubernetes',
  '.svc',
  '.cluster.local',
];

/** {@link DIRECT} for a command on the machine of a lab whose cluster is outside: its API server may be an AKS one. */
export const DIRECT_FOR_COMMANDS = [...DIRECT, '.azmk8s.io'].join(',');

/** Values for `helm install -f`: the proxy and the CA, as YAML. */
export function renderChartValues({ proxyUrl, caPem }: ChartValuesOptions): string {
  return stringify(
    {
      extraEnv: [
        { name: 'HTTPS_PROXY', value: proxyUrl },
        { name: 'NO_PROXY', value: [...DIRECT, '$(KUBERNETES_SERVICE_HOST)'].join(',') },
      ],
      caBundle: `${caPem.trimEnd()}\n`,
    },
    { lineWidth: 0 },
  );
}

import { join } from 'node:path';
import { ADDRESSES } from './addresses.ts';
import type { Credentials } from './credentials.ts';
import type { Machine } from './machine.ts';
import { startService, type Service } from './service.ts';

/** What the programs of a control plane are started with. */
export interface ControlPlaneOptions {
  readonly machine: Machine;
  /** The folder of the programs of Kubernetes. */
  readonly programs: string;
  /** For logs and process ids. */
  readonly folder: string;
  readonly credentials: Credentials;
  readonly issuer: string;
}

/** etcd, its data in memory: what is there of it is gone with the machine. */
export async function startEtcd({ machine, folder }: ControlPlaneOptions): Promise<Service> {
  const data = join(folder, 'etcd');
  await machine.script('mkdir -p "$1"; mount -t tmpfs -o mode=700 etcd "$1"', data);
  const client = 'http://127.0.0.1:2379';
  const peer = 'http://127.0.0.1:2380';
  return startService(
    machine,
    'etcd',
    [
      'etcd',
      `--data-dir=${data}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ],
    { folder },
  );
}

/** The API server, as kubeadm starts it, but for the aggregation layer. */
export function startApiServer(options: ControlPlaneOptions): Service {
  const { machine, programs, folder, credentials, issuer } = options;
  return startService(
    machine,
    'kube-apiserver',
    [
      join(programs, 'kube-apiserver'),
      '--etcd-servers=http://127.0.0.1:2379',
      `--advertise-address=${ADDRESSES.node}`,
      `--secure-port=${ADDRESSES.apiServerPort}`,
      `--tls-cert-file=${credentials.apiServer.cert}`,
      `--tls-private-key-file=${credentials.apiServer.key}`,
      `--client-ca-file=${credentials.ca.cert}`,
      `--service-cluster-ip-range=${ADDRESSES.services}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--service-account-issuer=${issuer}`,
      `--service-account-key-file=${credentials.tokens.publicKey}`,
      `--service-account-signing-key-file=${credentials.tokens.key}`,
      `--kubelet-certificate-authority=${credentials.ca.cert}`,
      `--kubelet-client-certificate=${credentials.apiServerToKubelet.cert}`,
      `--kubelet-client-key=${credentials.apiServerToKubelet.key}`,
      // Nobody resolves the node's name.
      '--kubelet-preferred-address-types=InternalIP',
    ],
    { folder },
  );
}

/** The controllers of Kubernetes. There is one of each, so none waits for a lease. */
export function startControllers({ machine, programs, folder, credentials }: ControlPlaneOptions): Service[] {
  return [
    startService(
      machine,
      'kube-controller-manager',
      [
        join(programs, 'kube-controller-manager'),
        `--kubeconfig=${credentials.kubeconfigs['controller-manager']}`,
        '--use-service-account-credentials',
        `--service-account-private-key-file=${credentials.tokens.key}`,
        `--root-ca-file=${credentials.ca.cert}`,
        `--cluster-signing-cert-file=${credentials.ca.cert}`,
        `--cluster-signing-key-file=${credentials.ca.key}`,
        '--leader-elect=false',
      ],
      { folder },
    ),
    startService(
      machine,
      'kube-scheduler',
      [join(programs, 'kube-scheduler'), `--kubeconfig=${credentials.kubeconfigs.scheduler}`, '--leader-elect=false'],
      { folder },
    ),
  ];
}

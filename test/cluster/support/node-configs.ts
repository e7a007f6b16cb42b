import { stringify } from 'yaml';
import { ADDRESSES } from './addresses.ts';
import type { Credentials } from './credentials.ts';

/** The kubelet's configuration. What differs from kubeadm's has its reason beside it. */
export function kubeletConfig(options: {
  readonly credentials: Credentials;
  readonly cgroup: string;
  readonly resolvConf: string;
}): string {
  const { credentials, cgroup, resolvConf } = options;
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: credentials.ca.cert },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: credentials.kubelet.cert,
    tlsPrivateKeyFile: credentials.kubelet.key,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    clusterDomain: 'cluster.local',
    clusterDNS: [ADDRESSES.dns],
    resolvConf,
    // No systemd to ask. Each cluster of this machine has control groups of its own.
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    // Below zero needs CAP_SYS_RESOURCE.
    oomScoreAdj: 0,
    // This machine's disk is not the tests' business, and images cannot be fetched again.
    evictionHard: {
      'memory.available': '0%',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
      'imagefs.inodesFree': '0%',
    },
    imageGCHighThresholdPercent: 100,
    maxPods: 250,
  });
}

/** containerd's configuration; its sockets and state are below /run, which is the node's own. */
export function containerdConfig({ root, cni }: { readonly root: string; readonly cni: string }): string {
  return `version = 2
root = "${root}"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
address = "/run/containerd/containerd.sock"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
# Without CAP_SYS_RESOURCE runc dies when it sets a lower score.
restrict_oom_score_adj = true
disable_apparmor = true

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${cni}"
`;
}

/** The image of pods' sandboxes. */
export const PAUSE_IMAGE = 'keyferry.test/pause:1';

/** The pods' network: a bridge in the cluster's network. */
export function bridgeConfig(): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: ADDRESSES.pods }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

import { mkdir, realpath, stat, writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Container, Pod } from '#kube';
import type { ContainerMount, ContainerRuntime, ContainerSpec } from '../runtime/index.ts';
import { ContainerConfigError, expandVariables, type EnvEntry } from './environment.ts';
import type { PodVolumes } from './pod-volumes.ts';

/** What {@link buildContainerSpec} needs. */
export interface ContainerSpecInput {
  readonly id: string;
  readonly pod: Pod;
  readonly container: Container;
  readonly env: readonly EnvEntry[];
  readonly volumes: Pick<PodVolumes, 'hostPath'>;
  readonly runtime: Pick<ContainerRuntime, 'imageFacts' | 'canChangeUser'>;
  /** The pod's own /etc/hosts and the like, made by {@link writePodFiles}. */
  readonly podFiles: readonly ContainerMount[];
  readonly logPath: string;
}

/** The container to start. Throws {@link ContainerConfigError} for what cannot be. */
export async function buildContainerSpec(input: ContainerSpecInput): Promise<ContainerSpec> {
  const { pod, container, env, runtime } = input;
  const values = new Map(env.map(({ name, value }) => [name, value]));
  const expand = (text: string) => expandVariables(text, (name) => values.get(name));
  const image = container.image ?? '';
  const facts = runtime.imageFacts(image);
  const entrypoint = container.command ?? facts?.entrypoint ?? [];
  const args = container.args ?? (container.command === undefined ? (facts?.cmd ?? []) : []);
  const command = [...entrypoint, ...args].map(expand);
  if (command.length === 0) {
    throw new ContainerConfigError(
      `the lab does not pull images and does not know what ${image} runs: give the container a command`,
    );
  }
  const security = { ...pod.spec?.securityContext, ...container.securityContext };
  const fsGroup = pod.spec?.securityContext?.fsGroup;
  const groups = [
    ...(pod.spec?.securityContext?.supplementalGroups ?? []),
    ...(fsGroup === undefined ? [] : [fsGroup]),
  ];
  if (security.runAsNonRoot === true && (security.runAsUser ?? 0) === 0) {
    throw new ContainerConfigError(
      `container has runAsNonRoot and image will run as root (pod: "${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})", container: ${container.name})`,
    );
  }
  const own = await volumeMounts(container, input.volumes, expand);
  const taken = new Set(own.map(({ containerPath }) => containerPath));
  return {
    id: input.id,
    image,
    command,
    env,
    workingDir: container.workingDir ?? facts?.workingDir ?? '/',
    mounts: [...input.podFiles.filter(({ containerPath }) => !taken.has(containerPath)), ...own],
    hostname: podHostname(pod),
    user: { uid: security.runAsUser, gid: security.runAsGroup, supplementalGroups: groups },
    readOnlyRoot: container.securityContext?.readOnlyRootFilesystem ?? false,
    privileged: container.securityContext?.privileged ?? false,
    addCapabilities: container.securityContext?.capabilities?.add ?? [],
    dropCapabilities: container.securityContext?.capabilities?.drop ?? [],
    noNewPrivileges: container.securityContext?.allowPrivilegeEscalation === false,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    logPath: input.logPath,
  };
}

async function volumeMounts(
  container: Container,
  volumes: Pick<PodVolumes, 'hostPath'>,
  expand: (text: string) => string,
): Promise<ContainerMount[]> {
  const mounts: ContainerMount[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const base = volumes.hostPath(mount.name);
    const subPath = mount.subPathExpr === undefined ? mount.subPath : expand(mount.subPathExpr);
    const hostPath = subPath === undefined || subPath === '' ? base : await resolveSubPath(base, subPath);
    mounts.push({ hostPath, containerPath: posix.resolve('/', mount.mountPath), readOnly: mount.readOnly ?? false });
  }
  return mounts;
}

/** The file or folder of a subPath, created as a folder when it does not exist; never outside the volume. */
export async function resolveSubPath(base: string, subPath: string): Promise<string> {
  const wanted = posix.join(base, subPath);
  if (posix.isAbsolute(subPath) || !`${wanted}/`.startsWith(`${base}/`)) {
    throw new ContainerConfigError(`failed to prepare subPath: ${subPath} must stay in the volume`);
  }
  const exists = await stat(wanted).then(
    () => true,
    () => false,
  );
  if (!exists) await mkdir(wanted, { recursive: true, mode: 0o750 });
  const real = await realpath(wanted);
  if (!`${real}/`.startsWith(`${await realpath(base)}/`)) {
    throw new ContainerConfigError(`failed to prepare subPath: ${subPath} leads out of the volume`);
  }
  return real;
}

/** The name that the pod's containers have. */
export function podHostname(pod: Pod): string {
  return (pod.spec?.hostname ?? pod.metadata?.name ?? 'pod').slice(0, 63).replace(/[-.]+$/, '');
}

/** Writes a pod's own /etc/hosts, /etc/hostname and /etc/resolv.conf and answers how containers see them. */
export async function writePodFiles(
  podDir: string,
  pod: Pod,
  hostIp: string,
  resolvConf: string,
): Promise<ContainerMount[]> {
  const hostname = podHostname(pod);
  const aliases = (pod.spec?.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`);
  const hosts = [
    '# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n',
    `${hostIp}\t${hostname}\n`,
    ...(aliases.length === 0 ? [] : ['\n# Entries added by HostAliases.\n', ...aliases]),
  ].join('');
  const folder = posix.join(podDir, 'etc');
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const files = { hosts, hostname: `${hostname}\n`, 'resolv.conf': resolvConf };
  return Promise.all(
    Object.entries(files).map(async ([name, content]) => {
      await writeFile(posix.join(folder, name), content, { mode: 0o644 });
      return { hostPath: posix.join(folder, name), containerPath: `/etc/${name}`, readOnly: false };
    }),
  );
}

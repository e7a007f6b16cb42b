import { mkdir, realpath, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Container, Pod } from '#kube';
import type { ContainerMount, ContainerRuntime, ContainerSpec } from '../runtime/index.ts';
import { ContainerConfigError, expandVariables, type EnvEntry } from './environment.ts';
import { podHostname } from './pod-files.ts';
import type { PodVolumes } from './pod-volumes.ts';

/** What {@link buildContainerSpec} needs. */
export interface ContainerSpecInput {
  readonly id: string;
  readonly pod: Pod;
  readonly container: Container;
  readonly env: readonly EnvEntry[];
  readonly nodeName: string;
  readonly volumes: Pick<PodVolumes, 'hostPath' | 'isReadOnly'>;
  readonly runtime: Pick<ContainerRuntime, 'imageFacts' | 'canChangeUser'>;
  /** The pod's own /etc/hosts and the like. */
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
    const why =
      security.runAsUser === 0
        ? `container's runAsUser breaks non-root policy`
        : 'container has runAsNonRoot and image will run as root';
    const where = `${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})`;
    throw new ContainerConfigError(`${why} (pod: "${where}", container: ${container.name})`);
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
    hostname: podHostname(pod, input.nodeName),
    hostPid: pod.spec?.hostPID ?? false,
    hostIpc: pod.spec?.hostIPC ?? false,
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
  volumes: Pick<PodVolumes, 'hostPath' | 'isReadOnly'>,
  expand: (text: string) => string,
): Promise<ContainerMount[]> {
  const mounts: ContainerMount[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const base = volumes.hostPath(mount.name);
    const subPath = mount.subPathExpr === undefined ? mount.subPath : expand(mount.subPathExpr);
    const isMachines = volumes.isReadOnly(mount.name);
    const hostPath = subPath === undefined || subPath === '' ? base : await resolveSubPath(base, subPath, !isMachines);
    mounts.push({
      hostPath,
      containerPath: posix.resolve('/', mount.mountPath),
      readOnly: isMachines || (mount.readOnly ?? false),
      recursiveReadOnly: isMachines,
      propagation: PROPAGATION[mount.mountPropagation ?? 'None'] ?? 'private',
    });
  }
  return mounts;
}

const PROPAGATION: Readonly<Record<string, ContainerMount['propagation']>> = {
  None: 'private',
  HostToContainer: 'slave',
  Bidirectional: 'shared',
};

/** The file or folder of a subPath, made as a folder when it may be and does not exist; never outside the volume. */
export async function resolveSubPath(base: string, subPath: string, mayCreate = true): Promise<string> {
  const wanted = posix.join(base, subPath);
  if (posix.isAbsolute(subPath) || !`${wanted}/`.startsWith(`${base}/`)) {
    throw new ContainerConfigError(`failed to prepare subPath: ${subPath} must stay in the volume`);
  }
  const volume = await realpath(base);
  const inVolume = (path: string): string => {
    if (`${path}/`.startsWith(`${volume}/`)) return path;
    throw new ContainerConfigError(`failed to prepare subPath: ${subPath} leads out of the volume`);
  };
  const exists = await stat(wanted).then(
    () => true,
    () => false,
  );
  if (exists) return inVolume(await realpath(wanted));
  if (!mayCreate) throw new ContainerConfigError(`failed to prepare subPath: ${subPath} does not exist`);
  // One folder after the other: a link on the way would have folders made where it leads.
  let real = volume;
  for (const part of posix.relative(base, wanted).split('/')) {
    const next = posix.join(real, part);
    await mkdir(next, { mode: 0o750 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    real = inVolume(
      await realpath(next).catch(() => {
        throw new ContainerConfigError(`failed to prepare subPath: ${subPath} leads nowhere`);
      }),
    );
  }
  return real;
}

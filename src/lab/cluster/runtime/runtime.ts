import type { ExecRequest, ExecSession } from '../pod-streams.ts';

/** A folder or file of the node that a container sees. */
export interface ContainerMount {
  readonly hostPath: string;
  /** Absolute, as the pod spec says it; symlinks of the container's root are followed. */
  readonly containerPath: string;
  readonly readOnly: boolean;
  /** Whether read-only is also what is mounted below it now. Default: no. */
  readonly recursiveReadOnly?: boolean | undefined;
  /**
   * What becomes of mounts made below it later: nothing (default), the node's show in the container, or both ways. The last
   * needs a `hostPath` on a shared mount.
   */
  readonly propagation?: 'private' | 'slave' | 'shared' | undefined;
}

/** Whose rights a container's processes have. */
export interface ContainerUser {
  /** Default 0. */
  readonly uid?: number | undefined;
  /** Default 0. */
  readonly gid?: number | undefined;
  readonly supplementalGroups: readonly number[];
}

/** A container to start: everything resolved, nothing to look up. */
export interface ContainerSpec {
  /** Unique on this node for ever; part of file names. */
  readonly id: string;
  readonly image: string;
  /** The whole argument vector; at least one element. */
  readonly command: readonly string[];
  /** The whole environment, later entries win. */
  readonly env: readonly { readonly name: string; readonly value: string }[];
  /** Created in the container when it does not exist. */
  readonly workingDir: string;
  readonly mounts: readonly ContainerMount[];
  readonly hostname: string;
  /** Leaves it in the PID or IPC namespace of the runtime, which is the node's. Default false. */
  readonly hostPid?: boolean | undefined;
  readonly hostIpc?: boolean | undefined;
  readonly user: ContainerUser;
  readonly readOnlyRoot: boolean;
  /** Keeps every capability that the runtime itself has, and has all of this machine's devices. */
  readonly privileged: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  /** Keeps stdin open for {@link ContainerHandle.attach}; otherwise it is /dev/null. */
  readonly stdin: boolean;
  /** Closes stdin when the first who attached to it leaves. */
  readonly stdinOnce?: boolean | undefined;
  /** Runs the command on a terminal: stdout and stderr are one then. */
  readonly tty?: boolean | undefined;
  /** Where stdout and stderr go, in the CRI log format. Its folder is created. */
  readonly logPath: string;
}

/** How a container ended. */
export interface ContainerExit {
  /** The exit code; a death by signal is 128 plus its number. */
  readonly exitCode: number;
  /** The number of the signal that ended it, if one did. */
  readonly signal: number | undefined;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

/** A container that was started. */
export interface ContainerHandle {
  readonly id: string;
  /** The first process, as this process's /proc numbers it. */
  readonly pid: number;
  readonly startedAtMs: number;
  /** Never rejects. Resolves after the last byte of the log is written. */
  readonly exit: Promise<ContainerExit>;
  /** Sends a signal to the first process. Without effect once it is over. */
  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP'): void;
  exec(request: ExecRequest): Promise<ExecSession>;
  /** The container's own streams, from now on. */
  attach(request: Omit<ExecRequest, 'command'>): ExecSession;
}

/** What is known of an image without having it. */
export interface ImageFacts {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
}

/**
 * Starts containers. The lab's own makes them of processes and namespaces; one that speaks CRI to a container engine can
 * stand behind the same interface.
 */
export interface ContainerRuntime extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  /** False when only user 0 exists (a user namespace with one id mapped): runAsUser and fsGroup then have no effect. */
  readonly canChangeUser: boolean;
  /** The image's own command; undefined when it is not known. */
  imageFacts(image: string): ImageFacts | undefined;
  /** One sentence for people: what the root of this image's containers is made of. */
  describeRoot(image: string): string;
  /** Answers when the command is about to run. Throws {@link ContainerStartError} when it cannot. */
  start(spec: ContainerSpec): Promise<ContainerHandle>;
}

/** A container that could not be started; the message is containerd's where there is one for the case. */
export class ContainerStartError extends Error {
  override readonly name = 'ContainerStartError';
}

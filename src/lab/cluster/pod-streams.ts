import type { Duplex, Readable, Writable } from 'node:stream';

/** Which pod. */
export interface PodKey {
  readonly podUid: string;
  readonly namespace: string;
  readonly podName: string;
}

/** Which container of which pod. */
export interface ContainerKey extends PodKey {
  readonly container: string;
}

/** The query of `GET pods/{name}/log`. */
export interface LogOptions {
  readonly follow?: boolean | undefined;
  readonly previous?: boolean | undefined;
  readonly timestamps?: boolean | undefined;
  readonly tailLines?: number | undefined;
  readonly limitBytes?: number | undefined;
  readonly sinceSeconds?: number | undefined;
  readonly sinceTime?: string | undefined;
  readonly signal: AbortSignal;
}

/** A command that runs in a container. */
export interface ExecSession {
  /** Undefined when no stdin was asked for. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  /** Undefined with a terminal: everything comes on stdout then. */
  readonly stderr: Readable | undefined;
  resize(size: { readonly width: number; readonly height: number }): void;
  /** The exit code; a death by signal is 128 plus its number. Rejects with {@link ExecStartError}. */
  readonly exitCode: Promise<number>;
  /** Ends the command at once. */
  kill(): void;
}

/** A command that could not be started in its container; the message is containerd's. */
export class ExecStartError extends Error {
  override readonly name = 'ExecStartError';
}

/** What the query of `pods/{name}/exec` asks for. */
export interface ExecRequest {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** What the API server asks the node for: logs and commands of its containers. Throws ApiError (404, 400) as a kubelet answers. */
export interface PodStreams {
  /** The log's text; with `follow` it ends when the container does or the signal aborts. */
  logs(key: ContainerKey, options: LogOptions): Promise<Readable>;
  exec(key: ContainerKey, request: ExecRequest): Promise<ExecSession>;
  /** The container's own stdin, stdout and stderr. */
  attach(key: ContainerKey, request: Omit<ExecRequest, 'command'>): Promise<ExecSession>;
  /** A connection to a port of the pod. Rejects with the text that a client of port-forward is to see. */
  portForward(key: PodKey, port: number): Promise<Duplex>;
}

/** What the scenarios run against: the lab, or real Kubernetes programs. Everything else is built on these few things. */
import { spawn } from 'node:child_process';

/** How a program ended and what it printed. */
export interface Ended {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

/** How a program is started. */
export interface RunOptions {
  readonly input?: string | undefined;
  /** The folder that it starts in. */
  readonly cwd?: string | undefined;
}

/** A cluster with the driver, and the emulated Azure beside it. */
export interface ClusterUnderTest extends AsyncDisposable {
  /** For names of tests: `the lab`, `Kubernetes 1.34.4`. */
  readonly name: string;
  /**
   * Runs a program to its end where `kubectl`, `az` and `keyferry` are on the PATH and reach cluster and cloud as a
   * person's would.
   */
  run(command: readonly string[], options?: RunOptions): Promise<Ended>;
  /** The issuer of the cluster's service account tokens, as Entra ID is told it. */
  readonly issuer: string;
  /** The images that pods may name: one with a POSIX shell and the usual small programs, one with `/bin/bash` as well. */
  readonly images: { readonly shell: string; readonly bash: string };
  readonly node: NodeView;
  /** What can be done to the cluster; the scenarios that need more are skipped. */
  readonly operations: Partial<NodeOperations>;
}

/** The node's files and mounts, seen through a process that lives in its mount namespace. */
export interface NodeView {
  readonly name: string;
  /** Such a process, as this machine numbers it. */
  pid(): Promise<number>;
  /** The kubelet's folder, as that process sees it. */
  kubelet(): Promise<string>;
}

/** What happens to nodes and control planes. Each answers when it is done: gone, or ready again. */
export interface NodeOperations {
  /** Ends kubelet; containers run on. */
  stopKubelet(): Promise<void>;
  startKubelet(): Promise<void>;
  /** kubelet, the container runtime, all containers and all mounts are gone at once; the disk stays. */
  powerOff(): Promise<void>;
  powerOn(): Promise<void>;
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  /** Installs the driver anew with another setting, as `helm upgrade` does; done when the new one serves. */
  upgradeDriver(): Promise<void>;
}

/** Runs a program to its end; for implementations of {@link ClusterUnderTest.run}. */
export function runProgram(
  [program = '', ...args]: readonly string[],
  options: RunOptions & { readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...options.env }, cwd: options.cwd, stdio: 'pipe' });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    // A program that does not read its input has said why on its way out.
    child.stdin.on('error', () => undefined).end(options.input ?? '');
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, out, err }));
  });
}

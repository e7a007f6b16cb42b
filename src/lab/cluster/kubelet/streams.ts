import { access } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '#base';
import { ApiError } from '../api-access.ts';
import type { ContainerKey, PodKey, PodStreams } from '../pod-streams.ts';
import { goNetworkError } from './http-get.ts';
import { readContainerLog } from './log-reader.ts';
import type { PodContainer } from './pod-container.ts';
import { containerLogPath, type PodWorker } from './pod-worker.ts';

/** What {@link createPodStreams} needs. */
export interface PodStreamsOptions {
  readonly worker: (podUid: string) => PodWorker | undefined;
  readonly logDir: (key: ContainerKey) => string;
  readonly clock: Clock;
}

/** Logs, commands and attachments of this node's containers; refusals are those of a kubelet. */
export function createPodStreams({ worker, logDir, clock }: PodStreamsOptions): PodStreams {
  const find = (key: ContainerKey): PodContainer => {
    const found = worker(key.podUid)?.container(key.container);
    if (found !== undefined) return found;
    throw badRequest(`container "${key.container}" in pod "${key.podName}" is not available`);
  };
  const running = (key: ContainerKey) => {
    const { handle } = find(key);
    if (handle !== undefined) return handle;
    throw refusal(500, 'InternalError', `unable to upgrade connection: container not found ("${key.container}")`);
  };
  return {
    logs: async (key, options) => {
      const entry = find(key);
      const { facts } = entry;
      const run = options.previous === true ? facts.restartCount - 1 : facts.restartCount;
      if (run < 0) {
        throw badRequest(`previous terminated container "${key.container}" in pod "${key.podName}" not found`);
      }
      const path = containerLogPath(logDir(key), key.container, run);
      const exists = await access(path).then(
        () => true,
        () => false,
      );
      if (!exists) {
        if (options.previous === true) {
          throw badRequest(`previous terminated container "${key.container}" in pod "${key.podName}" not found`);
        }
        const reason = facts.state.is === 'waiting' ? facts.state.reason : 'ContainerCreating';
        const phrase = REASONS[reason] ?? `is waiting to start: ${reason}`;
        throw badRequest(`container "${key.container}" in pod "${key.podName}" ${phrase}`);
      }
      // A later run has its own log: the one that is followed ends with its run.
      const isOver = () => options.previous === true || entry.handle === undefined || entry.facts.restartCount !== run;
      return readContainerLog(path, { ...options, clock, isOver });
    },
    exec: async (key, request) => running(key).exec(request),
    attach: async (key, request) => running(key).attach(request),
    portForward: (key, port) => {
      if (worker(key.podUid) === undefined) throw new Error(`pod not found ("${key.podName}_${key.namespace}")`);
      return connectToPod(key, port);
    },
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ContainerCreating: 'is waiting to start: ContainerCreating',
  PodInitializing: 'is waiting to start: PodInitializing',
};

/** Connects as containerd does for a pod on the host's network: to localhost, by IPv4 and then by IPv6. */
async function connectToPod({ podUid, podName }: PodKey, port: number): Promise<Duplex> {
  const troubles: string[] = [];
  for (const host of ['127.0.0.1', '::1']) {
    try {
      return await dial(host, port);
    } catch (error) {
      const text = goNetworkError(error, { hostname: host === '::1' ? '[::1]' : host, port: String(port) });
      troubles.push(text.replace('dial tcp ', host === '::1' ? 'dial tcp6 ' : 'dial tcp4 '));
    }
  }
  throw new Error(
    `error forwarding port ${port} to pod ${podName}, uid ${podUid}: failed to execute portforward in network namespace "host": ` +
      `failed to connect to localhost:${port} inside namespace "host", IPv4: ${troubles[0]} IPv6 ${troubles[1]} `,
  );
}

function dial(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function badRequest(message: string): ApiError {
  return refusal(400, 'BadRequest', message);
}

function refusal(code: number, reason: string, message: string): ApiError {
  return new ApiError({ apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', message, reason, code });
}

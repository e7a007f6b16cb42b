import { access } from 'node:fs/promises';
import type { Clock } from '#base';
import { ApiError } from '../api-access.ts';
import type { ContainerKey, PodStreams } from '../pod-streams.ts';
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
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ContainerCreating: 'is waiting to start: ContainerCreating',
  PodInitializing: 'is waiting to start: PodInitializing',
};

function badRequest(message: string): ApiError {
  return refusal(400, 'BadRequest', message);
}

function refusal(code: number, reason: string, message: string): ApiError {
  return new ApiError({ apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', message, reason, code });
}

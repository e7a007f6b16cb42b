import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { silentLog, systemClock, systemRandom } from '#base';
import type { Faults } from '#lab/faults';
import { createMemoryStore, type Store } from '#lab/store';
import { startApiServer, type ApiServer } from '../../../src/lab/cluster/apiserver/index.ts';
import type { ExecSession, PodStreams } from '../../../src/lab/cluster/pod-streams.ts';

/** The node's side of the tests: commands run on this machine, every log is two lines. */
const streams: PodStreams = {
  logs: (_key, { tailLines }) => {
    const lines = ['first line\n', 'second line\n'];
    return Promise.resolve(Readable.from(tailLines === undefined ? lines : lines.slice(-tailLines)));
  },
  exec: (_key, { command, stdin, stderr }): Promise<ExecSession> => {
    const [program = '', ...args] = command;
    const child = spawn(program, args);
    if (!stdin) child.stdin.end();
    return Promise.resolve({
      stdin: stdin ? child.stdin : undefined,
      stdout: child.stdout,
      stderr: stderr ? child.stderr : undefined,
      resize: () => undefined,
      exitCode: new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 137))),
      kill: () => child.kill('SIGKILL'),
    });
  },
  attach: () => Promise.reject(new Error('nothing to attach to')),
  portForward: () => Promise.reject(new Error('nothing to connect to')),
};

/** What a {@link startTestApiServer} differs in. */
export interface TestApiServerOptions {
  /** For clients of its socket. */
  readonly faults?: Faults;
  /** Default: a new one in memory. */
  readonly store?: Store;
}

/** An API server whose namespace `default` is ready for pods. */
export async function startTestApiServer(options: TestApiServerOptions = {}): Promise<ApiServer> {
  const { faults, store = createMemoryStore() } = options;
  const server = await startApiServer({
    store,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    issuerUrl: 'https://eastus.oic.prod-aks.azure.com/tenant/cluster/',
    streams,
    faults,
  });
  const accounts = { group: '', version: 'v1', resource: 'serviceaccounts' };
  const metadata = { name: 'default', namespace: 'default' };
  await server.access.get(accounts, metadata).catch(() => server.access.create(accounts, 'default', { metadata }));
  return server;
}

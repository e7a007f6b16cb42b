import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESOURCES } from '#kube';
import { packageRoot } from '#lab/session';
import { freePort } from '../../support/free-port.ts';
import { makeCluster, podReady, startTestLab, type TestCluster, type TestLab } from '../../support/test-lab.ts';
import { describeWithClients, useClient } from '../support/clients.ts';
import { EXPECTED } from './expectations.ts';

let lab: TestLab;
let cluster: TestCluster;
let serverPort: number;

beforeAll(async () => {
  lab = await startTestLab();
  cluster = await makeCluster(lab);
  await forgetHistory();
  serverPort = await freePort();
  await startPod('teller', 'echo one; echo two; exec sleep infinity');
  await startPod(
    'server',
    `mkdir /tmp/www && echo served > /tmp/www/index.html && exec python3 -m http.server ${serverPort} --bind 127.0.0.1 --directory /tmp/www`,
    serverPort,
  );
});

afterAll(async () => {
  cluster[Symbol.dispose]();
  await lab[Symbol.asyncDispose]();
});

/** A client library: what has to be installed for its program, and the command that runs it. */
interface Library {
  readonly name: string;
  readonly clients: readonly string[];
  readonly command: () => readonly [string, ...string[]];
}

const LIBRARIES: readonly Library[] = [
  {
    name: '@kubernetes/client-node',
    clients: [],
    command: () => [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'javascript', 'checks.ts')],
  },
  {
    name: 'client-go',
    clients: ['kubernetes-go'],
    command: () => [useClient('kubernetes-go').programs['kubernetes-go'] ?? ''],
  },
  {
    name: 'kubernetes for Python',
    clients: ['kubernetes-python'],
    command: () => [
      useClient('kubernetes-python').programs['python'] ?? '',
      join(import.meta.dirname, 'python', 'checks.py'),
    ],
  },
];

describe.each(LIBRARIES)('$name', ({ clients, command }) => {
  describeWithClients('against the API server', clients, () => {
    let told: Readonly<Record<string, unknown>>;

    beforeAll(async () => {
      told = await runChecks(command());
    });

    it.each(Object.entries(EXPECTED))('%s', (check, expected) => {
      expect(told[check]).toEqual(expected);
    });
  });
});

/** Runs a library's program; answers what it tells of each check. */
async function runChecks([program, ...args]: readonly [string, ...string[]]): Promise<Record<string, unknown>> {
  const child = spawn(program, [...args, String(serverPort)], {
    cwd: packageRoot(),
    env: lab.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${err}`);
  const lines = out.split('\n').filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const { check, told, failed } = JSON.parse(line) as { check: string; told?: unknown; failed?: string };
      return [check, failed ?? told];
    }),
  );
}

/**
 * Changes ConfigMaps so often that their first revisions are gone: the API server keeps 2000 changes of a resource, and drops
 * the older ones when there are 3000.
 */
async function forgetHistory(): Promise<void> {
  const key = { namespace: 'default', name: 'busy' };
  await cluster.client.create(RESOURCES.configmaps, key.namespace, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: key.name },
  });
  for (let round = 0; round < 155; round += 1) {
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        cluster.client.patch(RESOURCES.configmaps, key, {
          type: 'merge',
          body: { data: { change: `${round}-${index}` } },
        }),
      ),
    );
  }
}

async function startPod(name: string, script: string, port?: number): Promise<void> {
  await cluster.client.create(RESOURCES.pods, 'default', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'app',
          image: 'debian:12',
          command: ['sh', '-c', script],
          ...(port === undefined
            ? {}
            : { readinessProbe: { tcpSocket: { host: '127.0.0.1', port }, periodSeconds: 1 } }),
        },
      ],
    },
  });
  await podReady(cluster.client, name);
}

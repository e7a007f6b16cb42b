import { execFile, spawn as spawnChild, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { namespaceCommand, startNamespaceChild, type NamespaceChild } from '../support/namespaces.ts';

// Terminals, streams and logs of real containers, used by the real kubectl at a real terminal.

const user = process.getuid?.() === 0 ? 'root' : 'ordinary-user';
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const missing = [
  ...('missing' in namespaceCommand(user) ? ['namespaces'] : []),
  ...(hasKubectl ? [] : ['kubectl on the PATH']),
].join(' and ');

const pod = (name: string, script: string, more = '') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  containers:
  - { name: c, image: 'ubuntu:24.04', command: [bash, -c, '${script}']${more} }
`;

interface Ended {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Sends a text to a port of this machine and answers all that comes back. */
async function ask(port: number, text: string): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.write(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe.skipIf(missing !== '')(`streams of pods under kubectl (needs namespaces and kubectl)`, () => {
  let folder: string;
  let child: NamespaceChild;
  const env = () => ({ PATH: process.env['PATH'] ?? '', HOME: folder, KUBECONFIG: join(folder, 'kubeconfig') });

  const kubectl = (args: readonly string[], input: string | Buffer = '', settings: Record<string, string> = {}) =>
    new Promise<Ended>((resolve) => {
      const options = {
        env: { ...env(), ...settings },
        timeout: 20_000,
        encoding: 'buffer',
        maxBuffer: 64 * 1024 * 1024,
      } as const;
      const run = execFile('kubectl', args, options, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr: stderr.toString() }),
      );
      run.stdin?.on('error', () => undefined);
      run.stdin?.end(input);
    });

  /** Runs kubectl at a terminal: types each text when the one that it waits for is shown. */
  const atTerminal = async (args: readonly string[], steps: readonly (readonly [when: string, type: string])[]) => {
    const terminal = spawn('kubectl', [...args], { cols: 101, rows: 33, env: env() });
    let shown = '';
    terminal.onData((text) => (shown += text));
    const code = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
    let from = 0;
    for (const [when, type] of steps) {
      await expect.poll(() => shown.indexOf(when, from)).toBeGreaterThan(-1);
      from = shown.indexOf(when, from) + when.length;
      terminal.write(type);
    }
    return { code: await code, shown };
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kf-'));
    child = await startNamespaceChild(new URL('./support/cluster-scenarios.ts', import.meta.url), user);
    const started = await child.call<{ kubeconfig: string }>('start', folder);
    writeFileSync(join(folder, 'kubeconfig'), started.kubeconfig, { mode: 0o600 });
    await kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=20s']);
    const waits = ', envFrom: [{ secretRef: { name: nowhere } }]';
    const pods = [
      pod('shell', 'sleep 1000'),
      pod('waits', 'sleep 1000', waits),
      pod('writes', 'echo one; echo two; printf tail'),
    ];
    await kubectl(['apply', '-f', '-'], pods.join('---'));
    await kubectl(['wait', '--for=condition=Ready', 'pod/shell', '--timeout=20s']);
  });
  afterAll(async () => {
    await child?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test('exec -it is at home on a terminal of the container', async () => {
    const shell = ['exec', '-it', 'shell', '--', 'env', 'PS1=> ', 'bash', '--norc', '--noediting'];
    const seen = await atTerminal(shell, [
      ['> ', '(tty; stty size; exec sleep 1000)\n'],
      ['33 101\r\n', '\x03'],
      ['> ', 'exit 9\n'],
    ]);
    expect(seen.shown).toMatch(/\/dev\/pts\/\d+\r\n33 101\r\n/);
    expect(seen.code).toBe(9);
  });

  test('run -it --rm is a shell in a pod that goes with it', async () => {
    const words = ['--image=ubuntu:24.04', '--restart=Never', '--env=PS1=> '];
    const command = ['bash', '--norc', '--noediting'];
    const seen = await atTerminal(
      ['run', 'guest', '-it', '--rm', ...words, '--', ...command],
      [
        ['', '\n'],
        ['> ', 'tty; echo process $$\n'],
        ['process 1\r\n', 'exit\n'],
      ],
    );
    expect(seen.code).toBe(0);
    expect(seen.shown).not.toContain("couldn't attach");
    expect((await kubectl(['get', 'pod', 'guest'])).stderr).toContain('NotFound');
  });

  test('input of run -i ends', async () => {
    const run = await kubectl(
      ['run', 'eats', '-i', '--rm', '-q', '--image=ubuntu', '--restart=Never', '--', 'cat'],
      'x',
    );
    expect(run).toMatchObject({ code: 0, stdout: Buffer.from('x') });
  });

  test('exec carries any bytes both ways', async () => {
    const bytes = randomBytes(8_000_000);
    const seen = await kubectl(['exec', '-i', 'shell', '--', 'cat'], bytes);
    expect(seen.stdout.equals(bytes)).toBe(true);
  });

  test('exec and attach say which container is not there yet', async () => {
    const text = 'unable to upgrade connection: container not found ("c")';
    expect((await kubectl(['exec', 'waits', '--', 'ls'])).stderr).toContain(text);
    expect((await kubectl(['attach', 'waits'])).stderr).toContain(text);
  });

  test.each([
    ['WebSocket', {}],
    ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }],
  ] as const)('exec by %s tells the streams apart, carries any bytes and has an exit code', async (_way, settings) => {
    const bytes = randomBytes(1_000_000);
    const script = 'echo oops >&2; cat; exit 7';
    const seen = await kubectl(['exec', '-i', 'shell', '--', 'sh', '-c', script], bytes, settings);
    expect(seen).toMatchObject({ code: 7, stderr: 'oops\ncommand terminated with exit code 7\n' });
    expect(seen.stdout.equals(bytes)).toBe(true);
  });

  test.each([
    ['WebSocket', {}],
    ['SPDY', { KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
  ] as const)(
    'port-forward by %s carries many connections, and says which port nobody serves',
    async (_way, settings) => {
      // pods share this machine's network
      const page = randomBytes(300_000);
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', (asked) => socket.end(Buffer.concat([asked, page])));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const forward = spawnChild('kubectl', ['port-forward', 'shell', `:${port}`, ':1'], {
        env: { ...env(), ...settings },
      });
      try {
        let out = '';
        let err = '';
        forward.stdout.on('data', (text: Buffer) => (out += text.toString()));
        forward.stderr.on('data', (text: Buffer) => (err += text.toString()));
        const local = (remote: number) => new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${remote}\\b`).exec(out)?.[1];
        await expect.poll(() => local(1)).toBeDefined();
        const asked = ['first', 'second', 'third'];
        const answers = await Promise.all(asked.map((text) => ask(Number(local(port)), text)));
        expect(
          answers.map((answer, index) => answer.equals(Buffer.concat([Buffer.from(asked[index] ?? ''), page]))),
        ).toEqual([true, true, true]);
        await ask(Number(local(1)), 'x').catch(() => undefined);
        await expect.poll(() => err).toContain('dial tcp4 127.0.0.1:1: connect: connection refused');
      } finally {
        forward.kill();
        server.close();
      }
    },
  );

  test.each([
    [['--tail=2'], 'two\ntail'],
    [['--tail=0'], ''],
    [['--limit-bytes=5'], 'one\nt'],
    [['-f'], 'one\ntwo\ntail'],
  ])('logs %j', async (options, text) => {
    await kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/writes', '--timeout=10s']);
    expect((await kubectl(['logs', 'writes', ...options])).stdout.toString()).toBe(text);
  });
});

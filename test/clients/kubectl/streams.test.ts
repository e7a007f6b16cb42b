import { spawn as spawnChild, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { spawn, type IPty } from '@lydell/node-pty';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { eventually, makeCluster, startTestLab, type TestLab } from '../../support/test-lab.ts';
import { describeWithClients, useClient, withClients } from '../support/clients.ts';

// kubectl where it keeps a connection: at a real terminal, with forwarded ports, while it follows.

const CLIENTS = ['kubectl-and-helm'];

/** A pod named `shell` with a shell, and one named `served` (and its Service) that serves the files of its / on a port. */
const manifest = (port: number) => `
apiVersion: v1
kind: Pod
metadata: { name: shell }
spec:
  terminationGracePeriodSeconds: 1
  containers: [{ name: c, image: 'ubuntu:24.04', command: [sleep, '3600'] }]
---
apiVersion: v1
kind: Pod
metadata: { name: served, labels: { app: served } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: python:3.12
    workingDir: /tmp
    command: [sh, -c, 'echo content >/tmp/file; exec python3 -m http.server ${port}']
    ports: [{ name: http, containerPort: ${port} }]
    readinessProbe: { httpGet: { port: http, path: /file }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: served }
spec: { selector: { app: served }, ports: [{ port: 80, targetPort: http }] }
`;

describeWithClients('kubectl that keeps a connection', CLIENTS, () => {
  const { kubectl = 'kubectl' } = useClient('kubectl-and-helm').programs;
  let lab: TestLab;
  let env: Record<string, string>;
  const running = new Set<ChildProcess>();
  const terminals = new Set<IPty>();

  const start = (...args: readonly string[]) => {
    const child = spawnChild(kubectl, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(child);
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => lines.push(line));
    return { child, lines };
  };
  const run = async (args: readonly string[], input = '') => {
    const { child, lines } = start(...args);
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number];
    return { code, seen: lines.join('\n') };
  };
  const must = async (args: readonly string[], input = '') => {
    const { code, seen } = await run(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${seen}`);
    return seen;
  };
  /**
   * A kubectl at a terminal: typing when something is shown, its end. As at a person's terminal, a shell is there before
   * and after it: the kernel drops what a terminal still holds when its first process ends.
   */
  const atTerminal = (...args: readonly string[]) => {
    const shell = ['-c', '"$0" "$@"; echo "ended with $?"; read', kubectl, ...args];
    const terminal = spawn('bash', shell, { cols: 80, rows: 24, env });
    terminals.add(terminal);
    let shown = '';
    let from = 0;
    terminal.onData((text) => (shown += text));
    const shows = async (text: string) => {
      from = await eventually(`the terminal shows ${JSON.stringify(text)}`, () => {
        const at = shown.indexOf(text, from);
        return Promise.resolve(at === -1 ? { seen: shown.slice(-2000) } : { found: at + text.length });
      });
    };
    return { terminal, shows, shown: () => shown };
  };

  let port: number;

  beforeAll(async () => {
    port = await freePort();
    lab = await startTestLab();
    using _cluster = await makeCluster(lab);
    env = withClients(lab.env, ...CLIENTS);
    await must(['apply', '-f', '-'], manifest(port));
    await must(['wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s']);
  });
  afterEach(() => {
    for (const child of running) child.kill();
    for (const terminal of terminals) terminal.kill();
    running.clear();
    terminals.clear();
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const SHELL = ['env', 'PS1=> ', 'bash', '--norc', '--noediting'];

  test('exec -it follows the size of the terminal', async () => {
    const script = 'trap "stty size" WINCH; stty size; while :; do sleep 0.1; done';
    const { terminal, shows, shown } = atTerminal('exec', '-it', 'shell', '--', 'sh', '-c', script);
    await shows('24 80\r\n');
    terminal.resize(132, 43);
    await shows('43 132\r\n');
    terminal.write('\x03');
    await shows('ended with 130');
    expect(shown()).toMatch(/^24 80\r\n43 132\r\n/);
  });

  test('exec -it hands control characters to what runs there', async () => {
    const { terminal, shows, shown } = atTerminal('exec', '-it', 'shell', '--', ...SHELL);
    await shows('> ');
    terminal.write('tty; sleep 1000\n');
    await shows('/dev/pts/');
    terminal.write('\x03');
    await shows('> ');
    terminal.write('\x04');
    await shows('ended with 130');
    expect(shown()).toMatch(/\/dev\/pts\/\d+\r\n\^C\r\n> /);
  });

  test('exec -it shows a long output to its end', async () => {
    const { shows, shown } = atTerminal('exec', '-it', 'shell', '--', 'seq', '1', '20000');
    await shows('ended with 0');
    const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}`);
    expect(shown().split('\r\n').slice(0, -2)).toEqual(numbers);
  });

  test('run -it --rm is a shell in a pod that goes with it', async () => {
    const options = ['--image=ubuntu:24.04', '--restart=Never', '--env=PS1=> '];
    const { terminal, shows } = atTerminal('run', 'guest', '-it', '--rm', ...options, '--', ...SHELL.slice(2));
    await shows('try pressing enter.');
    terminal.write('\n');
    await shows('> ');
    terminal.write('echo process $$\n');
    await shows('process 1\r\n');
    terminal.write('exit\n');
    await shows('pod "guest" deleted');
    await shows('ended with 0');
    expect((await run(['get', 'pod', 'guest'])).seen).toContain('NotFound');
  });

  test('attach -it comes to the first process, and leaves it running', async () => {
    const options = ['-it', '--leave-stdin-open', '--attach=false', '--image=ubuntu:24.04', '--env=PS1=> '];
    await must(['run', 'kept', ...options, '--', ...SHELL.slice(2)]);
    await must(['wait', '--for=condition=Ready', 'pod/kept', '--timeout=30s']);
    const first = atTerminal('attach', '-it', 'kept');
    await first.shows('try pressing enter.');
    first.terminal.write('HERE=still\n');
    await first.shows('HERE=still\r\n');
    first.terminal.kill();
    const second = atTerminal('attach', '-it', 'kept');
    await second.shows('try pressing enter.');
    second.terminal.write('echo $HERE there\n');
    await second.shows('still there\r\n');
    expect(await must(['get', 'pod', 'kept', '-o', 'jsonpath={.status.phase}'])).toBe('Running');
  });

  test.each(['pod/served', 'service/served'])('port-forward to %s', async (target) => {
    const { lines } = start('port-forward', target, target.startsWith('pod') ? `:${port}` : ':80');
    await expect.poll(() => lines[0]).toMatch(/^Forwarding from 127\.0\.0\.1:\d+ -> \d+$/);
    const local = /:(\d+) ->/.exec(lines[0] ?? '')?.[1];
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => (await fetch(`http://127.0.0.1:${local}/file`)).text()),
    );
    expect(answers).toEqual(Array.from({ length: 5 }, () => 'content\n'));
    expect(lines).toContain(`Handling connection for ${local}`);
  });

  test('port-forward to a port where nobody listens says so', async () => {
    const nobody = await freePort();
    const { lines } = start('port-forward', 'pod/shell', `:${nobody}`);
    await expect.poll(() => lines[0]).toMatch(/^Forwarding from/);
    const local = /:(\d+) ->/.exec(lines[0] ?? '')?.[1];
    await expect(fetch(`http://127.0.0.1:${local}/`)).rejects.toThrow('fetch failed');
    await expect.poll(() => lines.join('\n')).toMatch(/error forwarding port \d+ to pod .*connection refused/s);
  });

  test('proxy serves the API to whoever has no credentials', async () => {
    const { lines } = start('proxy', '--port=0');
    await expect.poll(() => lines[0]).toMatch(/^Starting to serve on 127\.0\.0\.1:\d+$/);
    const answer = await fetch(`http://${lines[0]?.split(' ').at(-1)}/api/v1/namespaces/default/pods/shell`);
    expect(await answer.json()).toMatchObject({ kind: 'Pod', metadata: { name: 'shell' } });
  });

  test('get --watch sees each of many objects that are made, changed and deleted', async () => {
    const { lines } = start('get', 'configmaps', '-l', 'many=yes', '--watch', '--output-watch-events');
    const names = Array.from({ length: 150 }, (_, index) => `many-${index}`);
    const list = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: names.map((name) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, labels: { many: 'yes' } },
      })),
    });
    await must(['create', '-f', '-'], list);
    await must(['annotate', 'configmaps', '-l', 'many=yes', 'seen=yes']);
    await must(['delete', 'configmaps', '-l', 'many=yes']);
    const events = (type: string) =>
      new Set(lines.filter((line) => line.startsWith(type)).map((line) => line.split(/\s+/)[1]));
    await expect.poll(() => events('DELETED').size).toBe(names.length);
    expect(events('ADDED')).toEqual(new Set(names));
    expect(events('MODIFIED')).toEqual(new Set(names));
  });

  test('logs -f shows lines as they come, until the container ends', async () => {
    const script = 'for n in 1 2 3; do echo line $n; sleep 0.3; done';
    await run(['run', 'counts', '--image=busybox', '--restart=Never', '--', 'sh', '-c', script]);
    await run(['wait', '--for=jsonpath={.status.containerStatuses[0].state}', 'pod/counts', '--timeout=30s']);
    await expect.poll(async () => (await run(['logs', 'counts'])).code).toBe(0);
    expect(await run(['logs', '-f', 'counts'])).toEqual({ code: 0, seen: 'line 1\nline 2\nline 3' });
  });
});

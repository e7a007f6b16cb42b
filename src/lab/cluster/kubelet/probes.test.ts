import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import type { Probe } from 'kubernetes-types/core/v1.js';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '#base';
import { createLabClock } from '#lab/clock';
import { HealthCheckResponse_ServingStatus, HealthService } from '../../../gen/grpc/health/v1/health.ts';
import { createFakeClock } from '../../../base/testing/index.ts';
import { runProbe, type ProbeOutcome } from './probe-run.ts';
import { createThreshold, startProbes, type ProbeKind } from './probes.ts';

const ok: ProbeOutcome = { result: 'success', output: '' };
const bad: ProbeOutcome = { result: 'failure', output: 'no answer' };

describe('the thresholds of a probe', () => {
  const cases: readonly (readonly [name: string, probe: Probe, results: string, believed: string])[] = [
    ['three failures and one success by default', {}, '--+---', '..x..x'],
    ['as many as are asked for', { failureThreshold: 2, successThreshold: 2 }, '--++-+--', '.x.x...x'],
    ['a result in between starts the count anew', { failureThreshold: 2 }, '-+-+--', '.x.x.x'],
  ];
  it.each(cases)('%s', (_name, probe, results, believed) => {
    const threshold = createThreshold(probe);
    expect(
      results
        .split('')
        .map((result) => (threshold(result === '+') ? 'x' : '.'))
        .join(''),
    ).toBe(believed);
  });
});

function probesOf(probes: Partial<Record<`${ProbeKind}Probe`, Probe>>, answers: () => ProbeOutcome) {
  const clock = createFakeClock();
  const over = new AbortController();
  const events: string[] = [];
  const failed: string[] = [];
  let attempts = 0;
  let terminating = false;
  const state = startProbes({
    container: probes,
    startedAtMs: clock.now(),
    clock,
    signal: over.signal,
    run: () => {
      attempts += 1;
      return Promise.resolve(answers());
    },
    isTerminating: () => terminating,
    record: ({ message }) => events.push(message),
    onChange: () => undefined,
    onFailed: (kind) => failed.push(kind),
  });
  return {
    clock,
    state,
    events,
    failed,
    attempts: () => attempts,
    terminate: () => {
      terminating = true;
    },
    end: () => over.abort(),
  };
}

describe('the probes of a container', () => {
  it('leave a container without probes started and ready', () => {
    expect(probesOf({}, () => ok).state).toMatchObject({ started: true, ready: true });
  });

  it('hold a container unready until its readiness probe succeeds, and again when it fails', async () => {
    let answer = bad;
    const { clock, state, events, failed } = probesOf(
      { readinessProbe: { initialDelaySeconds: 5, periodSeconds: 10 } },
      () => answer,
    );
    await clock.advance(6000);
    expect(state).toMatchObject({ started: true, ready: false });
    expect(events).toEqual(['Readiness probe failed: no answer']);
    answer = ok;
    await clock.advance(10_000);
    expect(state.ready).toBe(true);
    answer = bad;
    await clock.advance(20_000);
    expect(state.ready).toBe(true);
    await clock.advance(10_000);
    expect(state.ready).toBe(false);
    expect(failed).toEqual([]);
  });

  it('wait with liveness and readiness until the container has started', async () => {
    let answer = bad;
    const { clock, state, failed, attempts } = probesOf(
      { startupProbe: { periodSeconds: 1, failureThreshold: 30 }, livenessProbe: { failureThreshold: 1 } },
      () => answer,
    );
    await clock.advance(9500);
    expect(attempts()).toBe(10);
    expect(state).toMatchObject({ started: false, ready: false });
    answer = ok;
    await clock.advance(1000);
    expect(state).toMatchObject({ started: true, ready: true });
    expect(failed).toEqual([]);
    answer = bad;
    await clock.advance(10_000);
    expect(failed).toEqual(['liveness']);
  });

  it('give a container up that does not start', async () => {
    const { clock, failed, attempts } = probesOf(
      { startupProbe: { periodSeconds: 1, failureThreshold: 3 }, livenessProbe: { periodSeconds: 1 } },
      () => bad,
    );
    await clock.advance(60_000);
    expect({ failed, attempts: attempts() }).toEqual({ failed: ['startup'], attempts: 3 });
  });

  it('tell of a failed liveness once, and stop', async () => {
    const { clock, failed, attempts } = probesOf({ livenessProbe: { periodSeconds: 1 } }, () => bad);
    await clock.advance(60_000);
    expect({ failed, attempts: attempts() }).toEqual({ failed: ['liveness'], attempts: 3 });
  });

  it('look only at readiness while the pod is being deleted', async () => {
    const { clock, failed, state, terminate } = probesOf(
      { livenessProbe: { periodSeconds: 1 }, readinessProbe: { periodSeconds: 1, failureThreshold: 1 } },
      () => (state.ready ? bad : ok),
    );
    terminate();
    await clock.advance(10_000);
    expect(failed).toEqual([]);
  });

  it('go on as before when an attempt could not be made, as kubelet does', async () => {
    const broken: ProbeOutcome = { result: 'error', output: 'no such program' };
    let answer = ok;
    const { clock, state, failed } = probesOf({ readinessProbe: {}, livenessProbe: {} }, () => answer);
    await clock.advance(1);
    answer = broken;
    await clock.advance(60_000);
    expect([state.ready, failed]).toEqual([true, []]);
    answer = bad;
    await clock.advance(30_000);
    expect([state.ready, failed]).toEqual([false, ['liveness']]);
  });

  it('try three times what could not be tried, before they say so', async () => {
    const broken: ProbeOutcome = { result: 'error', output: 'no such port' };
    const { clock, events, attempts } = probesOf({ readinessProbe: {} }, () => broken);
    await clock.advance(1);
    expect(attempts()).toBe(3);
    expect(events).toEqual(['Readiness probe errored and resulted in unknown state: no such port']);
  });

  it('end with the container', async () => {
    const { clock, attempts, end } = probesOf({ readinessProbe: { periodSeconds: 1 } }, () => ok);
    await clock.advance(1);
    end();
    await clock.advance(60_000);
    expect(attempts()).toBe(1);
  });
});

describe('an attempt of a probe', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  const listen = async (): Promise<number> => {
    server = createServer((request, response) => {
      const status = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 200);
      if (request.url === '/hang') return;
      const away = request.url?.includes('away') === true ? 'http://elsewhere.example/' : '/200';
      const seen = `${request.headers['user-agent']} ${String(request.headers['x-own'] ?? '')} ${request.headers.host}`;
      response.writeHead(status, status === 302 ? { location: away } : {});
      response.end(seen);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const run = (probe: Probe, port = 1, clock: Clock = systemClock) =>
    runProbe(probe, {
      container: { name: 'c', ports: [{ name: 'web', containerPort: port }] },
      podIp: '127.0.0.1',
      handle: { exec: () => Promise.reject(new Error('no container')) },
      clock,
      signal: new AbortController().signal,
    });

  it("gets a page of a named port with kubelet's user agent and the headers asked for", async () => {
    const port = await listen();
    const httpHeaders = [
      { name: 'X-Own', value: 'mine' },
      { name: 'Host', value: 'app.example' },
    ];
    const seen = await run({ httpGet: { path: '/200', port: 'web', httpHeaders } }, port);
    expect(seen).toEqual({ result: 'success', output: 'kube-probe/1.34 mine app.example' });
  });

  it.each([
    ['/399', { result: 'success' }],
    ['/404', { result: 'failure', output: 'HTTP probe failed with statuscode: 404' }],
    ['/302', { result: 'success' }],
    ['/302/away', { result: 'warning', output: expect.stringMatching(/^Probe terminated redirects, Response body: /) }],
  ])('of %s is %j', async (path, outcome) => {
    const port = await listen();
    expect(await run({ httpGet: { path, port } })).toMatchObject(outcome);
  });

  it("says in Go's words what did not answer", async () => {
    const port = await listen();
    server?.close();
    expect(await run({ httpGet: { path: '/x', port } })).toEqual({
      result: 'failure',
      output: `Get "http://127.0.0.1:${port}/x": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
    expect(await run({ tcpSocket: { port } })).toEqual({
      result: 'failure',
      output: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });

  it('gives a server up that is silent', async () => {
    const port = await listen();
    const seen = await run({ httpGet: { path: '/hang', port }, timeoutSeconds: 0.05 });
    expect(seen).toEqual({
      result: 'failure',
      output: `Get "http://127.0.0.1:${port}/hang": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
  });

  it('gives a server its time of the machine, however far the lab moves on', async () => {
    const port = await listen();
    const machine = createFakeClock();
    const clock = createLabClock({ machine, offsetMs: 0 });
    let seen: ProbeOutcome | undefined;
    const probing = run({ httpGet: { path: '/hang', port }, timeoutSeconds: 5 }, port, clock).then((outcome) => {
      seen = outcome;
    });
    clock.advance(86_400_000);
    await machine.advance(4999);
    expect(seen).toBeUndefined();
    await machine.advance(1);
    await probing;
    expect(seen).toMatchObject({ result: 'failure' });
  });

  it.each([
    ['', { result: 'success', output: 'service healthy' }],
    ['sick', { result: 'failure', output: 'service unhealthy (responded with "NOT_SERVING")' }],
    ['away', { result: 'failure', output: expect.stringContaining('health rpc probe failed') }],
  ])('asks the health service of gRPC for %j', async (service, outcome) => {
    const grpcServer = new GrpcServer();
    grpcServer.addService(HealthService, {
      check: (call: { request: { service: string } }, answer: (error: object | null, value?: object) => void) => {
        if (call.request.service === 'away') answer({ code: status.NOT_FOUND, details: 'unknown service' });
        else
          answer(null, {
            status: HealthCheckResponse_ServingStatus[call.request.service === '' ? 'SERVING' : 'NOT_SERVING'],
          });
      },
    } as never);
    try {
      const port = await new Promise<number>((resolve, reject) => {
        grpcServer.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
          error === null ? resolve(bound) : reject(error),
        );
      });
      expect(await run({ grpc: { port, service }, timeoutSeconds: 5 })).toEqual(outcome);
    } finally {
      grpcServer.forceShutdown();
    }
  });

  it('gives a gRPC server up that nobody is', async () => {
    const seen = await run({ grpc: { port: 1 } });
    expect(seen.result).toBe('failure');
  });

  it('connects to a port', async () => {
    expect(await run({ tcpSocket: { port: await listen() } })).toMatchObject({ result: 'success' });
  });

  it.each([
    [{ tcpSocket: { port: 'nope' } }, `couldn't find port: "nope" in container "c"`],
    [{ httpGet: { port: 0 } }, 'invalid port number: 0'],
    [{ exec: { command: ['x'] } }, 'no container'],
    [{}, 'missing probe handler for c'],
  ])('cannot be made for %j', async (probe, output) => {
    expect(await run(probe)).toEqual({ result: 'error', output });
  });
});

import { credentials, status } from '@grpc/grpc-js';
import type { GRPCAction } from 'kubernetes-types/core/v1.js';
import { HealthCheckResponse_ServingStatus, HealthClient } from '../../../gen/grpc/health/v1/health.ts';
import { hostPort } from './http-get.ts';
import type { ProbeOutcome } from './probe-run.ts';

const STATUS_NAMES = new Map(Object.entries(HealthCheckResponse_ServingStatus).map(([name, value]) => [value, name]));

/** Asks a server's grpc.health.v1 service once, without TLS, as kubelet does (pkg/probe/grpc). */
export async function probeGrpc(
  action: GRPCAction,
  target: { readonly podIp: string },
  signal: AbortSignal,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const address = hostPort(target.podIp, action.port);
  const client = new HealthClient(address, credentials.createInsecure(), { 'grpc.enable_retries': 0 });
  const { promise: answered, resolve: answer } = deferred<ProbeOutcome>();
  const expired = () => {
    const output = `timeout: failed to connect service "${address}" within ${timeoutMs / 1000}s: context deadline exceeded`;
    answer({ result: 'failure', output });
  };
  signal.addEventListener('abort', expired, { once: true });
  client.check({ service: action.service ?? '' }, (error, response) => {
    if (error === null) {
      const name = STATUS_NAMES.get(response.status) ?? 'UNKNOWN';
      if (name === 'SERVING') answer({ result: 'success', output: 'service healthy' });
      else answer({ result: 'failure', output: `service unhealthy (responded with "${name}")` });
    } else if (error.code === status.UNIMPLEMENTED) {
      const output = `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`;
      answer({ result: 'failure', output });
    } else if (error.code === status.DEADLINE_EXCEEDED) {
      answer({ result: 'failure', output: `timeout: health rpc did not complete within ${timeoutMs / 1000}s` });
    } else {
      answer({ result: 'failure', output: `error: health rpc probe failed: ${error.message}` });
    }
  });
  try {
    return await answered;
  } finally {
    signal.removeEventListener('abort', expired);
    client.close();
  }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

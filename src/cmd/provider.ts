import { collectDefaultMetrics, Registry } from 'prom-client';
import { errorText, systemClock, systemRandom, VERSION, type DisposeStack, type Log, type LogFields } from '#base';
import { callUnary, createGrpcClient } from '#grpc';
import { startHttpServer, type HttpServer } from '#http';
import { createKubeClient, inClusterConfig, loadKubeconfig, type KubeClient } from '#kube';
import { createProviderMetrics } from '#provider';
import { startProviderServer } from '#providerapi';
import { HealthCheckResponse_ServingStatus, HealthClient } from '../gen/grpc/health/v1/health.ts';
import { wireAzureProvider } from './azure-provider.ts';
import type { FlagValues } from './flags.ts';
import { parseUnixEndpoint } from './listen-address.ts';
import { PROVIDER_FLAGS } from './provider-flags.ts';
import { runProcess, sendMetrics, type Environment, type ProcessContext } from './run-process.ts';

const RUNTIME_NAME = 'secrets-store-csi-driver-provider-azure';

type Flags = FlagValues<typeof PROVIDER_FLAGS>;

/** `keyferry provider`, for the executable. */
export function main(argv: readonly string[]): Promise<number> {
  return runProvider(argv, process.env);
}

/** Runs the Azure Key Vault provider on a socket until SIGTERM or SIGINT, and answers the exit code. */
export function runProvider(argv: readonly string[], env: Environment): Promise<number> {
  const spec = {
    flags: PROVIDER_FLAGS,
    title: 'Provider',
    usage: 'keyferry provider [flags]',
    example: 'keyferry provider --endpoint unix:///provider/azure.sock',
    start,
  };
  return runProcess(spec, argv, env);
}

async function start({ flags, env, log, stack }: ProcessContext<typeof PROVIDER_FLAGS>): Promise<LogFields> {
  const clock = systemClock;
  const socketPath = parseUnixEndpoint(flags.endpoint);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const kube = openKubeClient(flags.kubeconfig || env['KUBECONFIG'] || '', env, log, stack);
  const metrics = createProviderMetrics(registry);
  const provider = stack.use(wireAzureProvider({ flags, env, clock, random: systemRandom, log, metrics, kube }));
  // Before anybody can call: a driver comes as soon as the socket is there.
  await provider.warmUp();
  const { onCall } = metrics;
  stack.use(await startProviderServer({ provider, socketPath, runtimeName: RUNTIME_NAME, clock, log, onCall }));
  if (flags['healthz-port'] > 0) stack.use(await startHealthServer(flags, socketPath, stack));
  if (flags['prometheus-port'] > 0) stack.use(await startMetricsServer(flags, registry));
  return { endpoint: flags.endpoint };
}

/** The way to the API server; outside a cluster and without a kubeconfig there is none, and nothing is shared. */
function openKubeClient(kubeconfig: string, env: Environment, log: Log, stack: DisposeStack): KubeClient | undefined {
  if (kubeconfig === '' && !env['KUBERNETES_SERVICE_HOST']) {
    log.warn('No API server, so that no answer of Azure is shared among pods', {
      hint: 'run in a pod with a service account, or give --kubeconfig',
    });
    return undefined;
  }
  const clock = systemClock;
  const config = kubeconfig === '' ? inClusterConfig({ env, clock }) : loadKubeconfig(kubeconfig, clock);
  return stack.use(createKubeClient({ config, clock, userAgent: `keyferry-provider/${VERSION}` }));
}

// Asks over the socket, as a driver would: a server that listens and cannot answer is not healthy.
async function startHealthServer(flags: Flags, socketPath: string, stack: DisposeStack): Promise<HttpServer> {
  const client = createGrpcClient(HealthClient, socketPath);
  stack.defer(() => client.close());
  return startHttpServer({
    host: flags['http-host'],
    port: flags['healthz-port'],
    listener: (request, response) => {
      if (request.url?.split('?')[0] !== flags['healthz-path']) {
        response.writeHead(404).end();
        return;
      }
      callUnary(client, 'check', { service: '' }, { timeoutMs: flags['healthz-timeout'] }, systemClock).then(
        ({ status }) => {
          const serving = status === HealthCheckResponse_ServingStatus.SERVING;
          response.writeHead(serving ? 200 : 503).end(serving ? 'ok' : 'not serving');
        },
        (error: unknown) => response.writeHead(503).end(errorText(error)),
      );
    },
  });
}

function startMetricsServer(flags: Flags, registry: Registry): Promise<HttpServer> {
  return startHttpServer({
    host: flags['http-host'],
    port: flags['prometheus-port'],
    listener: (request, response) => {
      if (request.url?.split('?')[0] !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      sendMetrics(registry, response);
    },
  });
}

import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { systemClock, systemRandom, VERSION, type LogFields } from '#base';
import { createDriverMetrics, createMounter, startDriver, startRegistration } from '#driver';
import { startHttpServer, type HttpServer } from '#http';
import { createEventRecorder, createKubeClient, inClusterConfig, loadKubeconfig } from '#kube';
import { createProviderMetrics } from '#provider';
import { createProviderDirectory, startProviderHealthChecks, startProviderServer } from '#providerapi';
import { wireAzureProvider } from './azure-provider.ts';
import { answerProbe } from './health-checks.ts';
import { parseListenAddress, parseUnixEndpoint } from './listen-address.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { createNodeHealth, type NodeHealth } from './node-health.ts';
import { runProcess, sendMetrics, type Environment, type ProcessContext } from './run-process.ts';

/** The `source.component` of the driver's events, as upstream's. */
const EVENT_COMPONENT = 'csi-secrets-store-controller';
const PROVIDER_RUNTIME_NAME = 'secrets-store-csi-driver-provider-azure';

/** `keyferry node`, for the executable. */
export function main(argv: readonly string[]): Promise<number> {
  return runNode(argv, process.env);
}

/**
 * Runs the CSI node driver with the Azure provider in it until SIGTERM or SIGINT, and answers the exit code: 1 as well
 * when kubelet refuses the driver, so that the container is started anew.
 */
export function runNode(argv: readonly string[], env: Environment): Promise<number> {
  const spec = {
    flags: NODE_FLAGS,
    title: 'Driver',
    usage: 'keyferry node [flags]',
    example: 'keyferry node --endpoint unix:///csi/csi.sock --registration-dir /registration --enable-secret-rotation',
    start,
  };
  return runProcess(spec, argv, env);
}

async function start({ flags, env, log, stack, fail }: ProcessContext<typeof NODE_FLAGS>): Promise<LogFields> {
  const clock = systemClock;
  const random = systemRandom;
  const nodeId = flags.nodeid || env['KUBE_NODE_NAME'] || hostname();
  const socketPath = parseUnixEndpoint(flags.endpoint);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const health = createNodeHealth({ socketPath, registers: flags['registration-dir'] !== '', clock, stack });
  const address = parseListenAddress(flags['metrics-addr']);
  if (address !== undefined) {
    const { host, port } = stack.use(await startStatusServer(address, registry, health));
    log.info('Metrics and probes are served', { host, port });
  }

  const kubeconfig = flags.kubeconfig || env['KUBECONFIG'] || '';
  const config = kubeconfig === '' ? inClusterConfig({ env, clock }) : loadKubeconfig(kubeconfig, clock);
  const userAgent = `csi-secrets-store/controller/${VERSION} (${process.platform}/${process.arch}) keyferry`;
  const client = stack.use(createKubeClient({ config, clock, userAgent }));
  const events = stack.use(
    createEventRecorder({ client, clock, random, log, component: EVENT_COMPONENT, host: nodeId }),
  );
  const metrics = createProviderMetrics(registry);
  const azure = stack.use(wireAzureProvider({ flags, env, clock, random, log, metrics, kube: client }));
  const providers = stack.use(
    createProviderDirectory({
      socketFolders: [...flags['additional-provider-volume-paths'].split(','), flags['provider-volume']].filter(
        Boolean,
      ),
      builtIn: flags['azure-provider'] ? [azure] : [],
      maxResponseBytes: flags['max-call-recv-msg-size'],
      clock,
      random,
      log,
    }),
  );
  const mounter = createMounter({ log });
  // Before anybody can call: kubelet comes as soon as it can.
  if (flags['azure-provider']) await azure.warmUp();
  const driverMetrics = createDriverMetrics(registry, clock);
  if (flags['provider-health-check']) {
    stack.use(
      startProviderHealthChecks({
        directory: providers,
        intervalMs: flags['provider-health-check-interval'],
        onChecked: driverMetrics.providerChecked,
        clock,
        log,
      }),
    );
  }
  await mkdir(dirname(socketPath), { recursive: true });
  stack.use(
    await startDriver({
      socketPath,
      recordFolder: flags['record-dir'] || join(dirname(socketPath), 'volumes'),
      driverName: flags.drivername,
      version: VERSION,
      nodeId,
      refreshes: flags['enable-secret-rotation'],
      refreshIntervalMs: flags['rotation-poll-interval'],
      forbidsParameterOverrides: flags['forbid-parameter-overrides'],
      volumeSizeBytes: flags['volume-size-limit'],
      client,
      providers,
      mounter,
      events,
      metrics: driverMetrics,
      clock,
      random,
      log,
    }),
  );
  health.serving();
  if (flags['serve-provider'] !== '') {
    const providerSocket = parseUnixEndpoint(flags['serve-provider']);
    stack.use(
      await startProviderServer({
        provider: azure,
        socketPath: providerSocket,
        runtimeName: PROVIDER_RUNTIME_NAME,
        clock,
        log,
        onCall: metrics.onCall,
      }),
    );
  }
  // Last: kubelet may call the driver from here on.
  if (flags['registration-dir'] !== '') {
    stack.use(
      await startRegistration({
        folder: flags['registration-dir'],
        driverName: flags.drivername,
        kubeletEndpoint: flags['kubelet-registration-path'] || socketPath,
        onRefused: fail,
        onRegistered: health.registered,
        clock,
        log,
      }),
    );
  }
  return { driver: flags.drivername, endpoint: flags.endpoint };
}

/** /metrics for Prometheus, /healthz and /readyz for the probes. */
function startStatusServer(
  address: { readonly host: string; readonly port: number },
  registry: Registry,
  { live, ready }: NodeHealth,
): Promise<HttpServer> {
  return startHttpServer({
    ...address,
    listener: (request, response) => {
      const path = request.url?.split('?')[0];
      if (path === '/healthz') void answerProbe(live, response);
      else if (path === '/readyz') void answerProbe(ready, response);
      else if (path === '/metrics') sendMetrics(registry, response);
      else response.writeHead(404).end();
    },
  });
}

import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { systemClock, systemRandom, VERSION, type LogFields } from '#base';
import { createDriverMetrics, createMounter, startDriver, startRegistration } from '#driver';
import { startHttpServer, type HttpServer } from '#http';
import { createEventRecorder, createKubeClient, inClusterConfig, loadKubeconfig } from '#kube';
import { createProviderDirectory, startProviderServer } from '#providerapi';
import { AZURE_PROVIDER_FLAGS, wireAzureProvider } from './azure-provider.ts';
import type { FlagTable } from './flags.ts';
import { parseListenAddress, parseUnixEndpoint } from './listen-address.ts';
import { PROCESS_FLAGS, runProcess, sendMetrics, type Environment, type ProcessContext } from './run-process.ts';

/** The `source.component` of the driver's events, as upstream's. */
const EVENT_COMPONENT = 'csi-secrets-store-controller';
const PROVIDER_RUNTIME_NAME = 'secrets-store-csi-driver-provider-azure';

/** Every flag of `keyferry node`: those of upstream's driver and registrar, and ours. */
export const NODE_FLAGS = {
  endpoint: { kind: 'text', default: 'unix://tmp/csi.sock', help: 'CSI socket that kubelet calls' },
  drivername: { kind: 'text', default: 'secrets-store.csi.k8s.io', help: 'name of the driver' },
  nodeid: { kind: 'text', default: '', help: 'name of the node; without it KUBE_NODE_NAME, then the host name' },
  'provider-volume': {
    kind: 'text',
    default: '/var/run/secrets-store-csi-providers',
    help: 'folder with the sockets of providers, searched last',
  },
  'additional-provider-volume-paths': {
    kind: 'text',
    default: '/etc/kubernetes/secrets-store-csi-providers',
    help: 'more such folders, comma separated, searched first',
  },
  'metrics-addr': { kind: 'text', default: ':8095', help: 'address of /metrics, /healthz and /readyz; 0: none' },
  'enable-secret-rotation': { kind: 'bool', default: false, help: 'refresh mounted volumes' },
  'rotation-poll-interval': {
    kind: 'duration',
    default: 120_000,
    help: 'least age of what a volume holds before it is asked for again',
  },
  'max-call-recv-msg-size': { kind: 'int', default: 4_194_304, help: "largest answer of a provider's socket, bytes" },
  'volume-size-limit': { kind: 'int', default: 33_554_432, help: 'largest size of one volume, bytes' },
  'record-dir': {
    kind: 'text',
    default: '',
    help: "folder on the host for the driver's records; without it `volumes` beside the CSI socket",
  },
  kubeconfig: { kind: 'text', default: '', help: 'way to the API server outside a pod' },
  'registration-dir': {
    kind: 'text',
    default: '',
    help: "kubelet's plugins_registry folder, to register there; without it a registrar beside has to",
  },
  'kubelet-registration-path': {
    kind: 'text',
    default: '',
    help: 'path of the CSI socket as kubelet sees it; without it that of --endpoint',
  },
  'serve-provider': {
    kind: 'text',
    default: '',
    help: "socket on which to serve this process's Azure provider to others as well",
  },
  ...AZURE_PROVIDER_FLAGS,
  ...PROCESS_FLAGS,
  'provider-health-check': { kind: 'bool', default: false, help: 'accepted without effect' },
  'provider-health-check-interval': { kind: 'duration', default: 120_000, help: 'accepted without effect' },
  'enable-pprof': { kind: 'bool', default: false, help: 'accepted without effect' },
  'pprof-port': { kind: 'int', default: 6065, help: 'accepted without effect' },
} as const satisfies FlagTable;

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
  const ready = { value: false };
  const address = parseListenAddress(flags['metrics-addr']);
  if (address !== undefined) {
    const { host, port } = stack.use(await startStatusServer(address, registry, ready));
    log.info('Metrics and probes are served', { host, port });
  }

  const config = flags.kubeconfig === '' ? inClusterConfig({ env, clock }) : loadKubeconfig(flags.kubeconfig, clock);
  const userAgent = `csi-secrets-store/controller/${VERSION} (${process.platform}/${process.arch}) keyferry`;
  const client = stack.use(createKubeClient({ config, clock, userAgent }));
  const events = stack.use(
    createEventRecorder({ client, clock, random, log, component: EVENT_COMPONENT, host: nodeId }),
  );
  const azure = stack.use(wireAzureProvider({ flags, env, clock, random, log, registry, kube: client }));
  const providers = stack.use(
    createProviderDirectory({
      socketFolders: [...flags['additional-provider-volume-paths'].split(','), flags['provider-volume']].filter(
        Boolean,
      ),
      builtIn: [azure],
      maxResponseBytes: flags['max-call-recv-msg-size'],
      clock,
      random,
      log,
    }),
  );
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
      volumeSizeBytes: flags['volume-size-limit'],
      client,
      providers,
      mounter: createMounter({ clock, log }),
      events,
      metrics: createDriverMetrics(registry, clock),
      clock,
      random,
      log,
    }),
  );
  if (flags['serve-provider'] !== '') {
    const providerSocket = parseUnixEndpoint(flags['serve-provider']);
    stack.use(
      await startProviderServer({
        provider: azure,
        socketPath: providerSocket,
        runtimeName: PROVIDER_RUNTIME_NAME,
        clock,
        log,
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
        clock,
        log,
      }),
    );
  }
  ready.value = true;
  stack.defer(() => {
    ready.value = false;
  });
  return { driver: flags.drivername, endpoint: flags.endpoint };
}

/** /metrics for Prometheus, /healthz for the liveness probe, /readyz once the driver can be called. */
function startStatusServer(
  address: { readonly host: string; readonly port: number },
  registry: Registry,
  ready: { readonly value: boolean },
): Promise<HttpServer> {
  return startHttpServer({
    ...address,
    listener: (request, response) => {
      const path = request.url?.split('?')[0];
      if (path === '/healthz') response.writeHead(200).end('ok');
      else if (path === '/readyz') response.writeHead(ready.value ? 200 : 503).end(ready.value ? 'ok' : 'not ready');
      else if (path === '/metrics') sendMetrics(registry, response);
      else response.writeHead(404).end();
    },
  });
}

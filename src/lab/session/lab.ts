import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createDisposeStack, KeyferryError, Secret, VERSION, type Clock, type Log, type Random } from '#base';
import { renderJavaTrustStore } from '#crypto';
import { startCloud, type Cloud, type ListenAddress } from '#lab/cloud';
import { createFaultTable, type FaultTable } from '#lab/faults';
import { createMemoryStore, openJournalStore, storeSection, type Store } from '#lab/store';
import { dropStaleTokens } from './az/index.ts';
import { renderAzureConfig } from './azure-config.ts';
import { caBundle } from './ca-bundle.ts';
import type { CloudOnly } from './cloud-only.ts';
import { createLabClusters, type LabClusters } from './cluster-host.ts';
import { createControlClient } from './control-client.ts';
import { createControlListener, type ControlledLab } from './control-server.ts';
import { createFaultControl } from './fault-control.ts';
import { createNoClusters } from './no-clusters.ts';
import { JAVA_TRUST_STORE_PASSWORD } from './environment.ts';
import { executable, packageRoot } from './package-root.ts';
import { coverPrivateFiles } from './private-files.ts';
import {
  createStateFolder,
  readEndpoint,
  removeEndpoint,
  writeEndpoint,
  writeFileAtomically,
  type StateFolder,
} from './state-folder.ts';
import type { LabStatus } from './status.ts';
import { lockStateFolder } from './state-lock.ts';
import { openTimekeeper, type Timekeeper } from './timekeeper.ts';
import { traceLabPod } from './trace/index.ts';

const run = promisify(execFile);

const RUN_FOLDERS = ['/mnt', '/media', '/srv'];

/** What a lab is started with. */
export interface LabOptions {
  readonly folder: StateFolder;
  /** Keep vaults and API objects in memory only. */
  readonly ephemeral: boolean;
  /** Let the gateway pass other hosts through. */
  readonly allowInternet: boolean;
  /** Azure's side only; default: with clusters. */
  readonly cloudOnly?: CloudOnly | undefined;
  /** The HTTPS proxy that the person's environment had before the lab's. */
  readonly upstreamProxy: string | undefined;
  /** `--v` of the production processes; from 4 on they log at debug level. Default 0. */
  readonly verbosity?: number;
  /** The machine's clock: the lab's own is made from it. */
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A running lab: the emulated Azure, its clusters, and the control interface. Disposing it ends all of them. */
export interface Lab extends AsyncDisposable {
  readonly gatewayPort: number;
  status(): Promise<LabStatus>;
  /** Resolves when somebody asked the lab to stop through the control interface. */
  readonly stopRequested: Promise<void>;
}

/**
 * Starts a lab in this process, which must be root of a mount namespace of its own (see namespaces.ts) unless it is
 * `cloudOnly`. Answers when it
 * serves, with the clusters of an earlier run started again. Throws `failed-precondition` when a lab runs on the same
 * state folder already.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { folder, clock: machine, random, log } = options;
  await refuseSecondLab(folder);
  await createStateFolder(folder);
  const lock = await lockStateFolder(folder.root, machine);
  const stack = createDisposeStack();
  stack.use(lock);
  // The lab itself removes it: whoever started it may be gone by then.
  if (options.ephemeral) stack.defer(() => rm(folder.root, { recursive: true, force: true }));
  // Last: while the file is there, something of the lab may still run and write.
  stack.defer(() => removeEndpoint(folder));
  try {
    const { cloudOnly } = options;
    const runFolder = cloudOnly === undefined ? await prepareNode(folder, log) : undefined;
    const store = stack.use(
      options.ephemeral ? createMemoryStore() : openJournalStore({ folder: folder.journal, clock: machine, log }),
    );
    const token = new Secret(random.bytes(32).toString('base64url'));
    const time = openTimekeeper({
      store: storeSection(store, 'session/'),
      machine,
      log,
      afterAdvance: (nowMs) => dropStaleTokens(folder.azureConfig, nowMs, random),
    });
    const { clock } = time;
    const faults = createFaultTable({ clock });
    let controlled: ControlledLab | undefined;
    let cloud: Cloud | undefined;
    let bundle = '';
    let trustStore: Uint8Array = new Uint8Array();
    const clusters =
      runFolder === undefined
        ? createNoClusters()
        : createLabClusters({
            folder,
            store: storeSection(store, 'kubernetes/'),
            runFolder,
            gatewayPort: () => cloud?.gateway.port ?? 0,
            caBundle: () => bundle,
            javaTrustStore: () => trustStore,
            startNodeMetadata: (armId) => {
              if (cloud === undefined) throw new KeyferryError('unavailable', 'the emulated Azure is not running yet');
              return cloud.startNodeMetadata(armId);
            },
            hiddenPaths: [homedir(), '/home', '/root', folder.root],
            verbosity: options.verbosity ?? 0,
            clock,
            timeFor: (path, seen) => time.timeFor(path, seen),
            faults,
            random,
            log,
          });
    const port = store.get('session/gateway-port');
    cloud = stack.use(
      await startCloud({
        store: storeSection(store, 'azure/'),
        clock,
        random,
        log,
        clusters,
        allowInternet: options.allowInternet,
        ...(typeof port === 'number' ? { port } : {}),
        outside: listenAddress(cloudOnly, store),
        mappedIssuers: cloudOnly?.issuers,
        chartFolder: join(packageRoot(), 'charts', 'keyferry'),
        ...(options.upstreamProxy === undefined ? {} : { upstreamProxy: options.upstreamProxy }),
        control: createControlListener(token, () => controlled),
        faults,
      }),
    );
    stack.use(clusters);
    // Ended before them: what hangs in a fault goes on, and the servers can drain.
    stack.use(faults);
    bundle = caBundle(cloud.caPem);
    trustStore = renderJavaTrustStore(bundle, { password: JAVA_TRUST_STORE_PASSWORD, nowMs: machine.now() });
    store.put('session/gateway-port', cloud.gateway.port);
    if (cloud.gateway.outside !== undefined) store.put(OUTSIDE_PORT, cloud.gateway.outside.port);
    await writeClientFiles(folder, { cloud, bundle, trustStore, store, clock, random });
    if (cloudOnly === undefined) await startKnownClusters(cloud, clusters, log);

    let requestStop: () => void = () => undefined;
    const stopRequested = new Promise<void>((resolve) => {
      requestStop = resolve;
    });
    const status = () => labStatus(options, { cloud, clusters, faults, time });
    const faultControl = createFaultControl(faults, () => ({ ...cloud.hosts, apiServers: clusters.apiServers() }));
    const { audit } = cloud;
    const trace: ControlledLab['trace'] = (request) =>
      traceLabPod({ refusal: clusters.refusal, clusters: clusters.traced(), audit }, request);
    controlled = { audit, faults: faultControl, time, status, trace, stop: requestStop };
    await writeEndpoint(folder, { port: cloud.gateway.port, token });
    // A lab that ends answers no question about clusters that are half gone.
    stack.defer(() => {
      controlled = undefined;
    });
    return {
      gatewayPort: cloud.gateway.port,
      status,
      stopRequested,
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

async function refuseSecondLab(folder: StateFolder): Promise<void> {
  const endpoint = await readEndpoint(folder);
  if (endpoint === undefined) return;
  const answers = await createControlClient(endpoint)
    .status()
    .then(
      () => true,
      () => false,
    );
  if (!answers) return;
  throw new KeyferryError('failed-precondition', `a lab runs on ${folder.root} already (port ${endpoint.port})`, {
    hint: 'Use it with "keyferry lab run" or "keyferry lab env", end it with "keyferry lab down", or name another folder with --state.',
  });
}

const OUTSIDE_PORT = 'session/outside-port';

/** Where a cluster outside finds the gateway: without a named port where it was before, which is what the cluster was told. */
function listenAddress(cloudOnly: CloudOnly | undefined, store: Store): ListenAddress | undefined {
  const listen = cloudOnly?.listen;
  if (listen === undefined) return undefined;
  const before = store.get(OUTSIDE_PORT);
  return { host: listen.host, port: listen.port ?? (typeof before === 'number' ? before : 0) };
}

/** Makes this process's mount namespace fit for a node; answers the lab's run folder in it. */
async function prepareNode(folder: StateFolder, log: Log): Promise<string> {
  const runFolder = await mountRunFolder(folder);
  await coverPrivateFiles({ needed: [folder.root, packageRoot(), process.execPath], scratch: runFolder, log });
  return runFolder;
}

/**
 * A tmpfs over a folder that every Linux has and the lab does not need: seen only in the lab's own mount namespace. Its
 * path is short because unix sockets' paths are (108 bytes), and it is empty again after a restart, as a node's is.
 */
async function mountRunFolder(folder: StateFolder): Promise<string> {
  const needed = [folder.root, packageRoot(), process.execPath];
  const place = RUN_FOLDERS.find(
    (candidate) => existsSync(candidate) && !needed.some((path) => path.startsWith(`${candidate}/`)),
  );
  if (place === undefined) {
    throw new KeyferryError(
      'failed-precondition',
      `none of ${RUN_FOLDERS.join(', ')} can be the lab's own run folder`,
      {
        hint: 'The lab hides one of them from itself while it runs; move the state folder or the package out of one.',
      },
    );
  }
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=0755,nosuid,nodev', 'keyferry-lab', place]);
  return place;
}

/** What clients are configured with: the CA, a logged-in Azure configuration, the programs for the PATH. */
async function writeClientFiles(
  folder: StateFolder,
  {
    cloud,
    bundle,
    trustStore,
    store,
    clock,
    random,
  }: {
    readonly cloud: Cloud;
    readonly bundle: string;
    readonly trustStore: Uint8Array;
    readonly store: Store;
    readonly clock: Clock;
    readonly random: Random;
  },
): Promise<void> {
  await writeFileAtomically(folder.caFile, cloud.caPem, 0o644);
  await writeFileAtomically(folder.caBundle, bundle, 0o644);
  await writeFileAtomically(folder.javaTrustStore, trustStore, 0o644);
  if (store.get('session/azure-config') !== cloud.directory.tenant.tenantId) {
    const { directory } = cloud;
    const files = renderAzureConfig({ directory, refreshToken: cloud.signInUser(), clock, random });
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder.azureConfig, name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, content, { mode: 0o600 });
    }
    store.put('session/azure-config', cloud.directory.tenant.tenantId);
  }
  const program = `exec '${process.execPath}' '${executable()}'`;
  await writeProgram(join(folder.bin, 'keyferry'), `#!/bin/sh\n${program} "$@"\n`);
  await writeProgram(join(folder.azBin, 'az'), `#!/bin/sh\n${program} az "$@"\n`);
}

async function writeProgram(path: string, content: string): Promise<void> {
  await writeFileAtomically(path, content, 0o700);
  await chmod(path, 0o700);
}

async function startKnownClusters(cloud: Cloud, clusters: LabClusters, log: Log): Promise<void> {
  await Promise.all(
    cloud.clusters().map((spec) =>
      clusters.apply(spec).catch((error: unknown) => {
        log.error('A cluster of an earlier run did not start', { cluster: spec.name, error: String(error) });
      }),
    ),
  );
}

async function labStatus(
  options: LabOptions,
  {
    cloud,
    clusters,
    faults,
    time,
  }: {
    readonly cloud: Cloud;
    readonly clusters: LabClusters;
    readonly faults: Pick<FaultTable, 'list'>;
    readonly time: Pick<Timekeeper, 'report'>;
  },
): Promise<LabStatus> {
  const { tenantId, subscriptionId, vaults, identities } = cloud.status();
  return {
    version: VERSION,
    state: options.folder.root,
    ephemeral: options.ephemeral,
    clock: time.report(),
    gateway: { port: cloud.gateway.port, proxyUrl: cloud.gateway.proxyUrl },
    ...(options.cloudOnly === undefined
      ? {}
      : { cloudOnly: { listens: cloud.gateway.outside, issuers: options.cloudOnly.issuers } }),
    tenantId,
    subscriptionId,
    clusters: await clusters.summaries(),
    vaults,
    identities,
    faults: faults.list().filter(({ state }) => state === 'active'),
  };
}

import type { Clock, Log, LogFields, Random } from '#base';
import { clientIdOf, type AzureClients, type TokenProxy } from '#azure';
import type { Provider, ProviderMountRequest, ProviderMountResult } from '#providerapi';
import { createBroker, type Admission } from './broker/broker.ts';
import type { ClusterKeys } from './broker/cluster-keys.ts';
import { collectFiles, fetchObjects, type FetchedObjects } from './objects/fetch-objects.ts';
import { plannedClashes } from './objects/fetch-plan.ts';
import { createMountReport, describeAssertion } from './mount-report.ts';
import { withMountDeadline } from './mount-deadline.ts';
import { mountInputError } from './mount-errors.ts';
import { createFileRenderer } from './content/object-files.ts';
import { ABSENT_VERSION, absentNotice, misspeltNotice } from './objects/notices.ts';
import { parseParameters, serviceAccountOf, type ProviderParameters } from './parameters/parameters.ts';
import type { ProviderMetrics } from './metrics.ts';
import { createObjectsParser } from './parameters/objects-memo.ts';
import { resolveCloud } from './resolve-cloud.ts';
import { createServiceAccounts, type ServiceAccounts } from './service-accounts.ts';

/** The name that classes give in `spec.provider`. */
const PROVIDER_NAME = 'azure';

/** After this share of a mount's time no request begins: it could not end in time, as an answer of Azure may take 20 s. */
const LAST_TRY = 0.65;

/** What the provider works with. */
export interface AzureProviderOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly azure: AzureClients;
  readonly version: string;
  /** The keys that check service account tokens; undefined: answers are shared with nobody. */
  readonly clusterKeys?: ClusterKeys | undefined;
  /** The annotations of service accounts; undefined: they cannot be read. */
  readonly serviceAccounts?: ServiceAccounts | undefined;
  /** The cluster's token proxy, for identity bindings. Default: the API server, as AKS has it. */
  readonly tokenProxy?: TokenProxy;
  /** How long answers serve equal callers, milliseconds. Default 30,000; 0: never. */
  readonly freshnessWindowMs?: number;
  /** The cloud of classes that name none. Default `AzurePublicCloud`. */
  readonly cloudName?: string;
  /** The cloud file of classes that name none, as AZURE_ENVIRONMENT_FILEPATH gives it. */
  readonly cloudEnvFile?: string | undefined;
  /** The folders below which classes may name a cloud file. Default: none, they may name any file that is no pod's. */
  readonly cloudEnvFolders?: readonly string[];
  /** Whether the certificates of PKCS#12 are put in the order of their chain. Default true. */
  readonly constructPemChain?: boolean;
  /** Whether certificate and key behind a certificate are also written apart, as `.crt` and `.key`. Default false. */
  readonly writeCertAndKeyInSeparateFiles?: boolean;
  /** How long one mount may take, milliseconds. Default 60,000. */
  readonly mountTimeoutMs?: number;
  /** Whether `objectVersionHistory: N` writes N + 1 files, as upstream does. Default false: N, as its documentation has it. */
  readonly extraHistoryVersion?: boolean;
  readonly metrics?: ProviderMetrics | undefined;
}

/** What is used where no flag says otherwise; upstream's. */
const TOKEN_PROXY: TokenProxy = {
  url: 'https://kubernetes.default.svc.cluster.local',
  serverName: undefined,
  caFile: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
};

const MAX_LOGGED = 100;
const MAX_NAME = 120;

/** A provider with the broker behind it. Disposing it drops every token and value that it holds. */
export interface AzureProvider extends Provider, AsyncDisposable {}

/** The Azure Key Vault provider: parameters ▸ fetch plan ▸ broker ▸ objects ▸ files. */
export function createAzureProvider(options: AzureProviderOptions): AzureProvider {
  const { clock, random, log, azure, version, clusterKeys, metrics } = options;
  const { freshnessWindowMs = 30_000, cloudName = 'AzurePublicCloud', mountTimeoutMs = 60_000 } = options;
  const { tokenProxy = TOKEN_PROXY, extraHistoryVersion = false, cloudEnvFolders = [] } = options;
  const serviceAccounts = options.serviceAccounts ?? createServiceAccounts({ clock, client: undefined });
  const { constructPemChain = true, writeCertAndKeyInSeparateFiles = false } = options;
  const renderFiles = createFileRenderer({ constructPemChain, writeCertAndKeyInSeparateFiles });
  const broker = createBroker({
    clock,
    random,
    log,
    azure,
    clusterKeys,
    freshnessWindowMs,
    ...(metrics === undefined ? {} : { events: metrics.brokerEvents }),
  });
  const parseObjects = createObjectsParser();
  return {
    name: PROVIDER_NAME,
    version,
    async mount(request) {
      const deadlineMs = clock.monotonic() + mountTimeoutMs * LAST_TRY;
      const wanted = serviceAccountOf(request);
      const parsed = parseParameters({
        attributes: request.attributes,
        secrets: request.secrets,
        defaultCloudName: cloudName,
        parseObjects,
        tokenProxy,
        serviceAccount: wanted && (await serviceAccounts.read(wanted)),
      });
      if (!parsed.ok) throw mountInputError(parsed.issues, request.attributes);
      const { parameters } = parsed;
      const clashes = plannedClashes(parameters.objects);
      if (clashes.length > 0) throw mountInputError(clashes, request.attributes);
      const cloud = await resolveCloud(parameters, {
        defaultFile: options.cloudEnvFile,
        folders: cloudEnvFolders,
        targetPath: request.targetPath,
      });
      const { tenantId, identity, pod } = parameters;
      const keyvaultName = parameters.keyvaultName.toLowerCase();
      const vaultUrlOf = (vault: string) => `https://${vault}.${cloud.vaultDnsSuffix}`;
      const report = createMountReport();
      const waiting = () => report.waiting(clock.monotonic());
      request.onProgress?.(waiting);
      const onSlow = () =>
        log.warn('Mount is slow', { ...describePod(parameters, request.targetPath), waitsFor: waiting() });
      const limits = { clock, timeoutMs: mountTimeoutMs, outer: request.signal, waiting, onSlow };
      return withMountDeadline(limits, async (signal) => {
        const startMs = clock.monotonic();
        const admission = await broker.admit(
          { cloud, tenantId, identity, pod },
          { signal, freshSinceMs: request.freshSinceMs },
        );
        const fetched = await fetchObjects(parameters.objects, {
          admission,
          call: { signal, deadlineMs, report },
          render: (object, spec) => renderFiles(object, spec, request.permission),
          vaultUrl: vaultUrlOf,
          keyvaultName,
          nowMs: clock.now(),
          moreVersions: extraHistoryVersion ? 1 : 0,
        });
        log.info('Objects of a volume asked for', {
          ...describeMount(parameters, request.targetPath, vaultUrlOf(keyvaultName), admission),
          ...(admission.unshared === undefined ? {} : { unshared: admission.unshared }),
          ...report.fields(fetched.outcomes),
          ...describeNoticed(fetched, parameters),
          tookMs: Math.round(clock.monotonic() - startMs),
        });
        return resultOf(fetched, parameters, request);
      });
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

function describePod({ pod }: ProviderParameters, targetPath: string): LogFields {
  return { namespace: pod.namespace, pod: pod.name, serviceAccount: pod.serviceAccountName, targetPath };
}

/** What the pod's events tell in whole, for the log of a provider under another driver, which has no such events. */
function describeNoticed({ absent }: FetchedObjects, { misspeltFields }: ProviderParameters): LogFields {
  const ids = absent.slice(0, MAX_LOGGED).map(({ id }) => id);
  const fields = misspeltFields.slice(0, MAX_LOGGED).map(({ at, field }) => `${at}.${field}`.slice(0, MAX_NAME));
  return {
    ...(ids.length === 0 ? {} : { absent: ids }),
    ...(fields.length === 0 ? {} : { ignoredFields: fields }),
  };
}

/** The fields of a log line that say which mount it is about, and who asks. */
function describeMount(
  parameters: ProviderParameters,
  targetPath: string,
  vaultUrl: string,
  { claims }: Admission,
): LogFields {
  const { tenantId, identity } = parameters;
  const clientId = clientIdOf(identity);
  const assertion = 'assertion' in identity ? describeAssertion(identity.assertion, claims) : undefined;
  return {
    ...describePod(parameters, targetPath),
    vault: vaultUrl,
    tenantId,
    ...(clientId === undefined ? {} : { clientId }),
    identity: identity.mode,
    ...(assertion === undefined ? {} : { assertion }),
  };
}

function resultOf(
  fetched: FetchedObjects,
  { objects, misspeltFields }: ProviderParameters,
  { attributes }: ProviderMountRequest,
): ProviderMountResult {
  const files = collectFiles(fetched, objects, attributes);
  const versions = new Map<string, ProviderMountResult['versions'][number]>(
    fetched.versions.map((entry) => [`${entry.id} ${entry.version}`, entry]),
  );
  const known = new Set(fetched.versions.map(({ id }) => id));
  // A driver takes an answer without any version for a failure.
  for (const { id } of fetched.absent) if (!known.has(id)) versions.set(id, { id, version: ABSENT_VERSION });
  const absentFiles = fetched.absent.flatMap(({ path }) => path ?? []);
  const notices = [...misspeltFields.map(misspeltNotice), ...fetched.absent.map(absentNotice)];
  return {
    files,
    versions: [...versions.values()],
    ...(files.length === 0 ? { noFiles: true as const } : {}),
    ...(absentFiles.length === 0 ? {} : { absentFiles }),
    ...(notices.length === 0 ? {} : { notices }),
  };
}

import { DIRECT_FOR_COMMANDS } from './chart-values.ts';
import type { StateFolder } from './state-folder.ts';

/** What the environment of a lab's commands is made from. */
export interface EnvironmentOptions {
  readonly folder: StateFolder;
  readonly gatewayPort: number;
  /** The PATH that the lab's own folders are put before. */
  readonly path: string | undefined;
  /** Whether `az` is the stand-in. */
  readonly builtinAz: boolean;
  readonly keepHome: boolean;
  /** A lab of Azure's side only: the cluster is the person's own, and so are HOME, KUBECONFIG and the way to it. */
  readonly cloudOnly?: boolean | undefined;
}

/**
 * The variables that make clients use the lab under the real host names: the gateway as HTTPS
 * proxy, the lab's CA for each runtime, and configuration folders of their own.
 */
export function labEnvironment({
  folder,
  gatewayPort,
  path,
  builtinAz,
  keepHome,
  cloudOnly = false,
}: EnvironmentOptions): Record<string, string> {
  return {
    // The machine's metadata service is on the gateway's own port.
    ...proxyEnvironment({ ...folder, gatewayPort, metadataPort: gatewayPort }),
    ...(cloudOnly ? { NO_PROXY: DIRECT_FOR_COMMANDS, no_proxy: DIRECT_FOR_COMMANDS } : {}),
    ...(keepHome || cloudOnly ? {} : { HOME: folder.home }),
    AZURE_CONFIG_DIR: folder.azureConfig,
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    ...(cloudOnly ? {} : { KUBECONFIG: folder.kubeconfig }),
    KEYFERRY_STATE: folder.root,
    PATH: [folder.bin, ...(builtinAz ? [folder.azBin] : []), ...(path === undefined || path === '' ? [] : [path])].join(
      ':',
    ),
  };
}

/** Where a program finds the emulated Azure, and what it trusts. */
export interface ProxyOptions {
  readonly gatewayPort: number;
  /** The port of the node's instance metadata service. */
  readonly metadataPort: number;
  /** Roots and the lab's CA, the CA alone (both PEM), and a Java key store with the roots and the CA: paths. */
  readonly caBundle: string;
  readonly caFile: string;
  readonly javaTrustStore: string;
}

/** The part of the environment that lets any client reach the emulated Azure: used for commands and pods, the driver's too. */
export function proxyEnvironment({
  gatewayPort,
  metadataPort,
  caBundle,
  caFile,
  javaTrustStore,
}: ProxyOptions): Record<string, string> {
  const proxy = `http://127.0.0.1:${gatewayPort}`;
  const metadata = `http://127.0.0.1:${metadataPort}`;
  const direct = '127.0.0.1,localhost';
  return {
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    // Instance metadata is the one thing that is asked for by plain HTTP; Go's clients know no other way to it.
    HTTP_PROXY: metadata,
    http_proxy: metadata,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata,
    NO_PROXY: direct,
    no_proxy: direct,
    // OpenSSL and Go; Python's requests; curl; Node.
    SSL_CERT_FILE: caBundle,
    REQUESTS_CA_BUNDLE: caBundle,
    CURL_CA_BUNDLE: caBundle,
    NODE_EXTRA_CA_CERTS: caFile,
    // Node 24 and later: fetch and https use the proxy variables by themselves.
    NODE_USE_ENV_PROXY: '1',
    JAVA_TOOL_OPTIONS: javaOptions(gatewayPort, metadataPort, javaTrustStore),
  };
}

/** The password of the lab's Java trust store: Java's own default; it holds nothing secret. */
export const JAVA_TRUST_STORE_PASSWORD = 'changeit';

/** Java reads neither proxy nor CA variables, but every JVM reads these options. */
function javaOptions(gatewayPort: number, metadataPort: number, trustStore: string): string {
  return [
    '-Dhttps.proxyHost=127.0.0.1',
    `-Dhttps.proxyPort=${gatewayPort}`,
    '-Dhttp.proxyHost=127.0.0.1',
    `-Dhttp.proxyPort=${metadataPort}`,
    '-Dhttp.nonProxyHosts=127.0.0.1|localhost',
    // JAVA_TOOL_OPTIONS is split at spaces, except within quotes.
    `"-Djavax.net.ssl.trustStore=${trustStore}"`,
    `-Djavax.net.ssl.trustStorePassword=${JAVA_TRUST_STORE_PASSWORD}`,
  ].join(' ');
}

/** The environment as shell exports, one a line, for `eval "$(keyferry lab env)"`. */
export function renderExports(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');
}

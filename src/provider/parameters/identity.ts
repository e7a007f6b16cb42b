import { Secret, type Issue } from '#base';
import type { Identity, TokenProxy } from '#azure';
import { TOKENS_ATTRIBUTE } from '#providerapi';
import type { ServiceAccountIdentity } from '../service-accounts.ts';

/** The audience that Entra ID takes service account tokens with. */
export const TOKEN_EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';
/** The audience that the token proxy of a cluster takes (AKS identity bindings). */
export const IDENTITY_BINDING_AUDIENCE = 'api://AKSIdentityBinding';

/** The parameters that switch to another way than workload identity or service principal, with the mode's upstream name. */
const MODE_FLAGS = {
  usePodIdentity: 'PodIdentity',
  useVMManagedIdentity: 'VMManagedIdentity',
  useAzureTokenProxy: 'AzureTokenProxy',
} as const;

type ModeFlag = keyof typeof MODE_FLAGS;
type ModeName = (typeof MODE_FLAGS)[ModeFlag] | 'None';

/** How much of a wrong value is repeated. */
const MAX_QUOTED = 40;

/** The texts that Go's strconv.ParseBool takes. */
const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['', '0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/** What {@link parseIdentity} decides from. */
export interface IdentityInput {
  /** A parameter of the class or the volume context, trimmed; empty where it is not given. */
  readonly parameter: (name: string) => string;
  /** The Secret of nodePublishSecretRef. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly tokenProxy: TokenProxy;
  /** The pod's service account, where {@link wantsServiceAccount} asks for it. */
  readonly serviceAccount: ServiceAccountIdentity | undefined;
  /** Said where clientID is missing: another parameter that looks like it. */
  readonly misspeltClientId: string;
}

/**
 * Whether the annotations of the pod's service account have a say: where a service account's token is the proof, and the class
 * leaves out the client id or the tenant.
 */
export function wantsServiceAccount({ parameter, secrets }: Pick<IdentityInput, 'parameter' | 'secrets'>): boolean {
  const on = (flag: ModeFlag) => BOOLS.get(parameter(flag)) === true;
  if (on('usePodIdentity') || on('useVMManagedIdentity')) return false;
  const clientId = parameter('clientID');
  const isServicePrincipal = clientId === '' && !on('useAzureTokenProxy') && Object.keys(secrets).length > 0;
  const tenantId = parameter('tenantID') || parameter('tenantId');
  return !isServicePrincipal && (clientId === '' || tenantId === '');
}

/**
 * Decides how a mount proves itself. One of the three flags; else workload identity where `clientID` is set; else the service
 * principal of nodePublishSecretRef where that is given; else workload identity as the service account's annotation says.
 * Adds to `issues` all that is wrong; undefined then.
 */
export function parseIdentity(input: IdentityInput, issues: Issue[]): Identity | undefined {
  const { parameter } = input;
  const names = Object.keys(MODE_FLAGS) as ModeFlag[];
  const unclear = names.filter((name) => !BOOLS.has(parameter(name)));
  for (const name of unclear) {
    const given = JSON.stringify(parameter(name).slice(0, MAX_QUOTED));
    issues.push({
      path: `spec.parameters.${name}`,
      message: `failed to parse ${name} flag: ${given} is neither true nor false`,
    });
  }
  const flags = names.filter((name) => BOOLS.get(parameter(name)) === true);
  if (flags.length > 1) {
    const message = `only one identity mode can be enabled at a time: ${flags.join(', ')}`;
    issues.push({ path: flags.map((name) => `spec.parameters.${name}`).join(','), message });
    return undefined;
  }
  const [flag] = flags;
  // What another way lacks is no mend for who meant this one.
  if (flag === undefined && unclear.length > 0) return undefined;
  switch (flag) {
    case 'usePodIdentity':
      return { mode: 'pod-identity', pod: podOf(parameter) };
    case 'useVMManagedIdentity':
      return { mode: 'managed-identity', assigned: assignedIdentity(parameter('userAssignedIdentityID')) };
    case 'useAzureTokenProxy':
      return parseIdentityBinding(input, issues);
    case undefined:
      break;
  }
  const isServicePrincipal = parameter('clientID') === '' && Object.keys(input.secrets).length > 0;
  return isServicePrincipal ? parseServicePrincipal(input, issues) : parseWorkloadIdentity(input, issues);
}

function podOf(parameter: IdentityInput['parameter']) {
  const about = (what: string) => parameter(`csi.storage.k8s.io/pod.${what}`);
  return { namespace: about('namespace'), name: about('name'), uid: about('uid') };
}

/** Upstream takes the client id; the ARM id is the other name that people have for a user-assigned identity. */
function assignedIdentity(id: string): Extract<Identity, { mode: 'managed-identity' }>['assigned'] {
  if (id === '') return undefined;
  return id.startsWith('/') ? { kind: 'resource-id', resourceId: id } : { kind: 'client-id', clientId: id };
}

/** Adds the issue of a mode and answers undefined. */
function refuse(issues: Issue[], mode: ModeName, path: string, why: string): undefined {
  issues.push({ path, message: `failed to build auth config for mode ${mode}: ${why}` });
}

function parseWorkloadIdentity(input: IdentityInput, issues: Issue[]): Identity | undefined {
  const { parameter, serviceAccount, misspeltClientId } = input;
  const clientId = parameter('clientID') || (serviceAccount?.clientId ?? '');
  if (clientId === '') {
    const mend = `; set clientID for workload identity, here or as the annotation azure.workload.identity/client-id of ${nameOf(serviceAccount)}, or name a Secret with clientid and clientsecret`;
    const why = `failed to get credentials, nodePublishSecretRef secret is not set${misspeltClientId}`;
    return refuse(
      issues,
      'None',
      'nodePublishSecretRef',
      `${why}${unread(serviceAccount) || (misspeltClientId ? '' : mend)}`,
    );
  }
  const assertion = parseToken(parameter(TOKENS_ATTRIBUTE), TOKEN_EXCHANGE_AUDIENCE, (why) =>
    refuse(issues, 'None', TOKENS_ATTRIBUTE, `failed to parse workload identity tokens, error: ${why}`),
  );
  return assertion && { mode: 'workload-identity', clientId, assertion };
}

function parseIdentityBinding(input: IdentityInput, issues: Issue[]): Identity | undefined {
  const { parameter, serviceAccount, tokenProxy, misspeltClientId } = input;
  const clientId = parameter('clientID') || (serviceAccount?.clientId ?? '');
  if (clientId === '') {
    const why = `clientID is required for identity binding${misspeltClientId}${unread(serviceAccount)}`;
    return refuse(issues, 'AzureTokenProxy', 'spec.parameters.clientID', why);
  }
  const assertion = parseToken(parameter(TOKENS_ATTRIBUTE), IDENTITY_BINDING_AUDIENCE, (why) =>
    refuse(
      issues,
      'AzureTokenProxy',
      TOKENS_ATTRIBUTE,
      `failed to parse service account token for identity binding, error: ${why}`,
    ),
  );
  return assertion && { mode: 'token-proxy', clientId, assertion, proxy: tokenProxy };
}

function nameOf(serviceAccount: ServiceAccountIdentity | undefined): string {
  return serviceAccount === undefined ? 'the service account' : `the service account ${serviceAccount.name}`;
}

/** Why the annotations could not be looked at, where that may be what is missing. */
function unread(serviceAccount: ServiceAccountIdentity | undefined): string {
  if (serviceAccount?.unread === undefined) return '';
  return `; the annotations of ${nameOf(serviceAccount)} cannot be read: ${serviceAccount.unread}`;
}

/** The token of `audience` among those that kubelet passed; `refused` is told why there is none. */
function parseToken(tokens: string, audience: string, refused: (why: string) => undefined): Secret<string> | undefined {
  const needed = `the CSIDriver object needs tokenRequests with the audience ${audience}`;
  if (tokens === '') return refused(`service account tokens not found; ${needed}`);
  let byAudience: unknown;
  try {
    byAudience = JSON.parse(tokens);
  } catch {
    return refused('service account tokens are not JSON');
  }
  const entry = isRecord(byAudience) ? byAudience[audience] : undefined;
  const token = isRecord(entry) ? entry['token'] : undefined;
  if (typeof token !== 'string' || token === '') {
    return refused(`token for audience ${audience} not found; ${needed}`);
  }
  return new Secret(token);
}

/** Keys in any case, as upstream has it. Where both are given the client secret counts: upstream knows nothing else. */
function parseServicePrincipal({ secrets }: IdentityInput, issues: Issue[]): Identity | undefined {
  const no = (why: string) => refuse(issues, 'None', 'nodePublishSecretRef', why);
  const entries = Object.entries(secrets);
  const find = (key: string) => entries.find(([name]) => name.toLowerCase() === key)?.[1] ?? '';
  const clientId = find('clientid').trim();
  const clientSecret = find('clientsecret').trim();
  const certificate = find('clientcertificate').trim();
  if (clientId === '') return no('could not find clientid in secrets');
  if (clientSecret !== '') return { mode: 'service-principal', clientId, clientSecret: new Secret(clientSecret) };
  if (certificate === '') {
    return no('could not find clientsecret in secrets; a client certificate has the key clientcertificate');
  }
  // An editor's line end is no part of it; blanks may be.
  const password = find('clientcertificatepassword').replace(/\r?\n$/, '');
  return {
    mode: 'client-certificate',
    clientId,
    certificate: new Secret(certificate),
    password: password === '' ? undefined : new Secret(password),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

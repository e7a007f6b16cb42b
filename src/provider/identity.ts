import { Secret, type Issue } from '#base';
import { TOKENS_ATTRIBUTE } from '#providerapi';

/** How a mount says who it is, with what the proof needs. */
export type Identity =
  | { readonly mode: 'workload-identity'; readonly clientId: string; readonly token: Secret<string> }
  | { readonly mode: 'service-principal'; readonly clientId: string; readonly clientSecret: Secret<string> };

/** The audience that Entra ID takes service account tokens with. */
export const TOKEN_EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';

/** The parameters that switch to another way than workload identity or service principal, with the mode's upstream name. */
const MODE_FLAGS = {
  usePodIdentity: 'PodIdentity',
  useVMManagedIdentity: 'VMManagedIdentity',
  useAzureTokenProxy: 'AzureTokenProxy',
} as const;

type ModeFlag = keyof typeof MODE_FLAGS;

/** The texts that Go's strconv.ParseBool takes. */
const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['', '0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/**
 * Decides how a mount proves itself: one of the three flags, else workload identity when `clientID` is set, else the
 * service principal of nodePublishSecretRef. Adds to `issues` all that is wrong; undefined then. `misspeltClientId` is said
 * where neither is given.
 */
export function parseIdentity(
  parameter: (name: string) => string,
  secrets: Readonly<Record<string, string>>,
  issues: Issue[],
  misspeltClientId = '',
): Identity | undefined {
  const flags = (Object.keys(MODE_FLAGS) as ModeFlag[]).filter((name) => {
    const value = BOOLS.get(parameter(name));
    if (value === undefined) issues.push({ path: `spec.parameters.${name}`, message: `failed to parse ${name} flag` });
    return value === true;
  });
  if (flags.length > 1) {
    const message = `only one identity mode can be enabled at a time: ${flags.join(', ')}`;
    issues.push({ path: flags.map((name) => `spec.parameters.${name}`).join(','), message });
    return undefined;
  }
  const [flag] = flags;
  if (flag !== undefined) {
    const message = `failed to build auth config for mode ${MODE_FLAGS[flag]}: ${flag} is not supported by this provider yet`;
    issues.push({ path: `spec.parameters.${flag}`, message });
    return undefined;
  }
  const clientId = parameter('clientID');
  return clientId === ''
    ? parseServicePrincipal(secrets, issues, misspeltClientId)
    : parseWorkloadIdentity(clientId, parameter(TOKENS_ATTRIBUTE), issues);
}

function parseWorkloadIdentity(clientId: string, tokens: string, issues: Issue[]): Identity | undefined {
  const refuse = (why: string) => {
    const message = `failed to build auth config for mode None: failed to parse workload identity tokens, error: ${why}`;
    issues.push({ path: TOKENS_ATTRIBUTE, message });
    return undefined;
  };
  const needed = `the CSIDriver object needs tokenRequests with the audience ${TOKEN_EXCHANGE_AUDIENCE}`;
  if (tokens === '') return refuse(`service account tokens not found; ${needed}`);
  let byAudience: unknown;
  try {
    byAudience = JSON.parse(tokens);
  } catch {
    return refuse('service account tokens are not JSON');
  }
  const entry = isRecord(byAudience) ? byAudience[TOKEN_EXCHANGE_AUDIENCE] : undefined;
  const token = isRecord(entry) ? entry['token'] : undefined;
  if (typeof token !== 'string' || token === '') {
    return refuse(`token for audience ${TOKEN_EXCHANGE_AUDIENCE} not found; ${needed}`);
  }
  return { mode: 'workload-identity', clientId, token: new Secret(token) };
}

function parseServicePrincipal(
  secrets: Readonly<Record<string, string>>,
  issues: Issue[],
  misspeltClientId: string,
): Identity | undefined {
  const refuse = (why: string) => {
    issues.push({ path: 'nodePublishSecretRef', message: `failed to build auth config for mode None: ${why}` });
    return undefined;
  };
  const entries = Object.entries(secrets);
  if (entries.length === 0) {
    const help =
      misspeltClientId || '; set clientID for workload identity, or name a Secret with clientid and clientsecret';
    return refuse(`failed to get credentials, nodePublishSecretRef secret is not set${help}`);
  }
  const find = (key: string) => entries.find(([name]) => name.toLowerCase() === key)?.[1].trim();
  const clientId = find('clientid');
  const clientSecret = find('clientsecret');
  if (clientId === undefined || clientId === '') return refuse('could not find clientid in secrets');
  if (clientSecret === undefined || clientSecret === '') return refuse('could not find clientsecret in secrets');
  return { mode: 'service-principal', clientId, clientSecret: new Secret(clientSecret) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { nearest, type Issue, type Secret } from '#base';
import { CLOUD_NAMES, findCloud, isCustomCloud, type Identity, type TokenProxy } from '#azure';
import { parseIdentity, wantsServiceAccount } from './identity.ts';
import type { MisspeltField } from './object-fields.ts';
import type { ObjectsParser } from './objects-memo.ts';
import { parseObjects, type ObjectSpec } from './object-spec.ts';
import type { ServiceAccountIdentity } from '../service-accounts.ts';
import { vaultNameIssue } from './vault-name.ts';

/** A mount's parameters, all of them decided. */
export interface ProviderParameters {
  readonly pod: {
    readonly name: string;
    readonly namespace: string;
    /** Empty when kubelet did not name it. */
    readonly serviceAccountName: string;
  };
  readonly keyvaultName: string;
  readonly tenantId: string;
  readonly cloudName: string;
  /** The file that describes a cloud of one's own; undefined: none was named. */
  readonly cloudEnvFile: string | undefined;
  readonly identity: Identity;
  readonly objects: readonly ObjectSpec[];
  /** Fields of objects that are ignored, and most likely known ones with a slip in their name. */
  readonly misspeltFields: readonly MisspeltField[];
}

/** What {@link parseParameters} reads. */
export interface ParametersInput {
  /** The class's parameters overlaid with the volume context. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly secrets: Secret<Readonly<Record<string, string>>>;
  /** The cloud of classes that name none. */
  readonly defaultCloudName: string;
  /** The cluster's, for identity bindings. */
  readonly tokenProxy: TokenProxy;
  /** The pod's service account, where {@link serviceAccountOf} names it. */
  readonly serviceAccount: ServiceAccountIdentity | undefined;
  /** How the `objects` text is parsed. Default {@link parseObjects}; the provider remembers what it parsed. */
  readonly parseObjects?: ObjectsParser;
}

/** The parameters, or all that is wrong with them. */
export type ParsedParameters =
  | { readonly ok: true; readonly parameters: ProviderParameters }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** The parameters that are known, whose names are nobody's misspelling. */
const KNOWN: readonly string[] = [
  'keyvaultName',
  'tenantID',
  'tenantId',
  'clientID',
  'objects',
  'cloudName',
  'cloudEnvFileName',
  'usePodIdentity',
  'useVMManagedIdentity',
  'useAzureTokenProxy',
  'userAssignedIdentityID',
];
const MAX_QUOTED = 60;

/** The service account whose annotations have a say in a mount; undefined where they have none. */
export function serviceAccountOf(
  input: Pick<ParametersInput, 'attributes' | 'secrets'>,
): { readonly namespace: string; readonly name: string } | undefined {
  const parameter = parameterOf(input.attributes);
  if (!wantsServiceAccount({ parameter, secrets: input.secrets.expose() })) return undefined;
  return {
    namespace: parameter('csi.storage.k8s.io/pod.namespace'),
    name: parameter('csi.storage.k8s.io/serviceAccount.name'),
  };
}

/** Parses the attributes of a mount. Parameters that it does not know are ignored, as upstream does. Texts are upstream's. */
export function parseParameters(input: ParametersInput): ParsedParameters {
  const issues: Issue[] = [];
  const parameter = parameterOf(input.attributes);
  const refuse = (name: string, message: string) => issues.push({ path: `spec.parameters.${name}`, message });
  const required = (name: string, message: string, value = parameter(name)): string => {
    if (value === '') refuse(name, `${message}${misspelt(name, input.attributes)}`);
    return value;
  };
  const ofKubelet = (name: string, message: string): string => {
    const value = parameter(name);
    if (value === '') issues.push({ path: name, message: `${message}: the CSIDriver object needs podInfoOnMount` });
    return value;
  };

  const podName = ofKubelet('csi.storage.k8s.io/pod.name', 'pod name is not provided');
  const podNamespace = ofKubelet('csi.storage.k8s.io/pod.namespace', 'pod namespace is not provided');
  const keyvaultName = required('keyvaultName', 'keyvaultName is not provided');
  const vaultIssue = keyvaultName === '' ? undefined : vaultNameIssue(keyvaultName);
  if (vaultIssue !== undefined) refuse('keyvaultName', `${vaultIssue}${hostInsteadOfName(keyvaultName)}`);
  const { serviceAccount } = input;
  const ownTenantId = parameter('tenantID') || parameter('tenantId');
  const tenantId = required('tenantID', 'tenantId is not provided', ownTenantId || (serviceAccount?.tenantId ?? ''));
  if (tenantId !== '' && !/^[A-Za-z0-9][-.A-Za-z0-9]{0,254}$/.test(tenantId)) {
    const given = JSON.stringify(tenantId.slice(0, MAX_QUOTED));
    refuse('tenantID', `tenantId ${given} is neither an id nor a domain name`);
  }
  const cloudName = parameter('cloudName') || input.defaultCloudName;
  if (!isCustomCloud(cloudName) && findCloud(cloudName) === undefined) {
    refuse(
      'cloudName',
      `cloudName ${cloudName.slice(0, MAX_QUOTED)} is not valid: it is one of ${CLOUD_NAMES.join(', ')}`,
    );
  }
  const identity = parseIdentity(
    {
      parameter,
      secrets: input.secrets.expose(),
      tokenProxy: input.tokenProxy,
      serviceAccount,
      misspeltClientId: misspelt('clientID', input.attributes),
    },
    issues,
  );
  const misspeltFields: MisspeltField[] = [];
  const objectsText = required('objects', 'objects is not set');
  const { parseObjects: parse = parseObjects } = input;
  const objects = objectsText === '' ? [] : parse(objectsText, issues, misspeltFields);

  if (issues.length > 0 || identity === undefined) return { ok: false, issues };
  return {
    ok: true,
    parameters: {
      pod: {
        name: podName,
        namespace: podNamespace,
        serviceAccountName: parameter('csi.storage.k8s.io/serviceAccount.name'),
      },
      keyvaultName,
      tenantId,
      cloudName,
      cloudEnvFile: parameter('cloudEnvFileName') || undefined,
      identity,
      objects,
      misspeltFields,
    },
  };
}

function parameterOf(attributes: Readonly<Record<string, string>>): (name: string) => string {
  return (name) => attributes[name]?.trim() ?? '';
}

/** What helps where the parameter `name` is missing: another one that looks like it. */
function misspelt(name: string, attributes: Readonly<Record<string, string>>): string {
  const meant = nearest(
    name,
    Object.keys(attributes).filter((other) => !KNOWN.includes(other)),
  );
  return meant === undefined ? '' : `; "${meant}" is given: did you mean ${name}?`;
}

/** What helps where a vault is named by its URL or host. */
function hostInsteadOfName(text: string): string {
  const name = /^(?:https:\/\/)?([-A-Za-z0-9]{3,24})\.vault\./.exec(text)?.[1];
  return name === undefined ? '' : `; the name alone is "${name}"`;
}

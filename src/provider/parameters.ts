import { nearest, type Issue, type Secret } from '#base';
import { findCloud, isCustomCloud } from '#azure';
import { parseIdentity, type Identity } from './identity.ts';
import { parseObjects, type ObjectSpec } from './object-spec.ts';

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
}

/** What {@link parseParameters} reads. */
export interface ParametersInput {
  /** The class's parameters overlaid with the volume context. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly secrets: Secret<Readonly<Record<string, string>>>;
  /** The cloud of classes that name none. */
  readonly defaultCloudName: string;
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

/** Parses the attributes of a mount. Parameters that it does not know are ignored, as upstream does. Texts are upstream's. */
export function parseParameters(input: ParametersInput): ParsedParameters {
  const issues: Issue[] = [];
  const parameter = (name: string): string => input.attributes[name]?.trim() ?? '';
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
  if (keyvaultName !== '' && !/^[-A-Za-z0-9]{3,24}$/.test(keyvaultName)) {
    const given = JSON.stringify(keyvaultName.slice(0, MAX_QUOTED));
    const message = `Invalid vault name: ${given}, must be between 3 and 24 chars of letters, digits and dashes`;
    refuse('keyvaultName', `${message}${hostInsteadOfName(keyvaultName)}`);
  }
  const tenantId = required('tenantID', 'tenantId is not provided', parameter('tenantID') || parameter('tenantId'));
  if (tenantId !== '' && !/^[A-Za-z0-9][-.A-Za-z0-9]{0,254}$/.test(tenantId)) {
    const given = JSON.stringify(tenantId.slice(0, MAX_QUOTED));
    refuse('tenantID', `tenantId ${given} is neither an id nor a domain name`);
  }
  const cloudName = parameter('cloudName') || input.defaultCloudName;
  if (!isCustomCloud(cloudName) && findCloud(cloudName) === undefined) {
    refuse('cloudName', `cloudName ${cloudName.slice(0, MAX_QUOTED)} is not valid`);
  }
  const identity = parseIdentity(parameter, input.secrets.expose(), issues, misspelt('clientID', input.attributes));
  const objectsText = required('objects', 'objects is not set');
  const objects = objectsText === '' ? [] : parseObjects(objectsText, issues);

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
    },
  };
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

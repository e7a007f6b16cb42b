import { KeyferryError, type Issue, type Secret } from '#base';
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

/** Parses the attributes of a mount. Parameters that it does not know are ignored, as upstream does. Texts are upstream's. */
export function parseParameters(input: ParametersInput): ParsedParameters {
  const issues: Issue[] = [];
  const parameter = (name: string): string => input.attributes[name]?.trim() ?? '';
  const required = (name: string, message: string): string => {
    const value = parameter(name);
    if (value === '') issues.push({ path: name, message });
    return value;
  };

  const podName = required('csi.storage.k8s.io/pod.name', 'pod name is not provided');
  const podNamespace = required('csi.storage.k8s.io/pod.namespace', 'pod namespace is not provided');
  const keyvaultName = required('keyvaultName', 'keyvaultName is not provided');
  if (keyvaultName !== '' && !/^[-A-Za-z0-9]{3,24}$/.test(keyvaultName)) {
    const message = `Invalid vault name: ${JSON.stringify(keyvaultName)}, must be between 3 and 24 chars of letters, digits and dashes`;
    issues.push({ path: 'keyvaultName', message });
  }
  const tenantId = parameter('tenantID') || parameter('tenantId');
  if (tenantId === '') issues.push({ path: 'tenantID', message: 'tenantId is not provided' });
  else if (!/^[A-Za-z0-9][-.A-Za-z0-9]{0,254}$/.test(tenantId)) {
    issues.push({
      path: 'tenantID',
      message: `tenantId ${JSON.stringify(tenantId)} is neither an id nor a domain name`,
    });
  }
  const cloudName = parameter('cloudName') || input.defaultCloudName;
  if (!isCustomCloud(cloudName) && findCloud(cloudName) === undefined) {
    issues.push({ path: 'cloudName', message: `cloudName ${cloudName} is not valid` });
  }
  const identity = parseIdentity(parameter, input.secrets.expose(), issues);
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

/** The error for a mount whose input is wrong: every issue, with its place where the message does not name it. */
export function mountInputError(issues: readonly Issue[]): KeyferryError {
  const texts = issues.map(({ path, message }) => (path.startsWith('objects.') ? `${path}: ${message}` : message));
  return new KeyferryError('invalid-input', `failed to mount objects, error: ${texts.join('; ')}`, { issues });
}

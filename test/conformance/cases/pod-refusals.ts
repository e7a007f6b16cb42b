import { containers, POD, spec, type Row } from './kind-row.ts';

const [main] = containers;
const empty = { name: 'v', emptyDir: {} };
/** A pod with one container, which has more in it. */
const withContainer = (more: object) => spec({ containers: [{ ...main, ...more }], volumes: [empty] });
/** A pod with a volume of this source. */
const withVolume = (source: object) => spec({ containers, volumes: [{ name: 'v', ...source }] });
const mounting = (more: object) => withContainer({ volumeMounts: [{ name: 'v', mountPath: '/a', ...more }] });

/** What is wrong with pods: their volumes, mounts, variables and security, in the words of Kubernetes. */
export const POD_REFUSALS: readonly (Row & { readonly field: string; readonly message: string })[] = [
  {
    id: 'csi-driver',
    claim: 'a CSI volume names a driver by a DNS name',
    ...POD,
    body: withVolume({ csi: { driver: 'A B' } }),
    field: 'spec.volumes[0].csi.driver',
    message: 'Invalid value: "A B": a lowercase RFC 1123 subdomain must consist of',
  },
  {
    id: 'csi-secret',
    claim: 'a CSI volume that refers to a Secret names it',
    ...POD,
    body: withVolume({ csi: { driver: 'secrets-store.csi.k8s.io', nodePublishSecretRef: {} } }),
    field: 'spec.volumes[0].csi.nodePublishSecretRef.name',
    message: 'Required value',
  },
  {
    id: 'secret-name',
    claim: 'a volume of a Secret names it',
    ...POD,
    body: withVolume({ secret: {} }),
    field: 'spec.volumes[0].secret.secretName',
    message: 'Required value',
  },
  {
    id: 'volume-mode',
    claim: 'the mode of files is one',
    ...POD,
    body: withVolume({ secret: { secretName: 's', defaultMode: 1000 } }),
    field: 'spec.volumes[0].secret.defaultMode',
    message: 'Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive',
  },
  {
    id: 'mount-propagation',
    claim: 'only privileged containers share mounts with the node',
    ...POD,
    body: mounting({ mountPropagation: 'Bidirectional' }),
    field: 'spec.containers[0].volumeMounts.mountPropagation',
    message: 'Forbidden: Bidirectional mount propagation is available only to privileged containers',
  },
  {
    id: 'mount-propagation-kind',
    claim: 'mount propagation is one of three',
    ...POD,
    body: mounting({ mountPropagation: 'Both' }),
    field: 'spec.containers[0].volumeMounts.mountPropagation',
    message: 'Unsupported value: "Both": supported values: "Bidirectional", "HostToContainer", "None"',
  },
  {
    id: 'mount-recursive',
    claim: 'what is read-only all the way down is read-only',
    ...POD,
    body: mounting({ recursiveReadOnly: 'Enabled' }),
    field: 'spec.containers[0].volumeMounts.recursiveReadOnly',
    message: 'Forbidden: may only be specified when readOnly is true',
  },
  {
    id: 'mount-subpath',
    claim: 'a subPath stays within its volume',
    ...POD,
    body: mounting({ subPath: '../x' }),
    field: 'spec.containers[0].volumeMounts.subPath',
    message: 'Invalid value: "../x": must not contain \'..\'',
  },
  {
    id: 'variable-field',
    claim: 'a variable takes a field that pods have',
    ...POD,
    body: withContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.nothing' } } }] }),
    field: 'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath',
    message: 'error converting fieldPath: field label not supported: metadata.nothing',
  },
  {
    id: 'variable-source',
    claim: 'a variable from elsewhere says from where',
    ...POD,
    body: withContainer({ env: [{ name: 'A', valueFrom: {} }] }),
    field: 'spec.containers[0].env[0].valueFrom',
    // Newer servers go on with `fileKeyRef`.
    message: 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`',
  },
  {
    id: 'variables-source',
    claim: 'variables come from a ConfigMap or a Secret',
    ...POD,
    body: withContainer({ envFrom: [{}] }),
    field: 'spec.containers[0].envFrom',
    message: 'must specify one of: `configMapRef` or `secretRef`',
  },
  {
    id: 'fs-group-policy',
    claim: 'the policy of a group change is one of two',
    ...POD,
    body: spec({ containers, securityContext: { fsGroupChangePolicy: 'Never' } }),
    field: 'spec.securityContext.fsGroupChangePolicy',
    message: 'Unsupported value: "Never": supported values: "Always", "OnRootMismatch"',
  },
  {
    id: 'seccomp-type',
    claim: 'a seccomp profile is of one of three types',
    ...POD,
    body: spec({ containers, securityContext: { seccompProfile: { type: 'None' } } }),
    field: 'spec.securityContext.seccompProfile.type',
    message: 'Unsupported value: "None": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
  },
  {
    id: 'seccomp-file',
    claim: 'a seccomp profile of the node names its file',
    ...POD,
    body: spec({ containers, securityContext: { seccompProfile: { type: 'Localhost' } } }),
    field: 'spec.securityContext.seccompProfile.localhostProfile',
    message: 'Required value: must be set when seccomp type is Localhost',
  },
  {
    id: 'shared-processes',
    claim: 'a pod among the processes of the node has none of its own to share',
    ...POD,
    body: spec({ containers, hostPID: true, shareProcessNamespace: true }),
    field: 'spec.securityContext.shareProcessNamespace',
    message: 'ShareProcessNamespace and HostPID cannot both be enabled',
  },
  {
    id: 'dns-none',
    claim: 'a pod without the DNS of its cluster brings its own',
    ...POD,
    body: spec({ containers, dnsPolicy: 'None' }),
    field: 'spec.dnsConfig',
    message: 'Required value: must provide `dnsConfig` when `dnsPolicy` is None',
  },
  {
    id: 'ephemeral-containers',
    claim: 'no pod begins with ephemeral containers',
    ...POD,
    body: spec({ containers, ephemeralContainers: [{ name: 'e', image: 'busybox' }] }),
    field: 'spec.ephemeralContainers',
    message: 'Forbidden: cannot be set on create',
  },
];

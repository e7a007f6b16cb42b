/** The objects that scenarios make. */
import type { Stage } from './stage.ts';
import { VAULT } from './stage.ts';

/** Says which secrets of the vault become which files. */
export interface ClassOptions {
  /** Names of secrets, or `[name, file]` where the file is called otherwise. */
  readonly secrets: readonly (string | readonly [secret: string, file: string])[];
  readonly filePermission?: string;
  readonly secretObjects?: readonly unknown[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Annotations of a class whose volumes are not checked again while a scenario lasts, whatever the driver's interval. */
export const NEVER_CHECKED = { 'secrets-store.csi.k8s.io/rotation-poll-interval': '24h' };

/** A SecretProviderClass for secrets of the shared vault, by workload identity. */
export function classManifest({ clientId, tenantId }: Stage, name: string, options: ClassOptions) {
  const { filePermission = '' } = options;
  const objects = options.secrets
    .map((secret) => (typeof secret === 'string' ? [secret, ''] : secret))
    .map(([objectName, objectAlias]) =>
      JSON.stringify({ objectName, objectType: 'secret', objectAlias, filePermission }),
    );
  return {
    apiVersion: 'secrets-store.csi.x-k8s.io/v1',
    kind: 'SecretProviderClass',
    metadata: { name, annotations: options.annotations ?? {} },
    spec: {
      provider: 'azure',
      parameters: {
        clientID: clientId,
        tenantID: tenantId,
        keyvaultName: VAULT,
        objects: JSON.stringify({ array: objects }),
      },
      ...(options.secretObjects !== undefined && { secretObjects: options.secretObjects }),
    },
  };
}

/** What a pod of a scenario has beside its volumes. */
export interface PodOptions {
  /** A volume for each class, mounted at `/mnt/<class>`. */
  readonly classes: readonly string[];
  /** Variables from Kubernetes Secrets: name → Secret and key. */
  readonly env?: Readonly<Record<string, readonly [secret: string, key: string]>>;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  /** Instead of waiting for the end. */
  readonly script?: string;
}

/** A script that does nothing and ends at once when it is asked to; busybox's and any other shell's. */
const IDLE = 'trap "exit 0" TERM; sleep 100000 & wait';

/** The spec of a pod whose container has a shell. */
export function podSpec({ cluster }: Stage, { classes, env = {}, securityContext, script = IDLE }: PodOptions) {
  return {
    serviceAccountName: 'reader',
    // A pod that is made right after its namespace need not wait for the cluster's CA in it.
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 5,
    ...(securityContext !== undefined && { securityContext }),
    containers: [
      {
        name: 'app',
        image: cluster.images.shell,
        imagePullPolicy: 'IfNotPresent',
        command: ['/bin/sh', '-c', script],
        env: Object.entries(env).map(([name, [secret, key]]) => ({
          name,
          valueFrom: { secretKeyRef: { name: secret, key } },
        })),
        volumeMounts: classes.map((name) => ({ name, mountPath: `/mnt/${name}`, readOnly: true })),
      },
    ],
    volumes: classes.map((name) => ({
      name,
      csi: { driver: 'secrets-store.csi.k8s.io', readOnly: true, volumeAttributes: { secretProviderClass: name } },
    })),
  };
}

/** A pod with that spec. */
export const podManifest = (stage: Stage, name: string, options: PodOptions) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { 'azure.workload.identity/use': 'true' } },
  spec: podSpec(stage, options),
});

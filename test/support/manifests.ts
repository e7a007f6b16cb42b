/** A SecretProviderClass of the default namespace for secrets of one vault, by workload identity. */
export function secretProviderClass(options: {
  readonly name: string;
  readonly clientId: string;
  readonly tenantId: string;
  readonly vault: string;
  /** Names, or `[name, alias]` where the file is called otherwise. */
  readonly secrets: readonly (string | readonly [name: string, alias: string])[];
  readonly secretObjects?: readonly unknown[];
}) {
  const objects = options.secrets
    .map((secret) => (typeof secret === 'string' ? { name: secret, alias: '' } : { name: secret[0], alias: secret[1] }))
    .map(({ name, alias }) => `  - |\n    objectName: ${name}\n    objectType: secret\n    objectAlias: "${alias}"\n`)
    .join('');
  return {
    apiVersion: 'secrets-store.csi.x-k8s.io/v1',
    kind: 'SecretProviderClass',
    metadata: { name: options.name, namespace: 'default' },
    spec: {
      provider: 'azure',
      parameters: {
        clientID: options.clientId,
        tenantID: options.tenantId,
        keyvaultName: options.vault,
        objects: `array:\n${objects}`,
      },
      ...(options.secretObjects === undefined ? {} : { secretObjects: options.secretObjects }),
    },
  };
}

/** A pod of the default namespace that mounts a class at /mnt/secrets-store and sleeps. */
export function podWithClass(name: string, serviceAccountName: string, className: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { 'azure.workload.identity/use': 'true' } },
    spec: {
      serviceAccountName,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'app',
          image: 'ubuntu:20.04',
          command: ['/bin/sh', '-c', 'exec sleep 3600'],
          volumeMounts: [{ name: 'secrets', mountPath: '/mnt/secrets-store', readOnly: true }],
        },
      ],
      volumes: [
        {
          name: 'secrets',
          csi: {
            driver: 'secrets-store.csi.k8s.io',
            readOnly: true,
            volumeAttributes: { secretProviderClass: className },
          },
        },
      ],
    },
  };
}

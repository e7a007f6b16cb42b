import { RESOURCES } from '#kube';
import { issueCertificate } from '../../../src/crypto/testing/certificates.ts';
import type { Draft, Scene, Stage } from './scene.ts';

/**
 * A class that uses a service principal. `wrongSecret` makes what the Secret holds at first as the client secret of the
 * application; the mend puts a new one in.
 */
export function servicePrincipal(wrongSecret: (stage: Stage, appId: string) => Promise<string>): Scene {
  return withSecret(async (stage, appId) => ({ clientsecret: await wrongSecret(stage, appId) }));
}

/** The same with a certificate that the application does not know; the mend puts a client secret in, which counts then. */
export function clientCertificate(): Scene {
  return withSecret(async () => {
    const { certPem, keyPem } = await issueCertificate({ name: 'stranger', algorithm: 'rsa' });
    return { clientcertificate: `${certPem}${keyPem}` };
  });
}

function withSecret(wrong: (stage: Stage, appId: string) => Promise<Record<string, string>>): Scene {
  let appId = '';
  return {
    credential: () => null,
    parameters: () => ({ clientID: null }),
    pod: withSecretRef,
    async break(stage) {
      const { lab, name, namespace, cluster } = stage;
      appId = await lab.az(`az ad app create --display-name ${name} --query appId -o tsv`);
      await stage.setPolicy(await lab.az(`az ad sp create --id ${appId} --query id -o tsv`));
      await cluster.client.create(RESOURCES.secrets, namespace, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name },
        stringData: { clientid: appId, ...(await wrong(stage, appId)) },
      });
    },
    values: () => ({ 'client id': appId }),
    async mend({ lab, name, namespace, cluster }) {
      const secret = await lab.az(`az ad app credential reset --id ${appId} --append --query password -o tsv`);
      await cluster.client.patch(
        RESOURCES.secrets,
        { namespace, name },
        { type: 'merge', body: { stringData: { clientsecret: secret } } },
      );
    },
  };
}

function withSecretRef(draft: Draft, { name }: Stage): Draft {
  const volumes = draft.spec['volumes'] as readonly { readonly csi: object }[];
  const csi = { ...volumes[0]?.csi, nodePublishSecretRef: { name } };
  return { ...draft, spec: { ...draft.spec, volumes: [{ ...volumes[0], csi }] } };
}

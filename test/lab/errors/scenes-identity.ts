import type { ResourceRef } from '#kube';
import type { IDENTITY_CAUSES } from './causes-identity.ts';
import type { Scene, Scenes, Stage } from './scene.ts';

const NOBODY = '11111111-2222-4333-8444-555555555555';
const DRIVER = 'secrets-store.csi.k8s.io';
const CSI_DRIVERS: ResourceRef = { group: 'storage.k8s.io', version: 'v1', resource: 'csidrivers' };

const mendCredential = (stage: Stage) => stage.putCredential();
const mendClientId = (stage: Stage) => stage.setParameters({ clientID: stage.clientId });

/** How each of {@link IDENTITY_CAUSES} is made and mended. */
export const IDENTITY_SCENES: Scenes<(typeof IDENTITY_CAUSES)[number]['id']> = {
  'credential-none': {
    credential: () => null,
    values: ({ clientId, name }) => ({ 'client id': clientId, identity: name }),
    mend: mendCredential,
  },
  'credential-other-subject': [
    {
      variant: 'missing',
      credential: () => ({ subject: 'system:serviceaccount:team:somebody' }),
      values: presentedSubject,
      // The other credential stays: an identity has room for 20.
      mend: ({ lab, name, credential: { issuer, subject, audience } }) =>
        lab.az(
          `az identity federated-credential create -g g --identity-name ${name} -n ours --issuer ${issuer} --subject ${subject} --audiences ${audience}`,
        ),
    },
    {
      variant: 'namespace',
      credential: ({ name }) => ({ subject: `system:serviceaccount:team:${name}` }),
      values: presentedSubject,
      mend: mendCredential,
    },
    {
      variant: 'name',
      credential: ({ credential }) => ({ subject: `${credential.subject}-app` }),
      values: presentedSubject,
      mend: mendCredential,
    },
  ],
  'credential-subject-case': {
    credential: ({ credential }) => ({ subject: credential.subject.replace('default', 'Default') }),
    values: presentedSubject,
    mend: mendCredential,
  },
  'credential-other-issuer': [
    {
      variant: 'slash',
      credential: ({ credential }) => ({ issuer: credential.issuer.slice(0, -1) }),
      values: presentedIssuer,
      mend: mendCredential,
    },
    {
      variant: 'cluster',
      credential: ({ cluster }) => ({
        issuer: `https://eastus.oic.prod-aks.azure.com/${cluster.tenantId}/${NOBODY}/`,
      }),
      values: presentedIssuer,
      mend: mendCredential,
    },
  ],
  'credential-other-audience': {
    credential: () => ({ audience: 'api://azureadtokenexchange' }),
    mend: mendCredential,
  },
  'application-unknown': [
    {
      variant: 'mistyped',
      parameters: () => ({ clientID: NOBODY }),
      values: () => ({ 'client id': NOBODY }),
      mend: mendClientId,
    },
    {
      variant: 'object-id',
      parameters: ({ principalId }) => ({ clientID: principalId }),
      values: ({ principalId }) => ({ 'client id': principalId }),
      mend: mendClientId,
    },
    {
      variant: 'deleted',
      break: ({ lab, name }) => lab.az(`az identity delete -g g -n ${name}`),
      values: ({ clientId }) => ({ 'client id': clientId }),
      mend: async (stage) => {
        const { lab, name, credential } = stage;
        const made = JSON.parse(await lab.az(`az identity create -g g -n ${name}`)) as Record<string, string>;
        await stage.putCredential(credential);
        await stage.setPolicy(made['principalId']);
        await stage.setParameters({ clientID: made['clientId'] ?? '' });
      },
    },
  ],
  'tenant-unknown': {
    parameters: () => ({ tenantID: NOBODY }),
    values: () => ({ tenant: NOBODY }),
    mend: (stage) => stage.setParameters({ tenantID: stage.cluster.tenantId }),
  },
  'client-id-missing': {
    parameters: () => ({ clientID: null }),
    mend: mendClientId,
  },
  'token-requests-missing': tokenRequests([]),
  'token-audience-missing': tokenRequests([{ audience: 'api://AKSIdentityBinding' }]),
};

function presentedSubject({ credential }: Stage): Record<string, string> {
  return { subject: credential.subject };
}

function presentedIssuer({ credential }: Stage): Record<string, string> {
  return { issuer: credential.issuer };
}

/** The CSIDriver object asks kubelet for other tokens than the provider needs, for every pod of the cluster. */
function tokenRequests(wrong: readonly object[]): Scene {
  const set = ({ cluster }: Stage, wanted: readonly object[]) =>
    cluster.client.patch(CSI_DRIVERS, { name: DRIVER }, { type: 'merge', body: { spec: { tokenRequests: wanted } } });
  return {
    alone: true,
    break: (stage) => set(stage, wrong),
    mend: (stage) => set(stage, [{ audience: 'api://AzureADTokenExchange' }]),
  };
}

import { RESOURCES } from '#kube';
import type { IDENTITY_CAUSES } from './causes-identity.ts';
import { withFault } from './scene-fault.ts';
import { tokenRequests } from './scene-token-requests.ts';
import type { Scene, Scenes, Stage } from './scene.ts';
import { clientCertificate, servicePrincipal } from './scene-service-principal.ts';
import { signIn, tokenOf } from './sign-in.ts';

const NOBODY = '11111111-2222-4333-8444-555555555555';
const MINUTE_MS = 60_000;

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
  'tenant-malformed': {
    parameters: ({ cluster }) => ({ tenantID: cluster.tenantId.slice(1) }),
    values: ({ cluster }) => ({ tenant: cluster.tenantId.slice(1) }),
    mend: (stage) => stage.setParameters({ tenantID: stage.cluster.tenantId }),
  },
  'service-principal-missing': applicationAlone(),
  'client-id-missing': [
    { variant: 'class', parameters: () => ({ clientID: null }), mend: mendClientId },
    {
      variant: 'service-account',
      parameters: () => ({ clientID: null }),
      mend: ({ cluster, namespace, name, clientId }) =>
        cluster.client.patch(
          RESOURCES.serviceaccounts,
          { namespace, name },
          { type: 'merge', body: { metadata: { annotations: { 'azure.workload.identity/client-id': clientId } } } },
        ),
    },
  ],
  'signing-key-unknown': {
    alone: true,
    async break(stage) {
      const { lab } = stage;
      // Entra ID has just read the keys, and then there is another one.
      await forgetIssuers(stage);
      await signIn(stage, await tokenOf(stage));
      await lab.az('az aks oidc-issuer rotate-signing-keys -g g -n c --yes');
    },
    values: presentedIssuer,
    mend: forgetIssuers,
  },
  'issuer-unreachable': withFault(
    (stage) => ({ host: new URL(stage.credential.issuer).hostname, effect: { kind: 'status', status: 403 } }),
    forgetIssuers,
  ),
  'entra-unavailable': withFault(() => ({
    host: 'login.microsoftonline.com',
    effect: { kind: 'status', status: 503 },
  })),
  'entra-unreachable': withFault(() => ({ host: 'login.microsoftonline.com', effect: { kind: 'reset' } })),
  'token-expired': {
    ...expiredToken(),
    alone: true,
  },
  'client-secret-wrong': servicePrincipal(() => Promise.resolve('not-the-secret')),
  'client-certificate-unknown': clientCertificate(),
  'managed-identity-unassigned': {
    credential: () => null,
    parameters: ({ clientId }) => ({
      clientID: null,
      useVMManagedIdentity: 'true',
      userAssignedIdentityID: clientId,
    }),
    values: ({ clientId }) => ({ 'client id': clientId }),
    async mend({ lab, name }) {
      const group = await lab.az('az aks show -g g -n c --query nodeResourceGroup -o tsv');
      const scaleSet = await lab.az(`az vmss list -g ${group} --query [0].name -o tsv`);
      const identity = await lab.az(`az identity show -g g -n ${name} --query id -o tsv`);
      await lab.az(`az vmss identity assign -g ${group} -n ${scaleSet} --identities ${identity}`);
    },
  },
  'client-secret-expired': {
    ...servicePrincipal(async ({ lab }, appId) => {
      const { labTime } = await lab.lab.control.clock.show();
      const end = new Date(Date.parse(labTime) + MINUTE_MS).toISOString();
      const secret = await lab.az(
        `az ad app credential reset --id ${appId} --append --end-date ${end} --query password -o tsv`,
      );
      await lab.lab.control.clock.advance(2 * MINUTE_MS);
      return secret;
    }),
    alone: true,
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

/** Lets the lab's Entra ID read all issuers' documents again. */
function forgetIssuers({ lab }: Stage): Promise<unknown> {
  return lab.lab.control.clock.advance(MINUTE_MS);
}

/** Somebody signs az in with a token that was read some time ago. */
function expiredToken(): Scene {
  let token = '';
  return {
    async break(stage) {
      token = await tokenOf(stage);
      await stage.lab.lab.control.clock.advance(20 * MINUTE_MS);
    },
    seen: async (stage) => [await signIn(stage, token)],
    mend: async (stage) => {
      token = await tokenOf(stage);
    },
    healed: async (stage) => {
      const refused = await signIn(stage, token);
      if (refused !== '') throw new Error(refused);
    },
  };
}

/** An application with a federated credential, which nobody gave a service principal. */
function applicationAlone(): Scene {
  let appId = '';
  return {
    async break(stage) {
      const { lab, name, credential } = stage;
      appId = await lab.az(`az ad app create --display-name ${name} --query appId -o tsv`);
      const { issuer, subject, audience } = credential;
      const parameters = JSON.stringify({ name: 'federated', issuer, subject, audiences: [audience] });
      await lab.az(`az ad app federated-credential create --id ${appId} --parameters '${parameters}'`);
      await stage.setParameters({ clientID: appId });
    },
    values: ({ cluster }) => ({ 'client id': appId, tenant: cluster.tenantId }),
    mend: async (stage) => stage.setPolicy(await stage.lab.az(`az ad sp create --id ${appId} --query id -o tsv`)),
  };
}

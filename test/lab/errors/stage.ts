import { createHash } from 'node:crypto';
import { RESOURCES } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { podWithClass, secretProviderClass } from '../../support/manifests.ts';
import type { TestCluster, TestLab } from '../../support/test-lab.ts';
import type { Draft, Scene, Stage } from './scene.ts';

const NAMESPACE = 'default';
const GROUP = 'g';

/** Makes all that a pod needs to start, but for what `scene` says, and leaves out the pod itself. */
export async function prepareStage(
  scene: Scene,
  { lab, cluster, name }: { readonly lab: TestLab; readonly cluster: TestCluster; readonly name: string },
): Promise<Stage> {
  const { client, issuer, tenantId } = cluster;
  const vault = vaultName(name);
  const identity = JSON.parse(await lab.az(`az identity create -g ${GROUP} -n ${name}`)) as Record<string, string>;
  const right = {
    issuer,
    subject: `system:serviceaccount:${NAMESPACE}:${name}`,
    audience: 'api://AzureADTokenExchange',
  };
  const stage: Stage = {
    lab,
    cluster,
    name,
    namespace: NAMESPACE,
    vault,
    clientId: identity['clientId'] ?? '',
    principalId: identity['principalId'] ?? '',
    credential: right,
    putCredential: (wrong = {}) => {
      const claims = { ...right, ...wrong };
      return lab.az(
        `az identity federated-credential create -g ${GROUP} --identity-name ${name} -n federated --issuer ${claims.issuer} --subject ${claims.subject} --audiences ${claims.audience}`,
      );
    },
    setPolicy: (objectId = stage.principalId) =>
      lab.az(`az keyvault set-policy -n ${vault} --object-id ${objectId} --secret-permissions get`),
    setParameters: (parameters) =>
      client.patch(
        SECRET_CLASS_RESOURCES.classes,
        { namespace: NAMESPACE, name },
        { type: 'merge', body: { spec: { parameters } } },
      ),
    createPod: async () => {
      const pod: Draft = podWithClass(name, name, name);
      await client.create(RESOURCES.pods, NAMESPACE, scene.pod === undefined ? pod : scene.pod(pod, stage));
    },
  };
  await lab.az(`az keyvault create -n ${vault} -g ${GROUP}`);
  await lab.az(`az keyvault secret set --vault-name ${vault} -n Fine --value v`);
  const credential = scene.credential === undefined ? {} : scene.credential(stage);
  if (credential !== null) await stage.putCredential(credential);
  const objectId = scene.policy === undefined ? stage.principalId : scene.policy(stage);
  if (objectId !== null) await stage.setPolicy(objectId);
  await client.create(RESOURCES.serviceaccounts, NAMESPACE, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name },
  });
  const spc = classOf(scene, stage, tenantId);
  if (spc !== null) await client.create(SECRET_CLASS_RESOURCES.classes, NAMESPACE, spc);
  await scene.break?.(stage);
  return stage;
}

/** A name for the vault of a scene: Azure takes 24 characters, so the end of a longer one is a digest. */
export function vaultName(scene: string): string {
  if (scene.length <= 21) return `kv-${scene}`;
  const digest = createHash('sha256').update(scene).digest('hex').slice(0, 5);
  return `kv-${scene.slice(0, 15).replace(/-$/, '')}-${digest}`;
}

function classOf(scene: Scene, stage: Stage, tenantId: string): Draft | null {
  const { name, clientId, vault } = stage;
  const draft = secretProviderClass({ name, clientId, tenantId, vault, secrets: scene.secrets ?? ['Fine'] });
  const parameters = Object.fromEntries(
    Object.entries({ ...draft.spec.parameters, ...scene.parameters?.(stage) }).filter(([, value]) => value !== null),
  );
  const made: Draft = { ...draft, spec: { ...draft.spec, parameters } };
  return scene.class === undefined ? made : scene.class(made, stage);
}

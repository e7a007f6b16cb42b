import { errorText, KeyferryError } from '#base';
import { isReason, RESOURCES, type KubeClient, type KubeObject, type OwnerReference } from '#kube';
import type { DesiredSecret } from './build.ts';
import { SECRET_FIELD_MANAGER } from './managed-fields.ts';
import { uniqueOwners } from './owners.ts';
import { planSecret, type SyncMode } from './plan.ts';

/** The part of the API that a Secret is made with. */
export type SecretClient = Pick<KubeClient, 'get' | 'create' | 'patch'>;

/** What became of a Secret: made, changed in its values, changed otherwise, or found as it should be. */
export type SecretChange = 'created' | 'rotated' | 'updated' | 'none';

/**
 * Who is to own a Secret now; nobody: nothing is written. `sure`: what is known from earlier does not do, as a write
 * follows.
 */
export type FindOwners = (sure: boolean) => Promise<readonly OwnerReference[]>;

/** One Secret, and for whom. */
export interface SecretRequest {
  readonly desired: DesiredSecret;
  readonly mode: SyncMode;
  readonly owners: FindOwners;
  readonly signal: AbortSignal;
}

/** How often others may come in between: drivers of other nodes make the same Secret at the same time. */
const MAX_TRIES = 8;

/**
 * Makes a Secret as it is wanted. Each write fails when the Secret is not the one that was read, and is then planned
 * anew: what somebody makes or changes at the same moment is never overwritten unseen.
 */
export async function applySecret(client: SecretClient, request: SecretRequest): Promise<SecretChange> {
  const { desired, mode, signal } = request;
  const key = { namespace: desired.namespace, name: desired.name };
  let last: unknown;
  // Right after a publish the pod is there.
  let sure = mode === 'write';
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const [live, owners] = await Promise.all([readSecret(client, key, signal), request.owners(sure)]);
    if (owners.length === 0) return 'none';
    const plan = planSecret(live, desired, owners, mode);
    if (plan.action === 'keep') return 'none';
    if (plan.action === 'refuse') throw plan.error;
    if (!sure) {
      sure = true;
      continue;
    }
    try {
      if (plan.action === 'create') {
        await createSecret(client, desired, uniqueOwners(owners), signal);
        return 'created';
      }
      await changeSecret(client, live as KubeObject, plan, signal);
      return plan.rotates ? 'rotated' : 'updated';
    } catch (error) {
      if (!isOvertaken(error)) throw error;
      last = error;
    }
  }
  throw new KeyferryError('aborted', `somebody else changes it all the time: ${errorText(last)}`, { cause: last });
}

function readSecret(
  client: SecretClient,
  key: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  return client.get(RESOURCES.secrets, key, { signal }).catch((error: unknown): undefined => {
    if (!isReason(error, 'NotFound')) throw error;
  });
}

function createSecret(
  client: SecretClient,
  { namespace, name, labels, annotations, type, data }: DesiredSecret,
  ownerReferences: readonly OwnerReference[],
  signal: AbortSignal,
): Promise<unknown> {
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels, annotations, ownerReferences },
    type,
    data: data.expose(),
  };
  return client.create(RESOURCES.secrets, namespace, body, { signal, fieldManager: SECRET_FIELD_MANAGER });
}

async function changeSecret(
  client: SecretClient,
  live: KubeObject,
  plan: Extract<ReturnType<typeof planSecret>, { action: 'change' }>,
  signal: AbortSignal,
): Promise<void> {
  const { name = '', namespace = '', uid } = live.metadata;
  const key = { namespace, name };
  let { resourceVersion } = live.metadata;
  if (plan.managedFields !== undefined) {
    const body = [
      { op: 'replace', path: '/metadata/managedFields', value: plan.managedFields },
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    ];
    const patched = await client.patch(
      RESOURCES.secrets,
      key,
      { type: 'json', body, fieldManager: SECRET_FIELD_MANAGER },
      { signal },
    );
    ({ resourceVersion } = patched.metadata);
  }
  if (plan.apply !== undefined) {
    const { labels, annotations, type, data } = plan.apply;
    const metadata = { name, namespace, uid, resourceVersion, labels, annotations };
    const body = { apiVersion: 'v1', kind: 'Secret', metadata, type, data: data.expose() };
    const patch = { type: 'apply', fieldManager: SECRET_FIELD_MANAGER, force: true, body } as const;
    await client.patch(RESOURCES.secrets, key, patch, { signal });
  }
  if (plan.owners.length > 0) {
    // A strategic merge adds owners by their UID and keeps the others, which the apply of a list would not: several pods
    // share a Secret.
    const body = { metadata: { uid, ownerReferences: plan.owners } };
    const patch = { type: 'strategic', fieldManager: SECRET_FIELD_MANAGER, body } as const;
    await client.patch(RESOURCES.secrets, key, patch, { signal });
  }
}

/** The Secret is not the one that was read: somebody made, changed or removed it meanwhile. */
function isOvertaken(error: unknown): boolean {
  return isReason(error, 'Conflict') || isReason(error, 'AlreadyExists') || isReason(error, 'NotFound');
}

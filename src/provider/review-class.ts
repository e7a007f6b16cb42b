import { Secret, type Issue } from '#base';
import { TOKENS_ATTRIBUTE } from '#providerapi';
import { plannedClashes } from './objects/fetch-plan.ts';
import { IDENTITY_BINDING_AUDIENCE, TOKEN_EXCHANGE_AUDIENCE } from './parameters/identity.ts';
import type { ObjectSpec } from './parameters/object-spec.ts';
import { parseParameters } from './parameters/parameters.ts';

/** What a class says to this provider, before Azure is asked for anything. */
export interface ClassReview {
  /** What a mount would be refused for: parameters, objects, their fields. */
  readonly issues: readonly Issue[];
  /** Entries of which two would write one file. */
  readonly clashes: readonly Issue[];
  /** The entries; none where there are issues. */
  readonly objects: readonly Pick<ObjectSpec, 'at' | 'line' | 'type' | 'name' | 'versionHistory'>[];
  /** The file of the node that describes the class's cloud; undefined: it names none. */
  readonly cloudEnvFile: string | undefined;
}

/** What {@link reviewClass} is told. */
export interface ReviewOptions {
  /** `spec.parameters` of the class. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether the class is mounted with a nodePublishSecretRef. */
  readonly hasPublishSecret: boolean;
}

/**
 * Judges a class as a mount of it would be judged, for a pod about which nothing is wrong: its service account names an
 * identity, its tokens came, its Secret has what it needs. So what is told is the class's own.
 */
export function reviewClass({ parameters, hasPublishSecret }: ReviewOptions): ClassReview {
  const token = { token: 'token', expirationTimestamp: '2100-01-01T00:00:00Z' };
  const parsed = parseParameters({
    attributes: {
      ...parameters,
      'csi.storage.k8s.io/pod.name': 'pod',
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/serviceAccount.name': 'default',
      [TOKENS_ATTRIBUTE]: JSON.stringify({ [TOKEN_EXCHANGE_AUDIENCE]: token, [IDENTITY_BINDING_AUDIENCE]: token }),
    },
    secrets: new Secret(hasPublishSecret ? { clientid: 'id', clientsecret: 'secret' } : {}),
    defaultCloudName: 'AzurePublicCloud',
    tokenProxy: { url: 'https://kubernetes.default.svc.cluster.local', serverName: undefined, caFile: '' },
    serviceAccount: { name: 'default/default', clientId: 'id', tenantId: 'tenant', unread: undefined },
  });
  if (!parsed.ok) return { issues: parsed.issues, clashes: [], objects: [], cloudEnvFile: undefined };
  const { objects, cloudEnvFile } = parsed.parameters;
  return { issues: [], clashes: plannedClashes(objects), objects, cloudEnvFile };
}

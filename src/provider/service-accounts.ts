import { createSingleFlight, errorText, putNewest, toKeyferryError, type Clock } from '#base';
import { RESOURCES, type KubeClient, type ServiceAccount } from '#kube';

/** The annotations of a service account that name an identity: those of Azure's workload identity webhook. */
const CLIENT_ID = 'azure.workload.identity/client-id';
const TENANT_ID = 'azure.workload.identity/tenant-id';

/** What a service account says of the identity that it stands for. */
export interface ServiceAccountIdentity {
  /** `namespace/name`. */
  readonly name: string;
  /** Empty where there is no such annotation. */
  readonly clientId: string;
  readonly tenantId: string;
  /** Why it could not be read, and what helps; undefined when it was. */
  readonly unread: string | undefined;
}

/** Reads service accounts. What they say is no proof of anything: the token is. */
export interface ServiceAccounts {
  /** Never fails: what could not be read says why. */
  read(key: { readonly namespace: string; readonly name: string }): Promise<ServiceAccountIdentity>;
}

/** What {@link createServiceAccounts} works with. */
export interface ServiceAccountsOptions {
  readonly clock: Clock;
  /** Undefined: there is no way to the API server. */
  readonly client: Pick<KubeClient, 'get'> | undefined;
  /** How long an answer serves the pods of that service account, milliseconds. Default 15,000. */
  readonly lifetimeMs?: number;
}

const MAX_KEPT = 1_000;
const TIMEOUT_MS = 5_000;

/** Service accounts of the cluster, each read at most once in its lifetime, however many pods it has. */
export function createServiceAccounts({ clock, client, lifetimeMs = 15_000 }: ServiceAccountsOptions): ServiceAccounts {
  const kept = new Map<string, { readonly identity: ServiceAccountIdentity; readonly untilMs: number }>();
  const flight = createSingleFlight<ServiceAccountIdentity>();

  const fetch = async (key: { readonly namespace: string; readonly name: string }): Promise<ServiceAccountIdentity> => {
    const name = `${key.namespace}/${key.name}`;
    const nothing = { name, clientId: '', tenantId: '' };
    if (key.name === '') return { ...nothing, unread: 'the kubelet did not name it' };
    if (client === undefined) {
      return {
        ...nothing,
        unread: 'this provider has no way to the API server (run it in a pod, or give --kubeconfig)',
      };
    }
    try {
      // The read belongs to nobody's mount: one that gives up must not end it for the others.
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const { metadata } = await client.get<ServiceAccount>(RESOURCES.serviceaccounts, key, { signal });
      const annotation = (which: string) => metadata?.annotations?.[which]?.trim() ?? '';
      return { name, clientId: annotation(CLIENT_ID), tenantId: annotation(TENANT_ID), unread: undefined };
    } catch (error) {
      const forbidden = toKeyferryError(error).code === 'permission-denied';
      const mend = forbidden ? ' (let the driver get serviceaccounts: ClusterRole secretproviderclasses-role)' : '';
      return { ...nothing, unread: `${errorText(error)}${mend}` };
    }
  };

  return {
    async read(key) {
      const id = `${key.namespace}/${key.name}`;
      const known = kept.get(id);
      if (known !== undefined && clock.monotonic() < known.untilMs) return known.identity;
      const startMs = clock.monotonic();
      const identity = await flight.run(id, () => fetch(key));
      kept.delete(id);
      // Without an annotation the mount fails, and somebody may be adding it just now.
      if (identity.clientId !== '' || identity.tenantId !== '') {
        putNewest(kept, id, { identity, untilMs: startMs + lifetimeMs }, MAX_KEPT);
      }
      return identity;
    },
  };
}

import { Counter, Histogram, type Registry } from 'prom-client';

/** The driver's metrics, under upstream's names. Labels are bounded: never an error's text, never a secret's name. */
export interface DriverMetrics {
  published(provider: string): void;
  publishFailed(provider: string, errorType: string): void;
  unpublished(): void;
  unpublishFailed(): void;
  refreshed(provider: string, rotated: boolean, seconds: number): void;
  refreshFailed(provider: string, errorType: string): void;
  secretsSynced(provider: string, seconds: number): void;
}

const OS = { os_type: 'linux' } as const;

// Upstream: ten equal factors between 0.1 s and 2 s.
const SECONDS = Array.from({ length: 11 }, (_, step) => 0.1 * 20 ** (step / 10));

/** Metrics on `registry`. */
export function createDriverMetrics(registry: Registry): DriverMetrics {
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name, help, labelNames: [...labelNames, 'os_type'], registers: [registry] });
  const histogram = (name: string, help: string, labelNames: readonly string[]) =>
    new Histogram({ name, help, labelNames: [...labelNames, 'os_type'], buckets: SECONDS, registers: [registry] });

  const publish = counter('node_publish_total', 'NodePublishVolume calls that succeeded', ['provider']);
  const publishError = counter('node_publish_error_total', 'NodePublishVolume calls that failed', [
    'provider',
    'error_type',
  ]);
  const unpublish = counter('node_unpublish_total', 'NodeUnpublishVolume calls that succeeded', []);
  const unpublishError = counter('node_unpublish_error_total', 'NodeUnpublishVolume calls that failed', []);
  const rotation = counter('rotation_reconcile_total', 'Refreshes of a mounted volume', ['provider', 'rotated']);
  const rotationError = counter(
    'rotation_reconcile_error_total',
    'Refreshes of a mounted volume that failed; the volume keeps its files and kubelet is told OK',
    ['provider', 'error_type', 'rotated'],
  );
  const rotationSeconds = histogram('rotation_reconcile_duration_sec', 'Time of a refresh', []);
  const sync = counter('sync_k8s_secret_total', 'Volumes whose Kubernetes secrets were synced', ['provider']);
  const syncSeconds = histogram('k8s_secret_duration_sec', 'Time of syncing the Kubernetes secrets of a volume', []);
  return {
    published: (provider) => publish.inc({ ...OS, provider }),
    publishFailed: (provider, error_type) => publishError.inc({ ...OS, provider, error_type }),
    unpublished: () => unpublish.inc(OS),
    unpublishFailed: () => unpublishError.inc(OS),
    refreshed: (provider, rotated, seconds) => {
      rotation.inc({ ...OS, provider, rotated: String(rotated) });
      rotationSeconds.observe(OS, seconds);
    },
    refreshFailed: (provider, error_type) => rotationError.inc({ ...OS, provider, error_type, rotated: 'false' }),
    secretsSynced: (provider, seconds) => {
      sync.inc({ ...OS, provider });
      syncSeconds.observe(OS, seconds);
    },
  };
}

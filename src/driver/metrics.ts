import type { Registry } from 'prom-client';
import type { Clock } from '#base';
import {
  createBoundedLabel,
  registerCounter,
  registerGauge,
  registerHistogram,
  type GaugeValue,
  type MetricTable,
} from '#http';
import type { VolumeRecord } from './volume/volume-record.ts';

// Upstream: ten equal factors between 0.1 s and 2 s.
const SECONDS = Array.from({ length: 11 }, (_, step) => 0.1 * 20 ** (step / 10));

/** Every metric of the driver. Those without `keyferry_` have upstream's names and labels. */
export const DRIVER_METRICS = {
  publish: {
    name: 'node_publish_total',
    type: 'counter',
    help: 'NodePublishVolume calls that succeeded, those that had nothing to do among them',
    labels: ['provider', 'os_type'],
    upstream: true,
  },
  publishError: {
    name: 'node_publish_error_total',
    type: 'counter',
    help: 'NodePublishVolume calls that failed, by the stage that failed or the code that the provider answered',
    labels: ['provider', 'error_type', 'os_type'],
    upstream: true,
  },
  unpublish: {
    name: 'node_unpublish_total',
    type: 'counter',
    help: 'NodeUnpublishVolume calls that succeeded',
    labels: ['os_type'],
    upstream: true,
  },
  unpublishError: {
    name: 'node_unpublish_error_total',
    type: 'counter',
    help: 'NodeUnpublishVolume calls that failed',
    labels: ['os_type'],
    upstream: true,
  },
  rotation: {
    name: 'rotation_reconcile_total',
    type: 'counter',
    help: 'Refreshes of a mounted volume that succeeded; rotated: whether the volume got new content',
    labels: ['provider', 'os_type', 'rotated'],
    upstream: true,
  },
  rotationError: {
    name: 'rotation_reconcile_error_total',
    type: 'counter',
    help: 'Refreshes of a mounted volume that failed; the volume keeps its files',
    labels: ['provider', 'error_type', 'os_type', 'rotated'],
    upstream: true,
  },
  rotationSeconds: {
    name: 'rotation_reconcile_duration_sec',
    type: 'histogram',
    help: 'Time of a refresh that succeeded, seconds',
    labels: ['os_type'],
    buckets: SECONDS,
    upstream: true,
  },
  sync: {
    name: 'sync_k8s_secret_total',
    type: 'counter',
    help: 'Times that the Kubernetes secrets of a volume were brought in line',
    labels: ['provider', 'os_type'],
    upstream: true,
  },
  syncSeconds: {
    name: 'k8s_secret_duration_sec',
    type: 'histogram',
    help: 'Time of bringing the Kubernetes secrets of a volume in line, seconds',
    labels: ['os_type'],
    buckets: SECONDS,
    upstream: true,
  },
  syncError: {
    name: 'keyferry_secret_sync_errors_total',
    type: 'counter',
    help: 'Times that the Kubernetes secrets of a volume could not be brought in line; tried again later',
    labels: ['provider'],
  },
  refreshFailures: {
    name: 'keyferry_refresh_failures_total',
    type: 'counter',
    help: 'Refreshes that failed, by cause: the code of the service that refused (AADSTS…, Forbidden/…), else ours',
    labels: ['provider', 'cause'],
  },
  volumes: {
    name: 'keyferry_volumes',
    type: 'gauge',
    help: 'Volumes that are mounted on the node with their files in place',
    labels: ['provider'],
  },
  checkAge: {
    name: 'keyferry_last_successful_check_age_seconds',
    type: 'gauge',
    help: 'Time since the provider last confirmed the content of a class; of several volumes the one that waits longest',
    labels: ['namespace', 'class'],
  },
  providerUp: {
    name: 'keyferry_provider_up',
    type: 'gauge',
    help: 'Whether a provider answered the last check on its socket: 1 or 0; with --provider-health-check',
    labels: ['provider'],
  },
} as const satisfies MetricTable;

/** A volume, as its metrics know it. */
export type MeasuredVolume = Pick<VolumeRecord, 'targetPath' | 'podNamespace' | 'className' | 'provider'>;

/** What the driver counts. */
export interface DriverMetrics {
  published(provider: string): void;
  publishFailed(provider: string, errorType: string): void;
  unpublished(): void;
  unpublishFailed(): void;
  refreshed(provider: string, rotated: boolean, seconds: number): void;
  /** `cause` is the code of what failed: Azure's where it has one. */
  refreshFailed(provider: string, errorType: string, cause: string): void;
  secretsSynced(provider: string, seconds: number): void;
  secretsNotSynced(provider: string): void;
  /** The volume has its files, and they were confirmed at `checkedAtMs` ({@link Clock.monotonic}); by default now. */
  volumeChecked(volume: MeasuredVolume, checkedAtMs?: number): void;
  /** The volume is mounted no more. */
  volumeGone(targetPath: string): void;
  /** A provider did, or did not, answer on its socket. */
  providerChecked(provider: string, healthy: boolean): void;
}

const OS = { os_type: 'linux' } as const;

/** Metrics on `registry`. */
export function createDriverMetrics(registry: Registry, clock: Pick<Clock, 'monotonic'>): DriverMetrics {
  const counter = (name: keyof typeof DRIVER_METRICS) => registerCounter(registry, DRIVER_METRICS[name]);
  const publish = counter('publish');
  const publishError = counter('publishError');
  const unpublish = counter('unpublish');
  const unpublishError = counter('unpublishError');
  const rotation = counter('rotation');
  const rotationError = counter('rotationError');
  const rotationSeconds = registerHistogram(registry, DRIVER_METRICS.rotationSeconds);
  const sync = counter('sync');
  const syncSeconds = registerHistogram(registry, DRIVER_METRICS.syncSeconds);
  const syncError = counter('syncError');
  const refreshFailures = counter('refreshFailures');

  const volumes = new Map<string, MeasuredVolume & { readonly checkedAtMs: number }>();
  registerGauge(registry, DRIVER_METRICS.volumes, () => countByProvider(volumes.values()));
  registerGauge(registry, DRIVER_METRICS.checkAge, () => agesByClass(volumes.values(), clock.monotonic()));

  const providersUp = new Map<string, boolean>();
  registerGauge(registry, DRIVER_METRICS.providerUp, () =>
    [...providersUp].map(([provider, up]) => ({ labels: { provider }, value: up ? 1 : 0 })),
  );

  // A class names its provider, and a provider its error codes: neither is ours to choose.
  const providerLabel = createBoundedLabel();
  const errorTypeLabel = createBoundedLabel();
  const causeLabel = createBoundedLabel();
  const of = (provider: string) => ({ ...OS, provider: providerLabel(provider) });
  return {
    published: (provider) => publish.inc(of(provider)),
    publishFailed: (provider, errorType) =>
      publishError.inc({ ...of(provider), error_type: errorTypeLabel(errorType) }),
    unpublished: () => unpublish.inc(OS),
    unpublishFailed: () => unpublishError.inc(OS),
    refreshed: (provider, rotated, seconds) => {
      rotation.inc({ ...of(provider), rotated: String(rotated) });
      rotationSeconds.observe(OS, seconds);
    },
    refreshFailed: (provider, errorType, cause) => {
      rotationError.inc({ ...of(provider), error_type: errorTypeLabel(errorType), rotated: 'false' });
      refreshFailures.inc({ provider: providerLabel(provider), cause: causeLabel(cause) });
    },
    secretsSynced: (provider, seconds) => {
      sync.inc(of(provider));
      syncSeconds.observe(OS, seconds);
    },
    secretsNotSynced: (provider) => syncError.inc({ provider: providerLabel(provider) }),
    volumeChecked: (volume, checkedAtMs = clock.monotonic()) => {
      const { targetPath, podNamespace, className, provider } = volume;
      volumes.set(targetPath, { targetPath, podNamespace, className, provider, checkedAtMs });
    },
    volumeGone: (targetPath) => {
      volumes.delete(targetPath);
    },
    providerChecked: (provider, healthy) => {
      providersUp.set(providerLabel(provider), healthy);
    },
  };
}

function countByProvider(volumes: Iterable<MeasuredVolume>): GaugeValue[] {
  const counts = new Map<string, number>();
  for (const { provider } of volumes) counts.set(provider, (counts.get(provider) ?? 0) + 1);
  return [...counts].map(([provider, value]) => ({ labels: { provider }, value }));
}

function agesByClass(
  volumes: Iterable<MeasuredVolume & { readonly checkedAtMs: number }>,
  nowMs: number,
): Iterable<GaugeValue> {
  const ages = new Map<string, GaugeValue>();
  for (const { podNamespace: namespace, className, checkedAtMs } of volumes) {
    const key = `${namespace}/${className}`;
    const value = Math.max((nowMs - checkedAtMs) / 1000, ages.get(key)?.value ?? 0);
    ages.set(key, { labels: { namespace, class: className }, value });
  }
  return ages.values();
}

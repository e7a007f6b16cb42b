import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../base/testing/index.ts';
import { createDriverMetrics, DRIVER_METRICS } from './metrics.ts';

function setUp() {
  const registry = new Registry();
  const clock = createFakeClock();
  return { registry, clock, metrics: createDriverMetrics(registry, clock), text: () => registry.metrics() };
}

const volume = (name: string, className: string) => ({
  targetPath: `/pods/${name}/mount`,
  podNamespace: 'shop',
  className,
  provider: 'azure',
});

describe('metrics of the driver', () => {
  it('are all of the table, under its names', () => {
    const names = setUp()
      .registry.getMetricsAsArray()
      .map(({ name }) => name);
    expect(names.toSorted()).toEqual(
      Object.values(DRIVER_METRICS)
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  it('count the volumes in place, until they are gone', async () => {
    const { metrics, text } = setUp();
    metrics.volumeChecked(volume('a', 'db'));
    metrics.volumeChecked(volume('b', 'db'));
    metrics.volumeChecked(volume('b', 'db'));
    expect(await text()).toContain('keyferry_volumes{provider="azure"} 2');
    metrics.volumeGone('/pods/a/mount');
    expect(await text()).toContain('keyferry_volumes{provider="azure"} 1');
    metrics.volumeGone('/pods/b/mount');
    expect(await text()).not.toContain('keyferry_volumes{');
  });

  it('tell the age of a class by its volume that waits longest', async () => {
    const { metrics, clock, text } = setUp();
    metrics.volumeChecked(volume('a', 'db'));
    await clock.advance(30_000);
    metrics.volumeChecked(volume('b', 'db'));
    metrics.volumeChecked(volume('c', 'mail'), clock.monotonic() - 5000);
    await clock.advance(10_000);
    expect(await text()).toContain('keyferry_last_successful_check_age_seconds{namespace="shop",class="db"} 40');
    expect(await text()).toContain('keyferry_last_successful_check_age_seconds{namespace="shop",class="mail"} 15');
    metrics.volumeChecked(volume('a', 'db'));
    expect(await text()).toContain('keyferry_last_successful_check_age_seconds{namespace="shop",class="db"} 10');
  });

  it('count a failed refresh by its stage and by its cause, and never put a text into a label', async () => {
    const { metrics, text } = setUp();
    metrics.refreshFailed('azure', 'GRPCProviderError', 'AADSTS700213');
    metrics.refreshFailed('azure', 'an error: with text', 'a cause with words');
    const all = await text();
    expect(all).toContain('keyferry_refresh_failures_total{provider="azure",cause="AADSTS700213"} 1');
    expect(all).toContain('keyferry_refresh_failures_total{provider="azure",cause="other"} 1');
    expect(all).not.toMatch(/with (text|words)/);
  });

  it('stay few when classes name ever new providers', async () => {
    const { metrics, registry } = setUp();
    for (let index = 0; index < 500; index += 1) metrics.publishFailed(`provider-${index}`, `Code${index}`);
    const { values } = await registry.getSingleMetric('node_publish_error_total')!.get();
    expect(values.length).toBeLessThanOrEqual(51);
    expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(500);
  });
});

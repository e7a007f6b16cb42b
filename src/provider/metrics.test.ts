import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createProviderMetrics, PROVIDER_METRICS } from './metrics.ts';

it('counts requests by service and status, and what the broker answered, under the names of the table', async () => {
  const registry = new Registry();
  const metrics = createProviderMetrics(registry);
  metrics.onRequest({ service: 'keyvault', status: 200, durationMs: 150, objectType: 'secret' });
  metrics.onRequest({ service: 'keyvault', status: undefined, durationMs: 10 });
  metrics.onRequest({ service: 'entra', status: 401, durationMs: 20 });
  metrics.brokerEvents.answered('object', 'kept');
  metrics.brokerEvents.answered('object', 'kept');
  metrics.brokerEvents.unshared('other-subject');
  metrics.brokerEvents.paused('https://one.vault.azure.net', 'throttled');
  metrics.onCall({ method: '/v1alpha1.CSIDriverProvider/Mount', code: 'OK', durationMs: 250 });

  const text = await registry.metrics();
  expect(text).toContain('keyferry_azure_requests_total{service="keyvault",code="200"} 1');
  expect(text).toContain('keyferry_azure_requests_total{service="keyvault",code="none"} 1');
  expect(text).toContain('keyferry_azure_requests_total{service="entra",code="401"} 1');
  expect(text).toContain('keyvault_request_sum{provider="azure",os_type="linux",object_type="secret",code="200"} 0.15');
  expect(text).not.toContain('keyvault_request_sum{provider="azure",os_type="linux",object_type="",code="401"}');
  expect(text).toContain('keyferry_broker_answers_total{what="object",how="kept"} 2');
  expect(text).toContain('keyferry_broker_unshared_callers_total{reason="other-subject"} 1');
  expect(text).toContain(
    'grpc_request_sum{provider="azure",os_type="linux",grpc_method="/v1alpha1.CSIDriverProvider/Mount",grpc_code="OK"} 0.25',
  );
  expect(text).toContain('keyferry_service_pauses_total{host="one.vault.azure.net",reason="throttled"} 1');
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  const table = Object.values(PROVIDER_METRICS).map(({ name }) => name);
  expect(names.toSorted()).toEqual(table.toSorted());
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from './package-root.ts';
import { DIRECT_FOR_COMMANDS, renderChartValues } from './chart-values.ts';

const CA = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

interface Values {
  readonly extraEnv: readonly { readonly name: string; readonly value: string }[];
  readonly caBundle: string;
}

describe('values for a cluster outside', () => {
  const values = parse(renderChartValues({ proxyUrl: 'http://172.18.0.1:8443', caPem: CA })) as Values;
  const variable = (wanted: string) => values.extraEnv.find(({ name }) => name === wanted)?.value ?? '';

  it('name the proxy and the authority, and nothing else', () => {
    expect(variable('HTTPS_PROXY')).toBe('http://172.18.0.1:8443');
    expect(values.extraEnv.map(({ name }) => name)).toEqual(['HTTPS_PROXY', 'NO_PROXY']);
    expect(values.caBundle).toBe(CA);
  });

  it('are values that the chart has', () => {
    const chart = parse(readFileSync(join(packageRoot(), 'charts/keyferry/values.yaml'), 'utf8')) as object;
    expect(Object.keys(chart)).toEqual(expect.arrayContaining(Object.keys(values)));
  });

  it('leave the API server out of the proxy by each of its names', () => {
    const direct = variable('NO_PROXY').split(',');
    // As kubelet expands it: clients that compare words only need the address itself.
    expect(direct).toContain('$(KUBERNETES_SERVICE_HOST)');
    expect(direct).toEqual(expect.arrayContaining(['10.0.0.0/8', '.svc', '.cluster.local', 'localhost']));
  });

  it.each(['login.microsoftonline.com', 'kv.vault.azure.net', '169.254.169.254'])('send %s to the lab', (host) => {
    const direct = variable('NO_PROXY').split(',');
    expect(direct.filter((entry) => entry === host || (entry.startsWith('.') && host.endsWith(entry)))).toEqual([]);
    expect(DIRECT_FOR_COMMANDS.split(',')).not.toContain(host);
  });
});

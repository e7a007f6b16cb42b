import { describe, expect, it } from 'vitest';
import type { Pod } from '#kube';
import { podHostname, renderHosts, renderResolvConf } from './pod-files.ts';

const node = { nodeName: 'node-1', nodeIp: '10.0.0.4', resolvConf: '', hosts: '127.0.0.1 localhost\n10.0.0.9 other\n' };
const pod = (spec: object): Pod => ({
  metadata: { name: 'web-0', namespace: 'shop' },
  spec: { containers: [], ...spec },
});

describe('the name of a pod on its network', () => {
  it.each([
    [{}, 'web-0'],
    [{ hostname: 'db' }, 'db'],
    [{ hostNetwork: true }, 'node-1'],
  ])('%j is %s', (spec, name) => {
    expect(podHostname(pod(spec), 'node-1')).toBe(name);
  });
});

describe('/etc/hosts', () => {
  it.each([
    ['the pod by its name', {}, '10.0.0.4\tweb-0\n'],
    [
      'the pod of a headless service by its full name too',
      { hostname: 'db', subdomain: 'dbs' },
      '10.0.0.4\tdb.dbs.shop.svc.cluster.local\tdb\n',
    ],
    ['aliases', { hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] }, '1.2.3.4\ta\tb\n'],
  ])('has %s', (_name, spec, line) => {
    expect(renderHosts(pod(spec), node)).toContain(line);
  });

  it("is the node's on the node's network", () => {
    expect(renderHosts(pod({ hostNetwork: true }), node)).toBe(
      `# Kubernetes-managed hosts file (host network).\n${node.hosts}`,
    );
  });
});

describe('/etc/resolv.conf', () => {
  const machine = 'search lan\nnameserver 10.0.0.1\noptions ndots:5 rotate\n';
  const dnsConfig = {
    nameservers: ['10.0.0.1', '1.1.1.1'],
    searches: ['a.example'],
    options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
  };
  it.each([
    ["is the machine's", {}, machine],
    [
      'is that of the pod alone',
      { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } },
      'nameserver 1.1.1.1\n',
    ],
    [
      "is the machine's with what the pod adds, its options winning",
      { dnsConfig },
      'search lan a.example\nnameserver 10.0.0.1\nnameserver 1.1.1.1\noptions ndots:2 rotate edns0\n',
    ],
  ])('%s', (_name, spec, text) => {
    expect(renderResolvConf(pod(spec), machine)).toBe(text);
  });
});

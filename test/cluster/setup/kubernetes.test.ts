import { describe, expect, test } from 'vitest';
import { moduleOf } from './kubernetes.ts';

// What go.mod of k8s.io/kubernetes looks like, shortened.
const upstream = `module k8s.io/kubernetes

go 1.24.0

godebug default=go1.24

require (
	github.com/blang/semver/v4 v4.0.0
	k8s.io/api v0.0.0
	k8s.io/utils v0.0.0-20250604170112-4c0f3b243397
)

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/pod-security-admission => ./staging/src/k8s.io/pod-security-admission
)
`;

describe('the module of the programs of a release', () => {
  const lines = moduleOf(upstream, '1.34.4').split('\n');

  test('needs Kubernetes and has its language version and defaults', () => {
    expect(lines).toContain('require k8s.io/kubernetes v1.34.4');
    expect(lines).toContain('go 1.24.0');
    expect(lines).toContain('godebug default=go1.24');
  });

  test('has the published version of each staging module, and replaces nothing else', () => {
    expect(lines.filter((line) => line.startsWith('replace'))).toEqual([
      'replace k8s.io/api => k8s.io/api v0.34.4',
      'replace k8s.io/pod-security-admission => k8s.io/pod-security-admission v0.34.4',
    ]);
  });

  test('takes the default of a block of go debug settings', () => {
    const block = upstream.replace('godebug default=go1.24', 'godebug (\n\tdefault=go1.26\n)');
    expect(moduleOf(block, '1.36.3').split('\n')).toContain('godebug default=go1.26');
  });

  test.each([
    ['no language version', upstream.replace('go 1.24.0', '')],
    ['no staging modules', upstream.replaceAll('./staging', './vendor')],
    ['nothing', ''],
  ])('is not made of a file with %s', (_what, text) => {
    expect(() => moduleOf(text, '1.34.4')).toThrow('go.mod of Kubernetes 1.34.4 is not as expected');
  });
});

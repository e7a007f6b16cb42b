import { describe, expect, test } from 'vitest';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import { rollingLimits } from './rollout.ts';
import { podTemplateHash, sameTemplate } from './template-hash.ts';

const deployment = (replicas: number, rollingUpdate?: object, type = 'RollingUpdate') =>
  ({ spec: { replicas, strategy: { type, rollingUpdate } } }) as unknown as Deployment;

describe('limits of a rolling update', () => {
  test.each([
    { replicas: 1, rolling: undefined, surge: 1, unavailable: 0 },
    { replicas: 4, rolling: undefined, surge: 1, unavailable: 1 },
    { replicas: 10, rolling: { maxSurge: '25%', maxUnavailable: '25%' }, surge: 3, unavailable: 2 },
    { replicas: 3, rolling: { maxSurge: 0, maxUnavailable: '10%' }, surge: 0, unavailable: 1 },
    { replicas: 3, rolling: { maxSurge: 2, maxUnavailable: 0 }, surge: 2, unavailable: 0 },
    { replicas: 2, rolling: { maxSurge: 0, maxUnavailable: 5 }, surge: 0, unavailable: 2 },
    { replicas: 0, rolling: undefined, surge: 0, unavailable: 0 },
  ])('$replicas replicas with $rolling', ({ replicas, rolling, surge, unavailable }) => {
    expect(rollingLimits(deployment(replicas, rolling))).toEqual({ maxSurge: surge, maxUnavailable: unavailable });
  });

  test('Recreate has neither surge nor unavailability', () => {
    expect(rollingLimits(deployment(4, undefined, 'Recreate'))).toEqual({ maxSurge: 0, maxUnavailable: 0 });
  });
});

describe('pod template hash', () => {
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } };

  test('has the letters and the length that Kubernetes gives it', () => {
    expect(podTemplateHash(template, 0)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  });

  test('is the same for a template whose fields stand in another order', () => {
    const turned = { spec: { containers: [{ image: 'x:1', name: 'c' }] }, metadata: { labels: { app: 'a' } } };
    expect(podTemplateHash(turned, 0)).toBe(podTemplateHash(template, 0));
  });

  test('differs for another image and for another collision count', () => {
    const other = { ...template, spec: { containers: [{ name: 'c', image: 'x:2' }] } };
    const hashes = [podTemplateHash(template, 0), podTemplateHash(other, 0), podTemplateHash(template, 1)];
    expect(new Set(hashes).size).toBe(3);
  });

  test.each([
    { what: 'the hash label', other: { metadata: { labels: { app: 'a', 'pod-template-hash': 'x' } } }, same: true },
    { what: 'an empty map', other: { metadata: { labels: { app: 'a' }, annotations: {} } }, same: true },
    {
      what: 'a null creationTimestamp',
      other: { metadata: { labels: { app: 'a' }, creationTimestamp: null } },
      same: true,
    },
    { what: 'an annotation', other: { metadata: { labels: { app: 'a' }, annotations: { at: 'now' } } }, same: false },
    { what: 'another label', other: { metadata: { labels: { app: 'b' } } }, same: false },
  ])('templates that differ in $what: same is $same', ({ other, same }) => {
    const changed = { ...template, ...other } as typeof template;
    expect(sameTemplate(template, changed)).toBe(same);
  });
});

import { describe, expect, it } from 'vitest';
import { ApiError } from '../../api-access.ts';
import { matchesFields, parseFieldSelector } from './field-selector.ts';
import { matchesLabels, parseLabelSelector, requirementsOf } from './label-selector.ts';

describe('label selectors', () => {
  const labels = { app: 'web', tier: 'front', 'example.com/x': '1' };

  it.each([
    ['', true],
    ['app=web', true],
    ['app==web', true],
    ['app=api', false],
    ['app!=api', true],
    ['missing!=api', true],
    ['app in (web, api)', true],
    ['app in (api)', false],
    ['app notin (api)', true],
    ['missing notin (api)', true],
    ['app', true],
    ['missing', false],
    ['!missing', true],
    ['!app', false],
    ['app=web,tier=back', false],
    ['app in (web,api),tier=front,example.com/x=1', true],
  ])('"%s" matches: %s', (text, expected) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(expected);
  });

  it.each(['=a', 'a b', 'app in web', '-x=1', 'a=((', 'a in (b', 'a)', 'a===b', 'a=/b', 'a in (b,-)'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseLabelSelector(text)).toThrow(ApiError);
    },
  );

  it.each([
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'api' } }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'Near', values: ['web'] }] }, false],
    [{}, true],
  ])('a structured selector %j matches: %s', (selector, expected) => {
    expect(matchesLabels(requirementsOf(selector), labels)).toBe(expected);
  });
});

describe('field selectors', () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n' },
    spec: { nodeName: 'node-1' },
    status: {},
  };
  const selectable = ['spec.nodeName', 'status.phase'];

  it.each([
    ['metadata.name=p', true],
    ['metadata.name!=p', false],
    ['metadata.namespace=n,spec.nodeName=node-1', true],
    ['spec.nodeName=', false],
    ['status.phase=', true],
    ['status.phase!=Running', true],
  ])('"%s" matches: %s', (text, expected) => {
    expect(matchesFields(parseFieldSelector(text, selectable), pod)).toBe(expected);
  });

  it('refuses a field that the kind cannot be selected by', () => {
    expect(() => parseFieldSelector('spec.hostname=x', selectable)).toThrow('field label not supported: spec.hostname');
  });
});

import { describe, expect, it } from 'vitest';
import { compareVersions } from './discovery.ts';
import { chooseRepresentation, parseAccept, wantsAggregatedDiscovery } from './negotiate.ts';
import { parseRequestInfo } from './parse-request.ts';

describe('a request', () => {
  it.each([
    ['GET', '/api/v1/pods', { verb: 'list', group: '', resource: 'pods', namespace: undefined, name: '' }],
    [
      'GET',
      '/api/v1/namespaces/n/pods/p',
      { verb: 'get', resource: 'pods', namespace: 'n', name: 'p', subresource: undefined },
    ],
    ['GET', '/api/v1/namespaces/n/pods?watch=true', { verb: 'watch', resource: 'pods', namespace: 'n' }],
    ['GET', '/api/v1/namespaces/n/pods/p/log', { verb: 'get', name: 'p', subresource: 'log' }],
    [
      'POST',
      '/apis/apps/v1/namespaces/n/deployments',
      { verb: 'create', group: 'apps', version: 'v1', resource: 'deployments' },
    ],
    ['PATCH', '/apis/apps/v1/namespaces/n/deployments/d/scale', { verb: 'patch', name: 'd', subresource: 'scale' }],
    ['DELETE', '/api/v1/namespaces/n/pods', { verb: 'deletecollection' }],
    ['DELETE', '/api/v1/namespaces/n', { verb: 'delete', resource: 'namespaces', name: 'n', namespace: undefined }],
    [
      'PUT',
      '/api/v1/namespaces/n/finalize',
      { verb: 'update', resource: 'namespaces', name: 'n', subresource: 'finalize' },
    ],
    ['PUT', '/api/v1/namespaces/n/status', { resource: 'namespaces', subresource: 'status' }],
    ['GET', '/api/v1/nodes/a%2Fb', { resource: 'nodes', name: 'a/b' }],
  ])('%s %s is read', (method, path, expected) => {
    expect(parseRequestInfo(method, new URL(path, 'https://x'))).toMatchObject({ type: 'resource', ...expected });
  });

  it.each(['/version', '/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/', '/openapi/v3/api/v1'])(
    'GET %s is a path',
    (path) => {
      expect(parseRequestInfo('GET', new URL(path, 'https://x'))).toMatchObject({ type: 'path', verb: 'get', path });
    },
  );
});

describe('the Accept header', () => {
  it.each([
    [undefined, 'object'],
    ['*/*', 'object'],
    [
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
      'table',
    ],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', 'object'],
    ['application/vnd.kubernetes.protobuf,application/json', 'object'],
    ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'partial'],
    ['application/vnd.kubernetes.protobuf', undefined],
  ])('%s asks for %s', (header, expected) => {
    expect(chooseRepresentation(parseAccept(header))).toBe(expected);
  });

  it('finds the aggregated discovery only where it is asked for first and in v2', () => {
    const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    expect(wantsAggregatedDiscovery(parseAccept(`${aggregated},application/json`))).toBe(true);
    expect(wantsAggregatedDiscovery(parseAccept('application/json'))).toBe(false);
    expect(wantsAggregatedDiscovery(parseAccept(`${aggregated.replace('v2', 'v2beta1')},application/json`))).toBe(
      false,
    );
  });
});

it('prefers stable versions, then beta, then higher numbers', () => {
  const versions = ['foo1', 'v1alpha1', 'v10', 'v2', 'v1beta2', 'v2beta1', 'v1'];
  expect(versions.sort((a, b) => compareVersions(b, a))).toEqual([
    'v10',
    'v2',
    'v1',
    'v2beta1',
    'v1beta2',
    'v1alpha1',
    'foo1',
  ]);
});

// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, refused, type Case } from '../support/case.ts';
import type { Body } from '../support/cluster-client.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

const found = (list: readonly Body[], name: string): Body => list.find((entry: Body) => entry.name === name);

/** What clients learn about a server before they use it. */
export const DISCOVERY_CASES: readonly Case[] = [
  {
    id: 'discovery/version',
    claim: '/version says which Kubernetes it is',
    run: async ({ call }) => {
      const body = answered(await call({ method: 'GET', path: '/version' }), 200);
      expect(body).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\.\d+\.\d+/) as unknown });
    },
  },
  ...['/healthz', '/livez', '/readyz'].map((path): Case => ({
    id: `discovery${path}`,
    claim: `${path} answers ok`,
    run: async ({ call }) => {
      const { code, text } = await call({ method: 'GET', path });
      expect([code, text]).toEqual([200, 'ok']);
    },
  })),
  {
    id: 'discovery/core',
    claim: '/api has the version v1 of the core group',
    run: async ({ call }) => {
      const body = answered(await call({ method: 'GET', path: '/api' }), 200);
      expect(body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    },
  },
  {
    id: 'discovery/groups',
    claim: '/apis lists groups with their preferred versions',
    run: async ({ call }) => {
      const body = answered(await call({ method: 'GET', path: '/apis' }), 200);
      expect(body.kind).toBe('APIGroupList');
      expect(found(body.groups, 'apps').preferredVersion).toEqual({ groupVersion: 'apps/v1', version: 'v1' });
      expect(found(body.groups, 'batch')).toBeDefined();
    },
  },
  {
    id: 'discovery/resources',
    claim: 'a group version lists its resources with verbs, short names and subresources',
    run: async ({ call }) => {
      const { resources } = answered(await call({ method: 'GET', path: '/apis/apps/v1' }), 200);
      expect(found(resources, 'deployments')).toMatchObject({
        kind: 'Deployment',
        namespaced: true,
        singularName: 'deployment',
        shortNames: ['deploy'],
        categories: ['all'],
        verbs: expect.arrayContaining([
          'create',
          'delete',
          'deletecollection',
          'get',
          'list',
          'patch',
          'update',
          'watch',
        ]) as unknown,
      });
      expect(found(resources, 'deployments/scale')).toMatchObject({
        kind: 'Scale',
        group: 'autoscaling',
        version: 'v1',
      });
      expect(found(resources, 'deployments/status')).toBeDefined();
    },
  },
  {
    id: 'discovery/aggregated',
    claim: '/apis answers everything at once where aggregated discovery is asked for',
    run: async ({ call }) => {
      const answer = await call({ method: 'GET', path: '/apis', accept: `${AGGREGATED},application/json` });
      const body = answered(answer, 200);
      expect(answer.headers['content-type']).toContain('as=APIGroupDiscoveryList');
      expect(body).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
      const apps = body.items.find((item: Body) => item.metadata.name === 'apps');
      const resource = apps.versions[0].resources.find((entry: Body) => entry.resource === 'deployments');
      expect(resource).toMatchObject({
        // a group and a version that are the resource's own are left out
        responseKind: { kind: 'Deployment', group: '', version: '' },
        scope: 'Namespaced',
        subresources: expect.arrayContaining([expect.objectContaining({ subresource: 'scale' })]) as unknown,
      });
    },
  },
  ...['/apis/nobody.example.com', '/apis/apps/v9', '/api/v1/nothings', '/nothing/at/all'].map((path): Case => ({
    id: `discovery/unknown${path}`,
    claim: `${path} is not found`,
    run: async ({ call }) => {
      expect((await call({ method: 'GET', path })).code).toBe(404);
    },
  })),
  {
    id: 'discovery/openapi-v3',
    claim: 'OpenAPI v3 describes each group version, and says of which kind a schema is',
    run: async ({ call }) => {
      const { paths } = answered(await call({ method: 'GET', path: '/openapi/v3' }), 200);
      const { serverRelativeURL } = paths['apis/apps/v1'];
      const document = answered(await call({ method: 'GET', path: serverRelativeURL }), 200);
      const schemas: Body[] = Object.values(document.components.schemas as object);
      const kinds = schemas.flatMap((schema) => schema['x-kubernetes-group-version-kind'] ?? []);
      expect(kinds).toContainEqual({ group: 'apps', kind: 'Deployment', version: 'v1' });
    },
  },
  {
    id: 'discovery/openapi-descriptions',
    claim: 'OpenAPI v3 describes the fields in words',
    run: async ({ call }) => {
      const document = answered(await call({ method: 'GET', path: '/openapi/v3/api/v1' }), 200);
      expect(document.components.schemas['io.k8s.api.core.v1.Pod'].description).toMatch(/^Pod is a collection/);
    },
  },
  {
    id: 'discovery/openapi-v2',
    claim: '/openapi/v2 is a swagger document',
    run: async ({ call }) => {
      expect(answered(await call({ method: 'GET', path: '/openapi/v2' }), 200)).toMatchObject({ swagger: '2.0' });
    },
  },
  {
    id: 'discovery/issuer',
    claim: 'the issuer of service account tokens publishes its keys',
    run: async ({ call }) => {
      const document = answered(await call({ method: 'GET', path: '/.well-known/openid-configuration' }), 200);
      expect(document).toMatchObject({ issuer: expect.stringMatching(/^https:/) as unknown });
      const path = '/openid/v1/jwks';
      const accept = 'application/jwk-set+json';
      const { keys } = answered(await call({ method: 'GET', path, accept }), 200);
      expect(keys[0]).toMatchObject({ use: 'sig', kty: expect.any(String) as unknown });
    },
  },
  {
    id: 'discovery/issuer-types',
    claim: 'the keys of the issuer are a JWK set, and are had as nothing else',
    run: async ({ call }) => {
      const path = '/openid/v1/jwks';
      const { headers } = await call({ method: 'GET', path, accept: '*/*' });
      expect(headers['content-type']).toBe('application/jwk-set+json');
      refused(
        await call({ method: 'GET', path }),
        406,
        'NotAcceptable',
        'Available representations: application/jwk-set+json',
      );
    },
  },
  {
    id: 'discovery/methods',
    claim: 'a method that a resource does not have is not allowed',
    run: async ({ call, path }) => {
      refused(await call({ method: 'PUT', path: path('configmaps') }), 405, 'MethodNotAllowed');
    },
  },
  {
    id: 'discovery/audit-id',
    claim: 'every answer names itself for the audit log',
    run: async ({ call }) => {
      expect((await call({ method: 'GET', path: '/version' })).headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
    },
  },
  {
    id: 'discovery/not-acceptable',
    claim: 'a form that nobody serves is not acceptable',
    run: async ({ call, path }) => {
      refused(await call({ method: 'GET', path: path('configmaps'), accept: 'text/html' }), 406, 'NotAcceptable');
    },
  },
  {
    id: 'discovery/protobuf',
    claim: 'objects come as protobuf where that is asked for',
    run: async ({ call, path }) => {
      const accept = 'application/vnd.kubernetes.protobuf';
      const { code, headers } = await call({ method: 'GET', path: path('configmaps'), accept });
      expect([code, headers['content-type']]).toEqual([200, accept]);
    },
  },
];

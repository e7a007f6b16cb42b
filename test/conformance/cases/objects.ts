// oxlint-disable vitest/no-standalone-expect -- cases are run inside of the tests of conformance.test.ts
import { expect } from 'vitest';
import { answered, configMap, deployment, refused, type Case } from '../support/case.ts';

/** Creating, reading, replacing and deleting. */
export const OBJECT_CASES: readonly Case[] = [
  {
    id: 'objects/create',
    claim: 'a new object has a uid, a time and a version, and is answered with 201',
    run: async ({ create, name, namespace }) => {
      const { metadata } = answered(await create('configmaps', configMap(name())), 201);
      expect(metadata).toMatchObject({
        namespace,
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as unknown,
        resourceVersion: expect.stringMatching(/^\d+$/) as unknown,
      });
    },
  },
  {
    id: 'objects/generate-name',
    claim: 'generateName gets five letters',
    run: async ({ create }) => {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } };
      expect(answered(await create('configmaps', body), 201).metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
    },
  },
  {
    id: 'objects/no-name',
    claim: 'an object without a name is invalid',
    run: async ({ create }) => {
      const answer = await create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} });
      refused(answer, 422, 'Invalid', 'name or generateName is required');
    },
  },
  {
    id: 'objects/name-taken',
    claim: 'a second object of a name is refused, with the resource and the name',
    run: async ({ create, name }) => {
      const taken = name();
      answered(await create('configmaps', configMap(taken)), 201);
      const status = refused(await create('configmaps', configMap(taken)), 409, 'AlreadyExists');
      expect(status).toMatchObject({
        message: `configmaps "${taken}" already exists`,
        details: { name: taken, kind: 'configmaps' },
      });
    },
  },
  {
    id: 'objects/bad-name',
    claim: 'a name with capitals is invalid, and the cause names the field',
    run: async ({ create }) => {
      const { details } = refused(await create('configmaps', configMap('Bad')), 422, 'Invalid', 'RFC 1123');
      expect(details.causes[0]).toMatchObject({ field: 'metadata.name', reason: 'FieldValueInvalid' });
    },
  },
  {
    id: 'objects/bad-label',
    claim: 'a label value with a space is invalid',
    run: async ({ create, name }) => {
      const answer = await create('configmaps', configMap(name(), {}, { labels: { a: 'b c' } }));
      expect(refused(answer, 422, 'Invalid').details.causes[0].field).toBe('metadata.labels');
    },
  },
  {
    id: 'objects/kind-mismatch',
    claim: 'an object of another kind is refused',
    run: async ({ create, name }) => {
      const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: name() } };
      expect((await create('configmaps', body)).code).toBe(400);
    },
  },
  {
    id: 'objects/namespace-mismatch',
    claim: 'an object that names another namespace is refused',
    run: async ({ create, name }) => {
      const answer = await create('configmaps', configMap(name(), {}, { namespace: 'somewhere-else' }));
      refused(answer, 400, 'BadRequest', 'the namespace of the provided object does not match');
    },
  },
  {
    id: 'objects/namespace-missing',
    claim: 'nothing is created in a namespace that is not there',
    run: async ({ call, name }) => {
      const path = '/api/v1/namespaces/no-such-namespace/configmaps';
      const answer = await call({ method: 'POST', path, body: configMap(name()) });
      refused(answer, 404, 'NotFound', 'namespaces "no-such-namespace" not found');
    },
  },
  {
    id: 'objects/json-broken',
    claim: 'a body that is no JSON is a bad request',
    run: async ({ call, path }) => {
      expect((await call({ method: 'POST', path: path('configmaps'), body: '{"kind"' })).code).toBe(400);
    },
  },
  {
    id: 'objects/media-type',
    claim: 'a body of a type that nobody reads is refused',
    run: async ({ call, path }) => {
      const answer = await call({ method: 'POST', path: path('configmaps'), body: 'x', contentType: 'text/plain' });
      refused(answer, 415, 'UnsupportedMediaType');
    },
  },
  {
    id: 'objects/yaml',
    claim: 'a body may be YAML',
    run: async ({ call, path, name }) => {
      const body = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name()}\ndata:\n  a: b\n`;
      const answer = await call({ method: 'POST', path: path('configmaps'), body, contentType: 'application/yaml' });
      expect(answered(answer, 201).data).toEqual({ a: 'b' });
    },
  },
  {
    id: 'objects/wrong-type',
    claim: 'a field of a wrong type is a bad request that names it',
    run: async ({ create, name }) => {
      const answer = await create('configmaps', { ...configMap(name()), data: { a: 1 } });
      refused(answer, 400, 'BadRequest', 'cannot unmarshal number');
    },
  },
  {
    id: 'objects/strict-unknown-field',
    claim: 'strict validation refuses a field that does not exist',
    run: async ({ create, name }) => {
      const body = { ...deployment(name()), extra: 1 };
      const answer = await create('apps/v1/deployments', body, 'fieldValidation=Strict');
      refused(answer, 400, 'BadRequest', 'strict decoding error: unknown field "extra"');
    },
  },
  {
    id: 'objects/warn-unknown-field',
    claim: 'otherwise the field is dropped, with a warning',
    run: async ({ create, name }) => {
      const answer = await create('configmaps', { ...configMap(name()), extra: 1 }, 'fieldValidation=Warn');
      expect(answered(answer, 201)).not.toHaveProperty('extra');
      expect(answer.headers['warning']).toContain('unknown field \\"extra\\"');
    },
  },
  {
    id: 'objects/ignore-unknown-field',
    claim: 'or without one',
    run: async ({ create, name }) => {
      const answer = await create('configmaps', { ...configMap(name()), extra: 1 }, 'fieldValidation=Ignore');
      answered(answer, 201);
      expect(answer.headers['warning']).toBeUndefined();
    },
  },
  {
    id: 'objects/strict-duplicate-field',
    claim: 'strict validation refuses a field that is there twice',
    run: async ({ call, path, name }) => {
      const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name()}"},"data":{"a":"1","a":"2"}}`;
      const answer = await call({ method: 'POST', path: path('configmaps', '', 'fieldValidation=Strict'), body });
      refused(answer, 400, 'BadRequest', 'duplicate field "data.a"');
    },
  },
  {
    id: 'objects/field-validation-value',
    claim: 'field validation is Strict, Warn or Ignore',
    run: async ({ create, name }) => {
      refused(
        await create('configmaps', configMap(name()), 'fieldValidation=Sometimes'),
        422,
        'Invalid',
        'fieldValidation',
      );
    },
  },
  {
    id: 'objects/dry-run-create',
    claim: 'a dry run answers what would be, and stores nothing',
    run: async ({ create, get, name }) => {
      const dry = name();
      const { metadata } = answered(await create('configmaps', configMap(dry), 'dryRun=All'), 201);
      expect(metadata).toMatchObject({ name: dry, uid: expect.any(String) as unknown });
      expect((await get('configmaps', dry)).code).toBe(404);
    },
  },
  {
    id: 'objects/dry-run-value',
    claim: 'a dry run is All or none',
    run: async ({ create, name }) => {
      refused(await create('configmaps', configMap(name()), 'dryRun=Some'), 422, 'Invalid', 'dryRun');
    },
  },
  {
    id: 'objects/missing',
    claim: 'an object that is not there is not found, by name and resource',
    run: async ({ get }) => {
      const status = refused(await get('configmaps', 'none'), 404, 'NotFound', 'configmaps "none" not found');
      expect(status.details).toMatchObject({ name: 'none', kind: 'configmaps' });
    },
  },
  {
    id: 'objects/update',
    claim: 'an update replaces the object, and gives it a new version',
    run: async ({ create, update, name }) => {
      const made = answered(await create('configmaps', configMap(name(), { a: '1', b: '2' })), 201);
      const changed = answered(await update('configmaps', made.metadata.name, { ...made, data: { a: '3' } }), 200);
      expect(changed.data).toEqual({ a: '3' });
      expect(changed.metadata.uid).toBe(made.metadata.uid);
      expect(changed.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
    },
  },
  {
    id: 'objects/update-nothing',
    claim: 'an update that changes nothing keeps the version',
    run: async ({ create, update, name }) => {
      const made = answered(await create('configmaps', configMap(name(), { a: '1' })), 201);
      const same = answered(await update('configmaps', made.metadata.name, made), 200);
      expect(same.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    },
  },
  {
    id: 'objects/update-stale',
    claim: 'an update of an old version is a conflict',
    run: async ({ create, update, name }) => {
      const made = answered(await create('configmaps', configMap(name())), 201);
      answered(await update('configmaps', made.metadata.name, { ...made, data: { a: '1' } }), 200);
      const answer = await update('configmaps', made.metadata.name, { ...made, data: { a: '2' } });
      refused(answer, 409, 'Conflict', 'the object has been modified; please apply your changes to the latest version');
    },
  },
  {
    id: 'objects/update-unconditional',
    claim: 'an update without a version is made whatever the version is',
    run: async ({ create, update, name }) => {
      const free = name();
      answered(await create('configmaps', configMap(free)), 201);
      expect(answered(await update('configmaps', free, configMap(free, { a: '1' })), 200).data).toEqual({ a: '1' });
    },
  },
  {
    id: 'objects/update-other-uid',
    claim: 'an update of another object of the name is a conflict',
    run: async ({ create, update, name }) => {
      const made = answered(await create('configmaps', configMap(name())), 201);
      const uid = '00000000-0000-4000-8000-000000000000';
      const { resourceVersion: _version, ...metadata } = made.metadata;
      const answer = await update('configmaps', made.metadata.name, { ...made, metadata: { ...metadata, uid } });
      refused(answer, 409, 'Conflict', 'Precondition failed: UID in precondition');
    },
  },
  {
    id: 'objects/update-other-name',
    claim: 'the name in the body is that of the path',
    run: async ({ create, update, name }) => {
      const made = answered(await create('configmaps', configMap(name())), 201);
      const answer = await update('configmaps', made.metadata.name, configMap('another'));
      refused(answer, 400, 'BadRequest', 'does not match the name on the URL');
    },
  },
  {
    id: 'objects/update-missing',
    claim: 'an update creates nothing',
    run: async ({ update }) => {
      refused(await update('configmaps', 'none', configMap('none')), 404, 'NotFound');
    },
  },
  {
    id: 'objects/delete',
    claim: 'a deletion answers what was deleted',
    run: async ({ create, delete: remove, get, name }) => {
      const made = answered(await create('configmaps', configMap(name())), 201);
      const status = answered(await remove('configmaps', made.metadata.name), 200);
      expect(status).toMatchObject({
        kind: 'Status',
        status: 'Success',
        details: { name: made.metadata.name, kind: 'configmaps', uid: made.metadata.uid },
      });
      expect((await get('configmaps', made.metadata.name)).code).toBe(404);
    },
  },
  {
    id: 'objects/delete-missing',
    claim: 'what is not there cannot be deleted',
    run: async ({ delete: remove }) => {
      refused(await remove('configmaps', 'none'), 404, 'NotFound');
    },
  },
  {
    id: 'objects/delete-dry-run',
    claim: 'a dry run deletes nothing',
    run: async ({ create, delete: remove, get, name }) => {
      const kept = name();
      answered(await create('configmaps', configMap(kept)), 201);
      answered(await remove('configmaps', kept, undefined, 'dryRun=All'), 200);
      expect((await get('configmaps', kept)).code).toBe(200);
    },
  },
  {
    id: 'objects/delete-uid',
    claim: 'a deletion of another uid is a conflict',
    run: async ({ create, delete: remove, name }) => {
      const kept = name();
      answered(await create('configmaps', configMap(kept)), 201);
      const preconditions = { uid: '00000000-0000-4000-8000-000000000000' };
      const answer = await remove('configmaps', kept, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions });
      refused(
        answer,
        409,
        'Conflict',
        'the UID in the precondition (00000000-0000-4000-8000-000000000000) does not match',
      );
    },
  },
  {
    id: 'objects/delete-version',
    claim: 'a deletion of an old version is a conflict',
    run: async ({ create, delete: remove, name }) => {
      const kept = name();
      answered(await create('configmaps', configMap(kept)), 201);
      const preconditions = { resourceVersion: '1' };
      const answer = await remove('configmaps', kept, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions });
      refused(answer, 409, 'Conflict', 'the ResourceVersion in the precondition (1) does not match');
    },
  },
  {
    id: 'objects/delete-policy',
    claim: 'dependents are orphaned, or deleted before or after, and nothing else',
    run: async ({ create, delete: remove, name }) => {
      const kept = name();
      answered(await create('configmaps', configMap(kept)), 201);
      refused(
        await remove('configmaps', kept, undefined, 'propagationPolicy=Later'),
        422,
        'Invalid',
        'propagationPolicy',
      );
    },
  },
  {
    id: 'objects/finalizers',
    claim: 'an object with a finalizer stays, marked, until that is gone',
    run: async ({ create, delete: remove, get, patch, name }) => {
      const held = name();
      answered(await create('configmaps', configMap(held, {}, { finalizers: ['example.com/hold'] })), 201);
      const marked = answered(await remove('configmaps', held), 200);
      expect(marked).toMatchObject({
        kind: 'ConfigMap',
        metadata: { deletionTimestamp: expect.any(String) as unknown },
      });
      answered(await patch('configmaps', held, 'merge', { metadata: { finalizers: null } }), 200);
      expect((await get('configmaps', held)).code).toBe(404);
    },
  },
  {
    id: 'objects/finalizers-late',
    claim: 'an object that is going away takes no new finalizer',
    run: async ({ create, delete: remove, patch, name }) => {
      const held = name();
      answered(await create('configmaps', configMap(held, {}, { finalizers: ['example.com/hold'] })), 201);
      answered(await remove('configmaps', held), 200);
      const body = { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } };
      refused(await patch('configmaps', held, 'merge', body), 422, 'Invalid', 'no new finalizers can be added');
      answered(await patch('configmaps', held, 'merge', { metadata: { finalizers: null } }), 200);
    },
  },
  {
    id: 'objects/delete-collection',
    claim: 'a collection is deleted by its selector',
    run: async ({ create, delete: remove, get, name }) => {
      const [gone, kept] = [name(), name()];
      answered(await create('configmaps', configMap(gone, {}, { labels: { batch: 'gone' } })), 201);
      answered(await create('configmaps', configMap(kept)), 201);
      answered(await remove('configmaps', '', undefined, 'labelSelector=batch%3Dgone'), 200);
      expect((await get('configmaps', gone)).code).toBe(404);
      expect((await get('configmaps', kept)).code).toBe(200);
    },
  },
  {
    id: 'objects/immutable-config-map',
    claim: 'an immutable ConfigMap keeps its data',
    run: async ({ create, patch, name }) => {
      const fixed = name();
      answered(await create('configmaps', { ...configMap(fixed, { a: '1' }), immutable: true }), 201);
      const answer = await patch('configmaps', fixed, 'merge', { data: { a: '2' } });
      refused(answer, 422, 'Invalid', 'field is immutable when `immutable` is set');
    },
  },
  {
    id: 'objects/string-data',
    claim: 'the stringData of a Secret becomes data',
    run: async ({ create, name }) => {
      const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: name() }, stringData: { a: 'b' } };
      const made = answered(await create('secrets', body), 201);
      expect(made).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });
      expect(made).not.toHaveProperty('stringData');
    },
  },
];

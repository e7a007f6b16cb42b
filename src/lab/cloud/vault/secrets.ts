import * as z from 'zod';
import { json } from '../rest/request.ts';
import {
  attributesSchema,
  contentTypeSchema,
  mergeAttributes,
  parseBody,
  renderAttributes,
  tagsSchema,
} from './attributes.ts';
import type { Permission } from './authorize.ts';
import { backupRoutes } from './backup-routes.ts';
import { openBackups } from './backup.ts';
import { deletedObjectRoutes } from './deleted-objects.ts';
import { listRoutes } from './list-routes.ts';
import {
  beginVersion,
  checkUnmanaged,
  findVersion,
  nowSeconds,
  permissionOn,
  type ObjectType,
  type ObjectTypeDeps,
} from './object-type.ts';
import type { SecretVersion } from './secret-version.ts';
import { objectUrl, type VaultCall, type VaultRoute } from './vault-call.ts';
import { openVaultContents } from './vault-contents.ts';
import { objectDisabled } from './vault-errors.ts';

const MAX_VALUE_BYTES = 25 * 1024;

const setSchema = z.object({
  value: z
    .string()
    .refine(
      (value) => Buffer.byteLength(value) <= MAX_VALUE_BYTES,
      `Secret value must not exceed ${MAX_VALUE_BYTES} bytes`,
    ),
  contentType: contentTypeSchema.nullish(),
  tags: tagsSchema.nullish(),
  attributes: attributesSchema.nullish(),
});

const updateSchema = setSchema.omit({ value: true });

const permission = (verb: string, dataAction: string): Permission => permissionOn('secrets', verb, dataAction);

/** The operations on secrets (Key Vault REST API, secrets). */
export function createSecretRoutes(deps: ObjectTypeDeps): readonly VaultRoute[] {
  const open = (call: VaultCall) => openVaultContents(deps, call.vault.name).secrets;
  const find = (call: VaultCall) => findVersion('secrets', open(call), call);

  const set = async (call: VaultCall) => {
    const sent = parseBody(setSchema, await call.body());
    const { name = '' } = call.params;
    const secrets = open(call);
    const version: SecretVersion = {
      ...beginVersion({ collection: 'secrets', operation: 'set' }, secrets, name, deps),
      value: sent.value,
      ...(sent.contentType == null ? {} : { contentType: sent.contentType }),
      ...(sent.tags == null ? {} : { tags: sent.tags }),
      ...mergeAttributes(sent.attributes ?? {}, {}),
    };
    secrets.put(version);
    return json(200, { value: version.value, ...renderSecret(call, version) });
  };

  const get = (call: VaultCall) => {
    const version = find(call);
    if (!version.enabled) throw objectDisabled('secrets', 'get');
    return json(200, { value: version.value, ...renderSecret(call, version) });
  };

  const update = async (call: VaultCall) => {
    const sent = parseBody(updateSchema, await call.body());
    const found = find(call);
    checkUnmanaged('secrets', 'update', found);
    const { notBefore: _nbf, expires: _exp, ...before } = found;
    const version: SecretVersion = {
      ...before,
      ...(sent.contentType == null ? {} : { contentType: sent.contentType }),
      ...(sent.tags == null ? {} : { tags: sent.tags }),
      ...mergeAttributes(sent.attributes ?? {}, found),
      updated: nowSeconds(deps.clock),
    };
    open(call).put(version);
    return json(200, renderSecret(call, version));
  };

  const type: ObjectType<SecretVersion> = {
    collection: 'secrets',
    operationPrefix: 'Secret',
    readAction: 'readMetadata/action',
    open,
    render: renderSecret,
    renderItem: (call, version, id) => {
      const { kid: _kid, ...item } = renderSecret(call, version);
      return { ...item, id };
    },
  };

  const setPermission = permission('set', 'setSecret/action');
  const getPermission = permission('get', 'getSecret/action');
  const updateRow = {
    operation: 'SecretUpdate',
    permission: permission('set', 'update/action'),
    handle: update,
  } as const;
  return [
    ...listRoutes(type),
    { method: 'PUT', path: '/secrets/:name', operation: 'SecretSet', permission: setPermission, handle: set },
    { method: 'GET', path: '/secrets/:name', operation: 'SecretGet', permission: getPermission, handle: get },
    { method: 'PATCH', path: '/secrets/:name', ...updateRow },
    { method: 'GET', path: '/secrets/:name/:version', operation: 'SecretGet', permission: getPermission, handle: get },
    { method: 'PATCH', path: '/secrets/:name/:version', ...updateRow },
    ...backupRoutes({ ...type, backups: openBackups(deps) }),
    ...deletedObjectRoutes({
      ...type,
      clock: deps.clock,
      // A disabled secret stays unreadable once it is deleted: so Azure answered in the recordings of its SDKs' tests.
      checkGet: (version) => {
        if (!version.enabled) throw objectDisabled('secrets', 'get');
      },
    }),
  ];
}

function renderSecret(call: VaultCall, version: SecretVersion): Record<string, unknown> {
  return {
    id: objectUrl(call, 'secrets', version.name, version.version),
    ...(version.contentType === undefined ? {} : { contentType: version.contentType }),
    attributes: renderAttributes(call.vault, version),
    tags: version.tags ?? {},
    ...(version.managed === true ? { managed: true, kid: objectUrl(call, 'keys', version.name, version.version) } : {}),
  };
}

import { z } from 'zod';
import type { Clock, Random } from '#base';
import type { Store } from '#lab/store';
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
import { openObjectStore, type ObjectStore, type StoredVersion } from './object-store.ts';
import { renderPage } from './paging.ts';
import { objectUrl, type VaultCall, type VaultRoute } from './vault-call.ts';
import { deletedButRecoverable, objectDisabled, objectNotFound } from './vault-errors.ts';

const MAX_VALUE_BYTES = 25 * 1024;

interface SecretVersion extends StoredVersion {
  readonly value: string;
  readonly contentType?: string;
}

/** What the routes of an object type need. */
export interface ObjectTypeDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

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

const permission = (verb: string, dataAction: string): Permission => ({
  collection: 'secrets',
  verb,
  dataAction: `secrets/${dataAction}`,
});

/** The operations on secrets (Key Vault REST API, secrets). */
export function createSecretRoutes(deps: ObjectTypeDeps): readonly VaultRoute[] {
  const nowSeconds = () => Math.floor(deps.clock.now() / 1000);
  const open = (call: VaultCall): ObjectStore<SecretVersion> =>
    openObjectStore(deps.store, deps.clock, call.vault.name, 'secrets');

  const find = (call: VaultCall): SecretVersion => {
    const { name = '', version } = call.params;
    const found = version === undefined ? open(call).latest(name) : open(call).version(name, version);
    if (found === undefined) {
      throw objectNotFound('secrets', version === undefined ? name : `${name}/${version}`);
    }
    return found;
  };

  const set = async (call: VaultCall) => {
    const sent = parseBody(setSchema, await call.body());
    const { name = '' } = call.params;
    const secrets = open(call);
    const buried = secrets.buried(name);
    if (buried !== undefined) throw deletedButRecoverable('secrets', buried.latest.name);
    const before = secrets.latest(name);
    const now = nowSeconds();
    const version: SecretVersion = {
      name: before?.name ?? name,
      version: deps.random.bytes(16).toString('hex'),
      sequence: (before?.sequence ?? 0) + 1,
      value: sent.value,
      ...(sent.contentType == null ? {} : { contentType: sent.contentType }),
      ...(sent.tags == null ? {} : { tags: sent.tags }),
      ...mergeAttributes(sent.attributes ?? {}, {}),
      created: now,
      updated: now,
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
    const { notBefore: _nbf, expires: _exp, ...before } = find(call);
    const version: SecretVersion = {
      ...before,
      ...(sent.contentType == null ? {} : { contentType: sent.contentType }),
      ...(sent.tags == null ? {} : { tags: sent.tags }),
      ...mergeAttributes(sent.attributes ?? {}, find(call)),
      updated: nowSeconds(),
    };
    open(call).put(version);
    return json(200, renderSecret(call, version));
  };

  const listVersions = (call: VaultCall) => {
    const { name = '' } = call.params;
    const versions = open(call).versions(name);
    if (versions.length === 0) throw objectNotFound('secrets', name);
    return renderPage(
      call,
      versions.map((version) => ({ key: version.version, item: renderSecret(call, version) })),
    );
  };

  const list = (call: VaultCall) =>
    renderPage(
      call,
      open(call)
        .all()
        .map((version) => ({
          key: version.name.toLowerCase(),
          item: { ...renderSecret(call, version), id: objectUrl(call, 'secrets', version.name) },
        })),
    );

  const setPermission = permission('set', 'setSecret/action');
  const getPermission = permission('get', 'getSecret/action');
  const listPermission = permission('list', 'readMetadata/action');
  const updateRow = {
    operation: 'SecretUpdate',
    permission: permission('set', 'update/action'),
    handle: update,
  } as const;
  return [
    { method: 'GET', path: '/secrets', operation: 'SecretList', permission: listPermission, handle: list },
    { method: 'PUT', path: '/secrets/:name', operation: 'SecretSet', permission: setPermission, handle: set },
    { method: 'GET', path: '/secrets/:name', operation: 'SecretGet', permission: getPermission, handle: get },
    { method: 'PATCH', path: '/secrets/:name', ...updateRow },
    {
      method: 'GET',
      path: '/secrets/:name/versions',
      operation: 'SecretListVersions',
      permission: listPermission,
      handle: listVersions,
    },
    { method: 'GET', path: '/secrets/:name/:version', operation: 'SecretGet', permission: getPermission, handle: get },
    { method: 'PATCH', path: '/secrets/:name/:version', ...updateRow },
    ...backupRoutes<SecretVersion>({
      collection: 'secrets',
      operationPrefix: 'Secret',
      permission,
      backups: openBackups(deps),
      open,
      render: renderSecret,
    }),
    ...deletedObjectRoutes<SecretVersion>({
      collection: 'secrets',
      operationPrefix: 'Secret',
      permission,
      clock: deps.clock,
      open,
      render: renderSecret,
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
  };
}

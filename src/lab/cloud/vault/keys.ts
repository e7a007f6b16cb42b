import * as z from 'zod';
import { json } from '../rest/request.ts';
import { attributesSchema, mergeAttributes, parseBody, renderAttributes, tagsSchema } from './attributes.ts';
import { backupRoutes } from './backup-routes.ts';
import { openBackups } from './backup.ts';
import type { Permission } from './authorize.ts';
import { deletedObjectRoutes } from './deleted-objects.ts';
import {
  CURVES,
  generateKeyMaterial,
  OPERATIONS,
  parsePrivateJwk,
  publicPartsOf,
  RSA_SIZES,
  rsaSizeOf,
  type Curve,
  type KeyKind,
} from './key-material.ts';
import type { KeyVersion } from './key-version.ts';
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
import { lackingRow, objectUrl, routeRow, type VaultCall, type VaultRoute } from './vault-call.ts';
import { openVaultContents } from './vault-contents.ts';
import { badParameter, hardwareNotAllowed } from './vault-errors.ts';
import type { VaultRecord } from './vault-registry.ts';

const operationsSchema = z.array(z.enum([...OPERATIONS.RSA, 'import', 'export'])).nullish();

const createSchema = z.object({
  kty: z.string().regex(/^(RSA|EC|oct)(-HSM)?$/i),
  key_size: z.int().nullish(),
  public_exponent: z.int().nullish(),
  crv: z.string().nullish(),
  key_ops: operationsSchema,
  attributes: attributesSchema.nullish(),
  tags: tagsSchema.nullish(),
});

const importSchema = z.object({
  key: z.looseObject({ kty: z.string(), key_ops: operationsSchema }),
  Hsm: z.boolean().nullish(),
  attributes: attributesSchema.nullish(),
  tags: tagsSchema.nullish(),
});

const updateSchema = z.object({
  key_ops: operationsSchema,
  attributes: attributesSchema.nullish(),
  tags: tagsSchema.nullish(),
});

const ROTATION_POLICY = '/keys/:name/rotationpolicy';

/** What needs the private part, which the lab keeps but does not use yet, with the permission of each. */
const CRYPTOGRAPHY = [
  ['encrypt', 'KeyEncrypt', 'encrypt', 'encrypt/action'],
  ['decrypt', 'KeyDecrypt', 'decrypt', 'decrypt/action'],
  ['sign', 'KeySign', 'sign', 'sign/action'],
  ['verify', 'KeyVerify', 'verify', 'verify/action'],
  ['wrapkey', 'KeyWrap', 'wrapKey', 'wrap/action'],
  ['unwrapkey', 'KeyUnwrap', 'unwrapKey', 'unwrap/action'],
  ['release', 'KeyRelease', 'release', 'release/action'],
] as const;

const on = (verb: string, dataAction: string): Permission => permissionOn('keys', verb, dataAction);
const onPolicy = (verb: string, dataAction: string): Permission => ({
  collection: 'keys',
  verb,
  dataAction: `keyrotationpolicies/${dataAction}`,
});

/** The operations on keys (Key Vault REST API, keys), without cryptography. Only public parts leave the vault. */
export function createKeyRoutes(deps: ObjectTypeDeps): readonly VaultRoute[] {
  const open = (call: VaultCall) => openVaultContents(deps, call.vault.name).keys;
  const find = (call: VaultCall) => findVersion('keys', open(call), call);
  const begin = (call: VaultCall, operation: string) =>
    beginVersion({ collection: 'keys', operation }, open(call), call.params['name'] ?? '', deps);

  const put = (call: VaultCall, version: KeyVersion) => {
    open(call).put(version);
    return json(200, renderKey(call, version));
  };

  const create = async (call: VaultCall) => {
    const sent = parseBody(createSchema, await call.body());
    const { kind, hsm } = parseKind(sent, call.vault);
    const operations = parseOperations(kind.kty, sent.key_ops);
    begin(call, 'create');
    const material = await generateKeyMaterial(kind);
    return put(call, {
      // Only now: another version may have come while the key was made.
      ...begin(call, 'create'),
      material,
      hsm,
      operations,
      ...(sent.tags == null ? {} : { tags: sent.tags }),
      ...mergeAttributes(sent.attributes ?? {}, {}),
    });
  };

  const importKey = async (call: VaultCall) => {
    const sent = parseBody(importSchema, await call.body());
    const hsm = sent.Hsm === true || /-HSM$/i.test(sent.key.kty);
    checkHardware(hsm, call.vault);
    const material = await parsePrivateJwk(sent.key);
    return put(call, {
      ...begin(call, 'import'),
      material,
      hsm,
      operations: parseOperations(material.kty, sent.key.key_ops),
      ...(sent.tags == null ? {} : { tags: sent.tags }),
      ...mergeAttributes(sent.attributes ?? {}, {}),
    });
  };

  const rotate = async (call: VaultCall) => {
    const { material: old, hsm, operations, enabled, tags } = find(call);
    checkUnmanaged('keys', 'rotate', find(call));
    const material = await generateKeyMaterial(
      old.kty === 'EC' ? { kty: 'EC', curve: old.crv } : { kty: 'RSA', size: rsaSizeOf(old) ?? 0 },
    );
    return put(call, {
      ...begin(call, 'rotate'),
      material,
      hsm,
      operations,
      enabled,
      ...(tags === undefined ? {} : { tags }),
    });
  };

  const update = async (call: VaultCall) => {
    const sent = parseBody(updateSchema, await call.body());
    const found = find(call);
    checkUnmanaged('keys', 'update', found);
    const { notBefore: _nbf, expires: _exp, ...before } = found;
    return put(call, {
      ...before,
      ...(sent.key_ops == null ? {} : { operations: parseOperations(before.material.kty, sent.key_ops) }),
      ...(sent.tags == null ? {} : { tags: sent.tags }),
      ...mergeAttributes(sent.attributes ?? {}, found),
      updated: nowSeconds(deps.clock),
    });
  };

  const get = (call: VaultCall) => json(200, renderKey(call, find(call)));

  // The policy of a key that was never given one; Terraform reads it with every key.
  const getRotationPolicy = (call: VaultCall) => {
    const { name, created, updated } = find(call);
    return json(200, {
      id: objectUrl(call, 'keys', name, 'rotationpolicy'),
      lifetimeActions: [{ trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'Notify' } }],
      attributes: { created, updated },
    });
  };

  const type: ObjectType<KeyVersion> = {
    collection: 'keys',
    operationPrefix: 'Key',
    readAction: 'read',
    open,
    render: renderKey,
    renderItem: (call, version, id) => ({ kid: id, ...renderMetadata(call, version) }),
  };
  return [
    ...listRoutes(type),
    routeRow('POST', '/keys/:name/create', 'KeyCreate', on('create', 'create/action'), create),
    routeRow('POST', '/keys/:name/rotate', 'KeyRotate', on('rotate', 'rotate/action'), rotate),
    routeRow('PUT', '/keys/:name', 'KeyImport', on('import', 'import/action'), importKey),
    routeRow('PATCH', '/keys/:name', 'KeyUpdate', on('update', 'update/action'), update),
    routeRow('GET', ROTATION_POLICY, 'KeyRotationPolicyGet', onPolicy('getrotationpolicy', 'read'), getRotationPolicy),
    lackingRow('PUT', ROTATION_POLICY, 'KeyRotationPolicySet', onPolicy('setrotationpolicy', 'write')),
    routeRow('GET', '/keys/:name', 'KeyGet', on('get', 'read'), get),
    routeRow('GET', '/keys/:name/:version', 'KeyGet', on('get', 'read'), get),
    routeRow('PATCH', '/keys/:name/:version', 'KeyUpdate', on('update', 'update/action'), update),
    ...CRYPTOGRAPHY.flatMap(([path, operation, verb, dataAction]) =>
      // SDKs leave the version empty for the latest one.
      [`/keys/:name/${path}`, `/keys/:name/:version/${path}`].map((pattern) =>
        lackingRow('POST', pattern, operation, on(verb, dataAction)),
      ),
    ),
    ...backupRoutes({ ...type, backups: openBackups(deps) }),
    ...deletedObjectRoutes({ ...type, clock: deps.clock }),
  ];
}

interface SentKind {
  readonly kty: string;
  readonly key_size?: number | null | undefined;
  readonly public_exponent?: number | null | undefined;
  readonly crv?: string | null | undefined;
}

function parseKind(
  { kty, key_size, public_exponent, crv }: SentKind,
  vault: VaultRecord,
): { kind: KeyKind; hsm: boolean } {
  const [type = '', inHardware] = kty.toUpperCase().split('-');
  const hsm = inHardware !== undefined;
  // Symmetric keys are those of a Managed HSM, which is another service.
  if (type === 'OCT') throw badParameter(`Property has invalid value\r\nParameter name: kty`);
  checkHardware(hsm, vault);
  return {
    hsm,
    kind:
      type === 'EC'
        ? { kty: 'EC', curve: parseCurve(crv ?? 'P-256') }
        : {
            kty: 'RSA',
            size: parseRsaSize(key_size ?? RSA_SIZES[0]),
            ...(public_exponent == null ? {} : { publicExponent: parseExponent(public_exponent) }),
          },
  };
}

function parseRsaSize(size: number): number {
  if (!RSA_SIZES.some((known) => known === size))
    throw badParameter('Property has invalid value\r\nParameter name: key_size');
  return size;
}

function parseCurve(name: string): Curve {
  const found = Object.keys(CURVES).find((curve) => curve.toLowerCase() === name.toLowerCase());
  if (found === undefined) throw badParameter('Property has invalid value\r\nParameter name: crv');
  return found as Curve;
}

function parseExponent(exponent: number): number {
  if (exponent < 3 || exponent > 0xffff_ffff || exponent % 2 === 0) {
    throw badParameter('Property has invalid value\r\nParameter name: public_exponent');
  }
  return exponent;
}

function parseOperations(kty: 'RSA' | 'EC', sent: readonly string[] | null | undefined): readonly string[] {
  if (sent == null) return OPERATIONS[kty];
  const allowed: readonly string[] = [...OPERATIONS[kty], 'import', 'export'];
  if (!sent.every((operation) => allowed.includes(operation))) {
    throw badParameter('Property has invalid value\r\nParameter name: key_ops');
  }
  return [...new Set(sent)];
}

function checkHardware(hsm: boolean, vault: VaultRecord): void {
  if (hsm && vault.sku !== 'premium') throw hardwareNotAllowed();
}

function renderKey(call: VaultCall, version: KeyVersion): Record<string, unknown> {
  const { material, hsm, operations, name } = version;
  return {
    key: {
      kid: objectUrl(call, 'keys', name, version.version),
      kty: hsm ? `${material.kty}-HSM` : material.kty,
      key_ops: operations,
      ...publicPartsOf(material),
    },
    ...renderMetadata(call, version),
  };
}

function renderMetadata(call: VaultCall, version: KeyVersion): Record<string, unknown> {
  return {
    attributes: {
      ...renderAttributes(call.vault, version),
      exportable: version.exportable === true,
      hsmPlatform: version.hsm ? '2' : '0',
    },
    tags: version.tags ?? {},
    ...(version.managed === true ? { managed: true } : {}),
  };
}

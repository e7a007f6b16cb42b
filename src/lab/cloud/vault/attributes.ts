import * as z from 'zod';
import type { StoredVersion } from './object-store.ts';
import { badParameter } from './vault-errors.ts';
import type { VaultRecord } from './vault-registry.ts';

const DEFAULT_RETENTION_DAYS = 90;
const MAX_TAGS = 15;
const MAX_TAG_LENGTH = 512;
const MAX_CONTENT_TYPE_LENGTH = 255;

const unixSeconds = z.int().nonnegative();

/** The writable attributes on the wire. */
export const attributesSchema = z.object({
  enabled: z.boolean().nullish(),
  nbf: unixSeconds.nullish(),
  exp: unixSeconds.nullish(),
});

/** Tags on the wire, with their limits (Key Vault REST API; service limits). */
export const tagsSchema = z
  .record(z.string().max(MAX_TAG_LENGTH), z.string().max(MAX_TAG_LENGTH))
  .refine((tags) => Object.keys(tags).length <= MAX_TAGS, `A maximum of ${MAX_TAGS} tags can be specified.`);

/** A content type on the wire. */
export const contentTypeSchema = z.string().max(MAX_CONTENT_TYPE_LENGTH);

/**
 * Reads a body, or the part of one below `below`, by its schema. Throws 400 BadParameter that names the first property that
 * does not fit, never its value.
 */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown, below?: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = [...(below === undefined ? [] : [below]), ...(issue?.path ?? [])].join('.');
  throw badParameter(
    issue?.code === 'custom' ? issue.message : `Property has invalid value\r\nParameter name: ${path}`,
  );
}

/** The attributes that `sent` makes of what a version had. Null takes a date away. */
export function mergeAttributes(
  sent: z.infer<typeof attributesSchema>,
  before: Partial<Pick<StoredVersion, 'enabled' | 'notBefore' | 'expires'>>,
): Pick<StoredVersion, 'enabled' | 'notBefore' | 'expires'> {
  const notBefore = sent.nbf === undefined ? before.notBefore : (sent.nbf ?? undefined);
  const expires = sent.exp === undefined ? before.expires : (sent.exp ?? undefined);
  return {
    enabled: sent.enabled ?? before.enabled ?? true,
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(expires === undefined ? {} : { expires }),
  };
}

/** A version's attributes on the wire. */
export function renderAttributes(vault: VaultRecord, version: StoredVersion): Record<string, unknown> {
  return {
    enabled: version.enabled,
    ...(version.notBefore === undefined ? {} : { nbf: version.notBefore }),
    ...(version.expires === undefined ? {} : { exp: version.expires }),
    created: version.created,
    updated: version.updated,
    recoveryLevel: recoveryLevel(vault),
    recoverableDays: vault.softDeleteRetentionDays,
  };
}

// Key Vault REST API, DeletionRecoveryLevel.
function recoveryLevel(vault: VaultRecord): string {
  const base = vault.softDeleteRetentionDays < DEFAULT_RETENTION_DAYS ? 'CustomizedRecoverable' : 'Recoverable';
  return vault.purgeProtection ? base : `${base}+Purgeable`;
}

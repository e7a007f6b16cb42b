import * as z from 'zod';
import { badParameter } from './vault-errors.ts';
import { CURVES, RSA_SIZES, type Curve, type KeyKind } from './key-material.ts';
import { KEY_USAGES, type CertificateSubject, type KeyUsage } from './x509-writer.ts';

/** The forms in which a certificate's secret can be had. */
export const CONTENT_TYPES = ['application/x-pkcs12', 'application/x-pem-file'] as const;

/** The form of a certificate's secret. */
export type ContentType = (typeof CONTENT_TYPES)[number];

const texts = z.array(z.string()).nullish();
const keyUsageNames = Object.keys(KEY_USAGES) as [KeyUsage, ...KeyUsage[]];

/** A policy as clients send it (Key Vault REST API, CertificatePolicy); every part may be left out. */
export const policySchema = z.object({
  key_props: z
    .object({
      exportable: z.boolean().nullish(),
      kty: z.enum(['RSA', 'RSA-HSM', 'EC', 'EC-HSM']).nullish(),
      key_size: z.int().nullish(),
      reuse_key: z.boolean().nullish(),
      crv: z.enum(Object.keys(CURVES) as [Curve, ...Curve[]]).nullish(),
    })
    .nullish(),
  secret_props: z.object({ contentType: z.enum(CONTENT_TYPES).nullish() }).nullish(),
  x509_props: z
    .object({
      subject: z.string().nullish(),
      sans: z.object({ emails: texts, dns_names: texts, upns: texts, uris: texts, ip_addresses: texts }).nullish(),
      ekus: z.array(z.string().regex(/^[0-2](\.\d{1,9})+$/)).nullish(),
      key_usage: z.array(z.enum(keyUsageNames)).nullish(),
      validity_months: z.int().min(1).max(1200).nullish(),
      basic_constraints: z.object({ ca: z.boolean().nullish() }).nullish(),
    })
    .nullish(),
  lifetime_actions: z
    .array(
      z.object({
        trigger: z
          .object({
            lifetime_percentage: z.int().min(1).max(99).nullish(),
            days_before_expiry: z.int().positive().nullish(),
          })
          .nullish(),
        action: z.object({ action_type: z.enum(['AutoRenew', 'EmailContacts']).nullish() }).nullish(),
      }),
    )
    .nullish(),
  issuer: z
    .object({ name: z.string().nullish(), cty: z.string().nullish(), cert_transparency: z.boolean().nullish() })
    .nullish(),
});

/** A policy as a client sent it. */
export type SentPolicy = z.infer<typeof policySchema>;

/** A whole policy, in the form in which it is kept and shown. */
export interface CertificatePolicy {
  readonly key_props: {
    readonly exportable: boolean;
    readonly kty: 'RSA' | 'RSA-HSM' | 'EC' | 'EC-HSM';
    readonly key_size?: number;
    readonly reuse_key: boolean;
    readonly crv?: Curve;
  };
  readonly secret_props: { readonly contentType: ContentType };
  readonly x509_props: {
    readonly subject: string;
    readonly sans?: {
      readonly emails?: readonly string[];
      readonly dns_names?: readonly string[];
      readonly upns?: readonly string[];
      readonly uris?: readonly string[];
      readonly ip_addresses?: readonly string[];
    };
    readonly ekus: readonly string[];
    readonly key_usage: readonly KeyUsage[];
    readonly validity_months: number;
    readonly basic_constraints: { readonly ca: boolean };
  };
  readonly lifetime_actions: readonly LifetimeAction[];
  readonly issuer: { readonly name: string; readonly cty?: string; readonly cert_transparency?: boolean };
}

interface LifetimeAction {
  readonly trigger: { readonly lifetime_percentage?: number; readonly days_before_expiry?: number };
  readonly action: { readonly action_type: string };
}

/** What Key Vault fills in where a policy is silent, as recorded with an SDK: usages for a web server and its clients. */
const DEFAULT_EKUS = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
const DEFAULT_KEY_USAGE: readonly KeyUsage[] = ['digitalSignature', 'keyEncipherment'];

/** The issuer that signs with the certificate's own key. */
export const SELF_ISSUER = 'Self';
/** The issuer that is none of the vault's: its certificate is merged by whoever had it signed. */
export const UNKNOWN_ISSUER = 'Unknown';

/**
 * A whole policy: what was sent, for the rest what the policy was `before`, and for the rest Key Vault's defaults. Throws 400
 * for a policy that no certificate can be made by.
 */
export function completePolicy(sent: SentPolicy, before?: CertificatePolicy): CertificatePolicy {
  const keyProps = completeKeyProps({ ...before?.key_props, ...withoutNulls(sent.key_props) });
  const x509Props = { ...before?.x509_props, ...withoutNulls(sent.x509_props) };
  const sans = withoutNulls(x509Props.sans) as CertificatePolicy['x509_props']['sans'];
  const hasNames = Object.values(sans ?? {}).some((names) => names.length > 0);
  const subject = x509Props.subject ?? '';
  if (subject === '' && !hasNames) throw invalidPolicy('x509_props.subject');
  const issuer = { ...before?.issuer, ...withoutNulls(sent.issuer) };
  const issuerName = issuer.name ?? UNKNOWN_ISSUER;
  return {
    key_props: keyProps,
    secret_props: {
      contentType: sent.secret_props?.contentType ?? before?.secret_props.contentType ?? CONTENT_TYPES[0],
    },
    x509_props: {
      subject,
      ...(hasNames && sans !== undefined ? { sans } : {}),
      ekus: x509Props.ekus ?? DEFAULT_EKUS,
      key_usage: x509Props.key_usage ?? DEFAULT_KEY_USAGE,
      validity_months: x509Props.validity_months ?? 12,
      basic_constraints: { ca: x509Props.basic_constraints?.ca ?? false },
    },
    lifetime_actions: sent.lifetime_actions?.map(parseLifetimeAction) ??
      before?.lifetime_actions ?? [
        {
          trigger: { lifetime_percentage: 80 },
          action: { action_type: issuerName === SELF_ISSUER ? 'AutoRenew' : 'EmailContacts' },
        },
      ],
    issuer: { ...issuer, name: issuerName },
  };
}

/** The key that a policy asks for, and whether it is to be in hardware. */
export function keyKindOf({ key_props: { kty, key_size, crv } }: CertificatePolicy): { kind: KeyKind; hsm: boolean } {
  const kind: KeyKind = kty.startsWith('EC')
    ? { kty: 'EC', curve: crv ?? 'P-256' }
    : { kty: 'RSA', size: key_size ?? RSA_SIZES[0] };
  return { kind, hsm: kty.endsWith('-HSM') };
}

/** What a policy says of the certificate itself. */
export function certificateSubjectOf({ x509_props: props }: CertificatePolicy): CertificateSubject {
  const { dns_names = [], emails = [], upns = [], uris = [], ip_addresses = [] } = props.sans ?? {};
  const named = (type: CertificateSubject['alternativeNames'][number]['type'], values: readonly string[]) =>
    values.map((value) => ({ type, value }));
  return {
    subject: props.subject,
    alternativeNames: [
      ...named('dns', dns_names),
      ...named('email', emails),
      ...named('upn', upns),
      ...named('url', uris),
      ...named('ip', ip_addresses),
    ],
    keyUsage: props.key_usage,
    ekus: props.ekus,
    ca: props.basic_constraints.ca,
  };
}

/** What the key of a certificate may do, by the certificate's key usages (Key Vault documentation, "About certificates"). */
const OPERATIONS_OF_USAGE: Readonly<Partial<Record<KeyUsage, readonly string[]>>> = {
  digitalSignature: ['sign', 'verify'],
  nonRepudiation: ['sign', 'verify'],
  keyCertSign: ['sign', 'verify'],
  cRLSign: ['sign', 'verify'],
  keyEncipherment: ['wrapKey', 'unwrapKey'],
  dataEncipherment: ['encrypt', 'decrypt'],
  encipherOnly: ['encrypt'],
  decipherOnly: ['decrypt'],
};

/** The operations of a certificate's key; those of `allowed` that its usages ask for, all of them where there is no usage. */
export function operationsOf(keyUsage: readonly KeyUsage[], allowed: readonly string[]): readonly string[] {
  if (keyUsage.length === 0) return allowed;
  const asked = new Set(keyUsage.flatMap((usage) => OPERATIONS_OF_USAGE[usage] ?? []));
  return allowed.filter((operation) => asked.has(operation));
}

function completeKeyProps(sent: Partial<CertificatePolicy['key_props']>): CertificatePolicy['key_props'] {
  const kty = sent.kty ?? (sent.crv === undefined ? 'RSA' : 'EC');
  const exportable = sent.exportable ?? !kty.endsWith('-HSM');
  if (exportable && kty.endsWith('-HSM')) throw invalidPolicy('key_props.exportable');
  const common = { exportable, kty, reuse_key: sent.reuse_key ?? false };
  if (kty.startsWith('EC')) {
    const crv = sent.crv ?? 'P-256';
    return { ...common, key_size: EC_KEY_SIZES[crv], crv };
  }
  const size = sent.key_size ?? RSA_SIZES[0];
  if (!RSA_SIZES.some((known) => known === size)) throw invalidPolicy('key_props.key_size');
  return { ...common, key_size: size };
}

const EC_KEY_SIZES: Readonly<Record<Curve, number>> = { 'P-256': 256, 'P-256K': 256, 'P-384': 384, 'P-521': 521 };

function parseLifetimeAction(sent: NonNullable<SentPolicy['lifetime_actions']>[number]): LifetimeAction {
  return {
    trigger: withoutNulls(sent.trigger),
    action: { action_type: sent.action?.action_type ?? 'EmailContacts' },
  };
}

type WithoutNulls<T> = { [K in keyof T]?: Exclude<T[K], null | undefined> };

function withoutNulls<T extends object>(sent: T | null | undefined): WithoutNulls<T> {
  return Object.fromEntries(Object.entries(sent ?? {}).filter(([, value]) => value != null)) as WithoutNulls<T>;
}

function invalidPolicy(path: string): Error {
  return badParameter(`Property has invalid value\r\nParameter name: policy.${path}`);
}

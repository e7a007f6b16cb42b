import { AzError } from '../errors.ts';
import { at, isObject, objectsAt, parseJson, type Json, type JsonObject } from '../json.ts';

/** What `get-default-policy` prints: a policy for the vault's own signature. */
export const DEFAULT_POLICY: JsonObject = {
  issuerParameters: { certificateTransparency: null, name: 'Self' },
  keyProperties: { curve: null, exportable: true, keySize: 2048, keyType: 'RSA', reuseKey: true },
  lifetimeActions: [{ action: { actionType: 'AutoRenew' }, trigger: { daysBeforeExpiry: 90 } }],
  secretProperties: { contentType: 'application/x-pkcs12' },
  x509CertificateProperties: {
    keyUsage: ['cRLSign', 'dataEncipherment', 'digitalSignature', 'keyEncipherment', 'keyAgreement', 'keyCertSign'],
    subject: 'CN=CLIGetDefaultPolicy',
    validityInMonths: 12,
  },
};

/** What `get-default-policy --scaffold` prints: every field, to be filled in. */
export const SCAFFOLD_POLICY: JsonObject = {
  issuerParameters: {
    certificateTransparency: null,
    certificateType: '(optional) DigiCert, GlobalSign or WoSign',
    name: 'Unknown, Self, or {IssuerName}',
  },
  keyProperties: {
    curve: null,
    exportable: true,
    keySize: 2048,
    keyType: '(optional) RSA or RSA-HSM (default RSA)',
    reuseKey: true,
  },
  lifetimeActions: [
    { action: { actionType: 'AutoRenew' }, trigger: { daysBeforeExpiry: 90, lifetimePercentage: null } },
  ],
  secretProperties: { contentType: 'application/x-pkcs12 or application/x-pem-file' },
  x509CertificateProperties: {
    ekus: ['1.3.6.1.5.5.7.3.1'],
    keyUsage: ['cRLSign', 'dataEncipherment', 'digitalSignature', 'keyEncipherment', 'keyAgreement', 'keyCertSign'],
    subject: 'C=US, ST=WA, L=Redmond, O=Contoso, OU=Contoso HR, CN=www.contoso.com',
    subjectAlternativeNames: { dnsNames: ['hr.contoso.com', 'm.contoso.com'], emails: ['hello@contoso.com'], upns: [] },
    validityInMonths: 24,
  },
};

/** The fields of a policy: where az's JSON has them, in snake case, and where Key Vault's has them. */
const FIELDS = [
  ['key_properties.exportable', 'key_props.exportable'],
  ['key_properties.key_type', 'key_props.kty'],
  ['key_properties.key_size', 'key_props.key_size'],
  ['key_properties.reuse_key', 'key_props.reuse_key'],
  ['key_properties.curve', 'key_props.crv'],
  ['secret_properties.content_type', 'secret_props.contentType'],
  ['x509_certificate_properties.subject', 'x509_props.subject'],
  ['x509_certificate_properties.ekus', 'x509_props.ekus'],
  ['x509_certificate_properties.key_usage', 'x509_props.key_usage'],
  ['x509_certificate_properties.validity_in_months', 'x509_props.validity_months'],
  ['x509_certificate_properties.subject_alternative_names.emails', 'x509_props.sans.emails'],
  ['x509_certificate_properties.subject_alternative_names.upns', 'x509_props.sans.upns'],
  ['x509_certificate_properties.subject_alternative_names.dns_names', 'x509_props.sans.dns_names'],
  ['issuer_parameters.name', 'issuer.name'],
  ['issuer_parameters.certificate_type', 'issuer.cty'],
  ['issuer_parameters.certificate_transparency', 'issuer.cert_transparency'],
] as const;

/** Reads `--policy`, whose keys may be in camel case or in snake case, as Key Vault is sent it. Throws az's own error. */
export function policyOf(text: string): JsonObject {
  const parsed = parseJson(text);
  if (parsed === undefined) throw new AzError('error', `Failed to parse string as JSON:\n${text}`);
  if (!isObject(parsed)) {
    throw new AzError(
      'error',
      'incorrect usage: policy should be a JSON encoded string or can use @{file} to load from a file(e.g.@my_policy.json).',
    );
  }
  const given = snakeKeys(parsed) as JsonObject;
  const actions = objectsAt(given, 'lifetime_actions').map(({ action, trigger }) => ({ action, trigger }));
  const wire = FIELDS.reduce<JsonObject>((policy, [from, to]) => {
    const value = at(given, from);
    return value === undefined || value === null ? policy : withValue(policy, to.split('.'), value);
  }, {});
  // az sends the alternative names with every other property of the certificate, and so takes away those that were there.
  const { x509_props: x509 } = wire;
  const whole = isObject(x509) ? { ...wire, x509_props: { sans: {}, ...x509 } } : wire;
  return actions.length === 0 ? whole : { ...whole, lifetime_actions: actions };
}

/** The same policy with a value at a path of Key Vault's. */
export function withValue(policy: JsonObject, [key = '', ...rest]: readonly string[], value: Json): JsonObject {
  const inner = policy[key];
  return { ...policy, [key]: rest.length === 0 ? value : withValue(isObject(inner) ? inner : {}, rest, value) };
}

function snakeKeys(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item: Json) => snakeKeys(item) ?? null);
  if (!isObject(value)) return value;
  const snake = (key: string) =>
    key
      .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .toLowerCase();
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snake(key), snakeKeys(inner)]));
}

import { at, isObject, objectsAt, textAt, type Json, type JsonObject } from '../json.ts';
import { shapeAttributes } from '../shape.ts';

/** A certificate as az prints it. */
export function shapeCertificate(bundle: JsonObject): JsonObject {
  const { subject: _subject, ...shaped } = shapeListedCertificate(bundle);
  const policy = bundle['policy'];
  return {
    ...shaped,
    cer: bundle['cer'] ?? null,
    contentType: bundle['contentType'] ?? null,
    kid: bundle['kid'] ?? null,
    policy: isObject(policy) ? shapePolicy(policy) : null,
    sid: bundle['sid'] ?? null,
  };
}

/** A certificate of a list. az has a column for the subject, and nothing in it. */
export function shapeListedCertificate(item: JsonObject): JsonObject {
  const id = textAt(item, 'id') ?? '';
  const thumbprint = textAt(item, 'x5t');
  const bytes = thumbprint === undefined ? undefined : Buffer.from(thumbprint, 'base64url');
  return {
    attributes: shapeAttributes(item),
    id,
    name: id.split('/')[4] ?? null,
    subject: '',
    tags: item['tags'] ?? null,
    x509Thumbprint: bytes?.toString('base64') ?? null,
    x509ThumbprintHex: bytes?.toString('hex').toUpperCase() ?? null,
  };
}

/** A deleted certificate of a list. */
export function shapeListedDeletedCertificate(item: JsonObject): JsonObject {
  const { subject: _subject, ...shaped } = shapeListedCertificate(item);
  return shaped;
}

/** The request for a certificate. */
export function shapeOperation(operation: JsonObject): JsonObject {
  const id = textAt(operation, 'id') ?? '';
  return {
    cancellationRequested: operation['cancellation_requested'] ?? null,
    csr: operation['csr'] ?? null,
    error: operation['error'] ?? null,
    id,
    issuerParameters: issuerOf(operation),
    name: id.split('/')[4] ?? null,
    requestId: operation['request_id'] ?? null,
    status: operation['status'] ?? null,
    statusDetails: operation['status_details'] ?? null,
    target: operation['target'] ?? null,
  };
}

function shapePolicy(policy: JsonObject): JsonObject {
  const value = (path: string): Json => at(policy, path) ?? null;
  return {
    attributes: shapeAttributes(policy),
    id: value('id'),
    issuerParameters: issuerOf(policy),
    keyProperties: {
      // az asks its SDK for a field that it does not have.
      curve: null,
      exportable: value('key_props.exportable'),
      keySize: value('key_props.key_size'),
      keyType: value('key_props.kty'),
      reuseKey: value('key_props.reuse_key'),
    },
    lifetimeActions: objectsAt(policy, 'lifetime_actions').map((action) => ({
      action: { actionType: at(action, 'action.action_type') ?? null },
      trigger: {
        daysBeforeExpiry: at(action, 'trigger.days_before_expiry') ?? null,
        lifetimePercentage: at(action, 'trigger.lifetime_percentage') ?? null,
      },
    })),
    secretProperties: { contentType: value('secret_props.contentType') },
    x509CertificateProperties: {
      ekus: value('x509_props.ekus'),
      keyUsage: filled(value('x509_props.key_usage')),
      subject: value('x509_props.subject'),
      subjectAlternativeNames: {
        dnsNames: value('x509_props.sans.dns_names'),
        emails: value('x509_props.sans.emails'),
        upns: value('x509_props.sans.upns'),
      },
      validityInMonths: value('x509_props.validity_months'),
    },
  };
}

/** To az's SDK an empty list of key usages is none. */
function filled(list: Json): Json {
  return Array.isArray(list) && list.length === 0 ? null : list;
}

function issuerOf(item: JsonObject): JsonObject {
  return {
    certificateTransparency: at(item, 'issuer.cert_transparency') ?? null,
    certificateType: at(item, 'issuer.cty') ?? null,
    name: at(item, 'issuer.name') ?? null,
  };
}

import * as z from 'zod';
import { json } from '../rest/request.ts';
import { attributesSchema, parseBody, tagsSchema } from './attributes.ts';
import { issuedOf } from './certificate-content.ts';
import { renderOperation, type CertificateOperation } from './certificate-operation.ts';
import {
  certificateSubjectOf,
  completePolicy,
  keyKindOf,
  policySchema,
  SELF_ISSUER,
  UNKNOWN_ISSUER,
  type CertificatePolicy,
} from './certificate-policy.ts';
import {
  describeCertificate,
  renderCertificate,
  type CertificateVersion,
  type IssuedCertificate,
} from './certificate-version.ts';
import { generateKeyMaterial, privateKeyOf, type KeyMaterial } from './key-material.ts';
import { beginVersion, nowSeconds, permissionOn, type ObjectTypeDeps } from './object-type.ts';
import { objectUrl, routeRow, type VaultCall, type VaultRoute } from './vault-call.ts';
import { openVaultContents, type VaultContents } from './vault-contents.ts';
import {
  badParameter,
  certificateIssuerNotFound,
  hardwareNotAllowed,
  nameTaken,
  pendingCertificateNotFound,
  requestInProgress,
} from './vault-errors.ts';
import { writeSelfSigned, writeSigningRequest } from './x509-writer.ts';

/** Certificates are valid a little before they were made: as recorded with an SDK. */
const BACKDATE_SECONDS = 600;
const RETRY_AFTER_SECONDS = '10';

const createSchema = z.object({
  policy: policySchema.nullish(),
  attributes: attributesSchema.nullish(),
  tags: tagsSchema.nullish(),
  preserveCertOrder: z.boolean().nullish(),
});

const mergeSchema = z.object({
  x5c: z.array(z.string()).min(1),
  attributes: attributesSchema.nullish(),
  tags: tagsSchema.nullish(),
});

const cancelSchema = z.object({ cancellation_requested: z.boolean() });

/** What a new version of a certificate is made with. */
interface NewVersion {
  readonly issued: IssuedCertificate;
  readonly policy: CertificatePolicy;
  readonly enabled: boolean;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Its id where it was promised one before. */
  readonly version?: string;
}

/**
 * Stores a version of a certificate, and answers it. Throws 409 when the name is that of a deleted certificate, or of a key or
 * secret that stands alone.
 */
export function putCertificate(
  deps: ObjectTypeDeps,
  call: VaultCall,
  operation: string,
  { issued, policy, enabled, tags, version: promised }: NewVersion,
): CertificateVersion {
  const contents = openVaultContents(deps, call.vault.name);
  const base = beginCertificate(deps, contents, call, operation);
  const before = contents.certificates.latest(base.name);
  const version: CertificateVersion = {
    ...base,
    version: promised ?? base.version,
    ...describeCertificate(issued, policy, deps.random),
    policyTimes: { created: before?.policyTimes.created ?? base.created, updated: base.updated },
    enabled,
    ...(tags == null ? {} : { tags }),
  };
  contents.certificates.put(version);
  return version;
}

/** The operations that make certificates: requests, which are issued at once by the vault itself or wait for a merge. */
export function certificateRequestRoutes(deps: ObjectTypeDeps): readonly VaultRoute[] {
  const contentsOf = (call: VaultCall) => openVaultContents(deps, call.vault.name);

  const find = (call: VaultCall): CertificateOperation => {
    const { name = '' } = call.params;
    const { operations, certificates } = contentsOf(call);
    const found = certificates.buried(name) === undefined ? operations.latest(name) : undefined;
    if (found === undefined) throw pendingCertificateNotFound(name);
    return found;
  };

  const create = async (call: VaultCall) => {
    const sent = parseBody(createSchema, await call.body());
    const { name = '' } = call.params;
    const contents = contentsOf(call);
    const before = contents.certificates.latest(name);
    const policy = completePolicy(sent.policy ?? {}, before?.policy);
    const { kind, hsm } = keyKindOf(policy);
    if (hsm && call.vault.sku !== 'premium') throw hardwareNotAllowed();
    if (contents.operations.latest(name)?.status === 'inProgress') throw requestInProgress(name);
    beginCertificate(deps, contents, call, 'create');
    const issuer = issuerOf(policy);

    const reused = policy.key_props.reuse_key && before?.material.kty === kind.kty ? before.material : undefined;
    const material = reused ?? (await generateKeyMaterial(kind));
    const csr = await signingRequest(material, policy);
    const keepOrder = sent.preserveCertOrder === true;
    const enabled = sent.attributes?.enabled ?? true;
    const tags = sent.tags ?? undefined;
    const issuedHere = issuer === SELF_ISSUER;
    const started = issuedHere
      ? putCertificate(deps, call, 'create', {
          issued: await selfSigned(deps, material, policy),
          policy,
          enabled,
          tags,
        })
      : beginCertificate(deps, contents, call, 'create');
    const operation: CertificateOperation = {
      name: started.name,
      version: PENDING,
      sequence: 1,
      created: started.created,
      updated: started.updated,
      enabled,
      ...(tags === undefined ? {} : { tags }),
      requestId: deps.random.bytes(16).toString('hex'),
      status: issuedHere ? 'completed' : 'inProgress',
      cancellationRequested: false,
      issuer: policy.issuer,
      csr: csr.toString('base64'),
      ...(issuedHere ? {} : { waiting: { version: started.version, material, policy, keepOrder } }),
    };
    contents.operations.put(operation);
    // It is done, but told as Azure tells it: a client is to ask again.
    return json(202, renderOperation(call, { ...operation, status: 'inProgress' }), {
      location: `${objectUrl(call, 'certificates', operation.name, 'pending')}?api-version=${call.apiVersion}&request_id=${operation.requestId}`,
      'retry-after': RETRY_AFTER_SECONDS,
    });
  };

  const get = (call: VaultCall) => json(200, renderOperation(call, find(call)));

  const cancel = async (call: VaultCall) => {
    const { cancellation_requested } = parseBody(cancelSchema, await call.body());
    const operation = { ...find(call), cancellationRequested: cancellation_requested };
    contentsOf(call).operations.put(operation);
    return json(200, renderOperation(call, operation));
  };

  const forget = (call: VaultCall) => {
    const operation = find(call);
    contentsOf(call).operations.purge(operation.name);
    return json(200, renderOperation(call, operation));
  };

  const merge = async (call: VaultCall) => {
    const sent = parseBody(mergeSchema, await call.body());
    const operation = find(call);
    const { waiting } = operation;
    if (waiting === undefined) throw pendingCertificateNotFound(operation.name);
    const certificates = sent.x5c.map((certificate) => Buffer.from(certificate, 'base64'));
    const issued = parseMerged(waiting.material, certificates, waiting.keepOrder);
    const version = putCertificate(deps, call, 'merge', {
      issued,
      version: waiting.version,
      policy: waiting.policy,
      enabled: sent.attributes?.enabled ?? operation.enabled,
      tags: sent.tags ?? operation.tags,
    });
    const { waiting: _waiting, ...finished } = operation;
    contentsOf(call).operations.put({ ...finished, status: 'completed', updated: nowSeconds(deps.clock) });
    return json(201, renderCertificate(call, version));
  };

  const path = '/certificates/:name/pending';
  const on = (verb: string, dataAction: string) => permissionOn('certificates', verb, dataAction);
  return [
    routeRow('POST', '/certificates/:name/create', 'CertificateCreate', on('create', 'create/action'), create),
    routeRow('GET', path, 'CertificatePendingGet', on('get', 'read'), get),
    routeRow('PATCH', path, 'CertificatePendingUpdate', on('update', 'update/action'), cancel),
    routeRow('DELETE', path, 'CertificatePendingDelete', on('update', 'update/action'), forget),
    routeRow('POST', `${path}/merge`, 'CertificatePendingMerge', on('create', 'create/action'), merge),
  ];
}

/** What a request is stored under, in the place of a version: a name has one. */
const PENDING = 'pending';

function beginCertificate(deps: ObjectTypeDeps, contents: VaultContents, call: VaultCall, operation: string) {
  const { name = '' } = call.params;
  const base = beginVersion({ collection: 'certificates', operation }, contents.certificates, name, deps);
  checkNameStandsFree(contents, name);
  return base;
}

/** Throws 409 when a key or a secret of its own has the name that a certificate is to have. */
export function checkNameStandsFree(contents: VaultContents, name: string): void {
  for (const collection of ['keys', 'secrets'] as const) {
    const objects = contents[collection];
    const alone = objects.buried(name)?.latest ?? objects.latest(name);
    if (alone !== undefined && alone.managed !== true) throw nameTaken(collection, alone.name);
  }
}

/** Who issues: this vault, or somebody outside. Throws 404 for an issuer that the vault was never told of. */
function issuerOf({ issuer: { name } }: CertificatePolicy): string {
  const known = [SELF_ISSUER, UNKNOWN_ISSUER].find((each) => each.toLowerCase() === name.toLowerCase());
  if (known === undefined) throw certificateIssuerNotFound(name);
  return known;
}

async function signingRequest(material: KeyMaterial, policy: CertificatePolicy): Promise<Buffer> {
  try {
    return await writeSigningRequest(material, certificateSubjectOf(policy));
  } catch {
    throw badParameter('Property has invalid value\r\nParameter name: policy.x509_props.subject');
  }
}

async function selfSigned(
  { clock, random }: ObjectTypeDeps,
  material: KeyMaterial,
  policy: CertificatePolicy,
): Promise<IssuedCertificate> {
  const now = nowSeconds(clock);
  const leaf = await writeSelfSigned(material, certificateSubjectOf(policy), {
    notBefore: now - BACKDATE_SECONDS,
    notAfter: addMonths(now, policy.x509_props.validity_months),
    serial: random.bytes(16),
  });
  return { material, leaf, chain: [leaf] };
}

/** Calendar months later; the last day of a month that is too short. */
function addMonths(unixSeconds: number, months: number): number {
  const from = new Date(unixSeconds * 1000);
  const to = new Date(from);
  to.setUTCMonth(from.getUTCMonth() + months);
  if (to.getUTCDate() !== from.getUTCDate()) to.setUTCDate(0);
  return to.getTime() / 1000;
}

function parseMerged(material: KeyMaterial, certificates: readonly Buffer[], keepOrder: boolean): IssuedCertificate {
  try {
    return issuedOf(privateKeyOf(material), certificates, keepOrder);
  } catch {
    throw badParameter('Public key from x509 certificate and key of this instance do not match');
  }
}

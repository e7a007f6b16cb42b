import * as z from 'zod';
import { json } from '../rest/request.ts';
import { attributesSchema, parseBody, tagsSchema } from './attributes.ts';
import { backupRoutes } from './backup-routes.ts';
import { openBackups } from './backup.ts';
import { readContent } from './certificate-content.ts';
import { renderWaiting } from './certificate-operation.ts';
import { completePolicy, policySchema, type CertificatePolicy } from './certificate-policy.ts';
import { certificateRequestRoutes, checkNameStandsFree, putCertificate } from './certificate-request.ts';
import {
  renderCertificate,
  renderCertificateItem,
  renderPolicy,
  type CertificateVersion,
} from './certificate-version.ts';
import { deletedObjectRoutes } from './deleted-objects.ts';
import { describePolicy } from './imported-policy.ts';
import { listRoutes } from './list-routes.ts';
import { findVersion, nowSeconds, permissionOn, type ObjectType, type ObjectTypeDeps } from './object-type.ts';
import { renderPage } from './paging.ts';
import { lackingRow, routeRow, type VaultCall, type VaultRoute } from './vault-call.ts';
import { openVaultContents } from './vault-contents.ts';
import { contactsNotFound } from './vault-errors.ts';

const importSchema = z.object({
  value: z.string().min(1),
  pwd: z.string().nullish(),
  policy: policySchema.nullish(),
  attributes: attributesSchema.nullish(),
  tags: tagsSchema.nullish(),
  preserveCertOrder: z.boolean().nullish(),
});

const updateSchema = z.object({
  policy: policySchema.nullish(),
  attributes: attributesSchema.nullish(),
  tags: tagsSchema.nullish(),
});

/** The operations on certificates (Key Vault REST API, certificates), with no issuers and contacts. */
export function createCertificateRoutes(deps: ObjectTypeDeps): readonly VaultRoute[] {
  const open = (call: VaultCall) => openVaultContents(deps, call.vault.name).certificates;
  const find = (call: VaultCall) => findVersion('certificates', open(call), call);

  const importCertificate = async (call: VaultCall) => {
    const sent = parseBody(importSchema, await call.body());
    const { contentType, ...issued } = await readContent({
      value: sent.value,
      password: sent.pwd ?? '',
      contentType: sent.policy?.secret_props?.contentType ?? undefined,
      keepOrder: sent.preserveCertOrder === true,
    });
    const policy = completePolicy(describePolicy(issued, sent.policy ?? {}, contentType));
    const { name = '' } = call.params;
    const version = putCertificate(deps, call, 'import', {
      issued,
      policy,
      enabled: sent.attributes?.enabled ?? true,
      tags: sent.tags ?? undefined,
    });
    openVaultContents(deps, call.vault.name).operations.purge(name);
    return json(200, renderCertificate(call, version));
  };

  const changePolicy = (version: CertificateVersion, policy: CertificatePolicy): CertificateVersion => ({
    ...version,
    policy,
    policyTimes: { ...version.policyTimes, updated: nowSeconds(deps.clock) },
  });

  const get = (call: VaultCall) => {
    const { name = '', version } = call.params;
    const { certificates, operations } = openVaultContents(deps, call.vault.name);
    const issued = version === undefined ? certificates.latest(name) : certificates.version(name, version);
    const operation = certificates.buried(name) === undefined ? operations.latest(name) : undefined;
    const waiting = issued === undefined && operation !== undefined ? renderWaiting(call, operation) : undefined;
    return json(200, waiting ?? renderCertificate(call, find(call)));
  };

  const update = async (call: VaultCall) => {
    const sent = parseBody(updateSchema, await call.body());
    const found = find(call);
    const before = sent.policy == null ? found : changePolicy(found, completePolicy(sent.policy, found.policy));
    const version: CertificateVersion = {
      ...before,
      // nbf and exp are the certificate's own.
      enabled: sent.attributes?.enabled ?? before.enabled,
      ...(sent.tags == null ? {} : { tags: sent.tags }),
      updated: nowSeconds(deps.clock),
    };
    open(call).put(version);
    return json(200, renderCertificate(call, version));
  };

  const getPolicy = (call: VaultCall) => json(200, renderPolicy(call, find(call)));

  const updatePolicy = async (call: VaultCall) => {
    const sent = parseBody(policySchema, await call.body(), 'policy');
    const found = find(call);
    const version = changePolicy(found, completePolicy(sent, found.policy));
    open(call).put(version);
    return json(200, renderPolicy(call, version));
  };

  const type: ObjectType<CertificateVersion> = {
    collection: 'certificates',
    operationPrefix: 'Certificate',
    readAction: 'read',
    open,
    render: renderCertificate,
    renderItem: renderCertificateItem,
  };
  const on = (verb: string, dataAction: string) => permissionOn('certificates', verb, dataAction);
  const read = on('get', 'read');
  const change = on('update', 'update/action');
  return [
    ...listRoutes(type),
    ...otherSettings(),
    ...certificateRequestRoutes(deps),
    routeRow(
      'POST',
      '/certificates/:name/import',
      'CertificateImport',
      on('import', 'import/action'),
      importCertificate,
    ),
    routeRow('GET', '/certificates/:name/policy', 'CertificatePolicyGet', read, getPolicy),
    routeRow('PATCH', '/certificates/:name/policy', 'CertificatePolicyUpdate', change, updatePolicy),
    routeRow('GET', '/certificates/:name', 'CertificateGet', read, get),
    routeRow('PATCH', '/certificates/:name', 'CertificateUpdate', change, update),
    routeRow('GET', '/certificates/:name/:version', 'CertificateGet', read, get),
    routeRow('PATCH', '/certificates/:name/:version', 'CertificateUpdate', change, update),
    ...backupRoutes({
      ...type,
      backups: openBackups(deps),
      checkName: (call, name) => checkNameStandsFree(openVaultContents(deps, call.vault.name), name),
    }),
    ...deletedObjectRoutes({ ...type, clock: deps.clock }),
  ];
}

/** Issuers and contacts, of which no vault of the lab has any. */
function otherSettings(): readonly VaultRoute[] {
  const issuers = (verb: string, dataAction: string) => ({
    collection: 'certificates' as const,
    verb,
    dataAction: `certificatecas/${dataAction}`,
  });
  const contacts = {
    collection: 'certificates',
    verb: 'managecontacts',
    dataAction: 'certificatecontacts/write',
  } as const;
  const contactsPath = '/certificates/contacts';
  const issuerPath = '/certificates/issuers/:issuer';
  return [
    routeRow('GET', contactsPath, 'CertificateContactsGet', contacts, () => {
      throw contactsNotFound();
    }),
    lackingRow('PUT', contactsPath, 'CertificateContactsSet', contacts),
    routeRow('GET', '/certificates/issuers', 'CertificateIssuersList', issuers('listissuers', 'read'), (call) =>
      renderPage(call, []),
    ),
    lackingRow('GET', issuerPath, 'CertificateIssuerGet', issuers('getissuers', 'read')),
    lackingRow('PUT', issuerPath, 'CertificateIssuerSet', issuers('setissuers', 'write')),
    lackingRow('PATCH', issuerPath, 'CertificateIssuerUpdate', issuers('setissuers', 'write')),
    lackingRow('DELETE', issuerPath, 'CertificateIssuerDelete', issuers('deleteissuers', 'delete')),
  ];
}

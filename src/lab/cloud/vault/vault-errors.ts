import { AzureError } from '../rest/azure-error.ts';
import type { ServiceFailure } from '../service.ts';

/** The kinds of objects in a vault, as paths and permissions name them. */
export type Collection = 'secrets' | 'keys' | 'certificates';

/** What errors call one object of a collection. */
const SINGULAR: Record<Collection, string> = { secrets: 'Secret', keys: 'Key', certificates: 'Certificate' };

/** 400 BadParameter. */
export function badParameter(message: string): AzureError {
  return new AzureError(400, 'BadParameter', message);
}

/** 400 for a path that no operation has; this is how the data plane answers instead of a plain 404. */
export function unknownOperation(method: string, name: string): AzureError {
  return badParameter(`Method ${method} does not allow operation '${name}'`);
}

/** 400 for an object name outside `^[0-9a-zA-Z-]{1,127}$`. */
export function invalidName(name: string): AzureError {
  return badParameter(`The request URI contains an invalid name: ${name}`);
}

/** 404 for an object or a version that is not there. */
export function objectNotFound(collection: Collection, name: string): AzureError {
  const singular = SINGULAR[collection];
  return new AzureError(
    404,
    `${singular}NotFound`,
    `A ${singular.toLowerCase()} with (name/id) ${name} was not found in this key vault. If you recently deleted this ` +
      `${singular.toLowerCase()} you may be able to recover it using the correct recovery command. For help resolving ` +
      'this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182',
  );
}

/** 404 for an object that is not among the deleted ones. */
export function deletedObjectNotFound(collection: Collection, name: string): AzureError {
  return new AzureError(404, `${SINGULAR[collection]}NotFound`, `Deleted ${SINGULAR[collection]} not found: ${name}`);
}

/** 409 for a name whose deleted object can still be recovered. */
export function deletedButRecoverable(collection: Collection, name: string): AzureError {
  return new AzureError(
    409,
    'Conflict',
    `${SINGULAR[collection]} ${name} is currently in a deleted but recoverable state, and its name cannot be reused; ` +
      'in this state, the secret can only be recovered or purged.'.replace(
        'secret',
        SINGULAR[collection].toLowerCase(),
      ),
    { innerCode: 'ObjectIsDeletedButRecoverable' },
  );
}

/** 409 for a backup of an object whose name is in use; `url` is that of one of its versions. */
export function restoreConflict(collection: Collection, url: string): AzureError {
  const singular = SINGULAR[collection].toLowerCase();
  return new AzureError(
    409,
    'Conflict',
    `There was a conflict restoring the ${singular} '${url}'. This can happen if either: a second ${singular} with the ` +
      `same name was created after the first ${singular} was deleted; thus trying to restore a ${singular} whose name is ` +
      `already in use. To fix this, rename the second ${singular} to something else so that the restore works. The second ` +
      `probable cause of this exception is when multiple operations are performed in parallel against the ${singular}. To ` +
      `avoid this error, perform operations against a ${singular} in a sequential manner.`,
  );
}

/** 404 for a certificate that nobody asked for, or whose request was deleted. */
export function pendingCertificateNotFound(name: string): AzureError {
  return new AzureError(404, 'PendingCertificateNotFound', `Pending certificate not found: ${name}`);
}

/** 404 for an issuer that the vault does not know. */
export function certificateIssuerNotFound(name: string): AzureError {
  return new AzureError(404, 'CertificateIssuerNotFound', `Certificate issuer not found: ${name}`);
}

/** 404 for the contacts of a vault that has none. */
export function contactsNotFound(): AzureError {
  return new AzureError(404, 'ContactsNotFound', 'Contacts not found');
}

/** 409 for a second request while one waits. The wording is ours. */
export function requestInProgress(name: string): AzureError {
  return new AzureError(
    409,
    'Conflict',
    `There was a conflict creating the certificate '${name}': a request for it is in progress. Complete it by a merge, or delete it.`,
    { innerCode: 'PendingCertificateInProgress' },
  );
}

/** 409 for a certificate whose name a key or a secret of its own has. The wording is ours. */
export function nameTaken(collection: Collection, name: string): AzureError {
  return new AzureError(
    409,
    'Conflict',
    `A certificate needs a key and a secret of its name, and the ${SINGULAR[collection].toLowerCase()} ${name} exists already ` +
      'or is deleted but recoverable.',
  );
}

/** 403 for the use of a disabled object. */
export function objectDisabled(collection: Collection, operation: string): AzureError {
  const singular = SINGULAR[collection];
  return new AzureError(
    403,
    'Forbidden',
    `Operation ${operation} is not allowed on a disabled ${singular.toLowerCase()}.`,
    { innerCode: `${singular}Disabled` },
  );
}

/** 403 for a change of the key or the secret of a certificate. The text is one that people quote in issues. */
export function managedByKeyVault(collection: Collection, operation: string): AzureError {
  return new AzureError(
    403,
    'Forbidden',
    `Operation "${operation}" is not allowed as this object's lifetime is managed by Key Vault.`,
    { innerCode: `${SINGULAR[collection]}ManagedByKeyVault` },
  );
}

/** 400 for a key in hardware in a vault of the standard tier; the text is one that people quote in issues. */
export function hardwareNotAllowed(): AzureError {
  return badParameter('Hardware key operation not allowed on standard vault');
}

/** 501 for an operation that Azure has and the lab lacks; `what` is its method and path. */
export function notEmulated(what: string): AzureError {
  return new AzureError(501, 'NotImplemented', `The lab does not emulate '${what}'.`);
}

/** 403 for a purge in a vault that has purge protection. */
export function purgeProtected(vaultName: string): AzureError {
  return new AzureError(
    403,
    'Forbidden',
    'Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will ' +
      `automatically purge it after the retention period has passed.\r\nVault: ${vaultName}`,
  );
}

/**
 * A failure of the vault's own. Throttling has the code and text of recorded answers (the first reason of Microsoft's page on
 * throttling limits); 503 that of vaults that take no writes, in people's issues, without its operation.
 */
export function vaultFailure({ status }: ServiceFailure): AzureError {
  if (status === 429) {
    return new AzureError(
      429,
      'Throttled',
      'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
    );
  }
  if (status === 503) return new AzureError(503, 'ServiceUnavailable', 'The service is currently unavailable.');
  return new AzureError(status, 'InternalServerError', 'An internal server error has occurred.');
}

import type { AzureError } from '../rest/azure-error.ts';
import { badParameter } from './vault-errors.ts';

const LATEST = '2025-07-01';
/** Key Vault's numbered api-versions, and the dated ones from before them. */
const NUMBERED = ['2015-06-01', '2016-10-01', '7.0', '7.1', '7.2', '7.3', '7.4', '7.5', '7.6'];
const PREVIEW = /^7\.\d-preview(\.\d)?$/;
const DATED = /^\d{4}-\d{2}-\d{2}(-preview)?$/;

/**
 * Throws 400 for an api-version that Key Vault does not know. Dated ones from 2025-06-01 on all pass: a client that is
 * newer than the lab shall not fail for its date.
 */
export function checkApiVersion(version: string | undefined): asserts version is string {
  if (version === undefined || version === '') throw badParameter('api-version must be specified');
  const known = NUMBERED.includes(version) || PREVIEW.test(version) || (DATED.test(version) && version >= '2025-06-01');
  if (!known) throw unknownVersion(version);
}

function unknownVersion(version: string): AzureError {
  return badParameter(
    `The specified version (${version}) is not recognized. Consider using the latest supported version (${LATEST}).`,
  );
}

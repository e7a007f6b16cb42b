import { AzureError } from '../rest/azure-error.ts';
import { resourceTypesOf } from './resources/api-versions.ts';
import { invalidApiVersion, missingApiVersion } from './arm-errors.ts';

const API_VERSION = /^(\d{4}-\d{2}-\d{2})(-[a-z0-9.]+)?$/i;
/** No version of Azure Resource Manager is older. */
const OLDEST = '2014-04-01';

/**
 * Takes any api-version that some release of Azure could have; requests are answered alike for all. Throws 400 for none, for what
 * is no date, and for one from before Azure Resource Manager; `segments` are those of the request's path.
 */
export function parseApiVersion(sent: string | undefined, segments: readonly string[]): string {
  if (sent === undefined || sent === '') throw missingApiVersion();
  const [, date] = API_VERSION.exec(sent) ?? [];
  const isDate = date !== undefined && !Number.isNaN(Date.parse(date));
  if (isDate && date >= OLDEST) return sent;
  const at = segments.findLastIndex((part) => part.toLowerCase() === 'providers');
  const [namespace = '', type = ''] = at < 0 ? [] : segments.slice(at + 1);
  const versions = versionsOf(namespace, type);
  if (isDate && versions !== undefined) {
    throw new AzureError(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for location '*' and API version '${sent}' for type '${type}'. The supported ` +
        `api-versions are '${versions.join(', ')}'.`,
    );
  }
  throw invalidApiVersion(sent, versions ?? versionsOf('Microsoft.Resources', 'resourceGroups') ?? []);
}

function versionsOf(namespace: string, type: string): readonly string[] | undefined {
  return resourceTypesOf(namespace).find(([name]) => name.toLowerCase() === type.toLowerCase())?.[1];
}

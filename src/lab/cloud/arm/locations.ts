import { AzureError } from '../rest/azure-error.ts';
import { locationRequired } from './arm-errors.ts';

/** Regions that the lab accepts, with the names that people read. */
export const LOCATIONS: Readonly<Record<string, string>> = {
  australiaeast: 'Australia East',
  australiasoutheast: 'Australia Southeast',
  austriaeast: 'Austria East',
  brazilsouth: 'Brazil South',
  canadacentral: 'Canada Central',
  canadaeast: 'Canada East',
  centralindia: 'Central India',
  centralus: 'Central US',
  chilecentral: 'Chile Central',
  chinaeast2: 'China East 2',
  chinanorth3: 'China North 3',
  eastasia: 'East Asia',
  eastus: 'East US',
  eastus2: 'East US 2',
  francecentral: 'France Central',
  germanywestcentral: 'Germany West Central',
  indonesiacentral: 'Indonesia Central',
  israelcentral: 'Israel Central',
  italynorth: 'Italy North',
  japaneast: 'Japan East',
  japanwest: 'Japan West',
  koreacentral: 'Korea Central',
  koreasouth: 'Korea South',
  malaysiawest: 'Malaysia West',
  mexicocentral: 'Mexico Central',
  newzealandnorth: 'New Zealand North',
  northcentralus: 'North Central US',
  northeurope: 'North Europe',
  norwayeast: 'Norway East',
  polandcentral: 'Poland Central',
  qatarcentral: 'Qatar Central',
  southafricanorth: 'South Africa North',
  southcentralus: 'South Central US',
  southeastasia: 'Southeast Asia',
  southindia: 'South India',
  spaincentral: 'Spain Central',
  swedencentral: 'Sweden Central',
  switzerlandnorth: 'Switzerland North',
  uaenorth: 'UAE North',
  uksouth: 'UK South',
  ukwest: 'UK West',
  usgovarizona: 'USGov Arizona',
  usgovvirginia: 'USGov Virginia',
  westcentralus: 'West Central US',
  westeurope: 'West Europe',
  westindia: 'West India',
  westus: 'West US',
  westus2: 'West US 2',
  westus3: 'West US 3',
};

/** Reads a location (`East US` and `eastus` are one). Throws 400 when it is missing or unknown; `type` names what it is for. */
export function parseLocation(value: unknown, type: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw locationRequired();
  const location = value.replaceAll(' ', '').toLowerCase();
  if (location in LOCATIONS) return location;
  const known = Object.keys(LOCATIONS).join(',');
  throw type === 'resource group'
    ? new AzureError(
        400,
        'LocationNotAvailableForResourceGroup',
        `The provided location '${value}' is not available for resource group. List of available regions is '${known}'.`,
      )
    : new AzureError(
        400,
        'LocationNotAvailableForResourceType',
        `The provided location '${value}' is not available for resource type '${type}'. List of available regions for ` +
          `the resource type is '${known}'.`,
      );
}

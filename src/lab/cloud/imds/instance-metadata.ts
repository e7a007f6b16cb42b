import { isObject, json } from '../rest/request.ts';

/** What IMDS tells of a node. */
export interface NodeFacts {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** The name of its scale set. */
  readonly scaleSet: string;
  /** The same for the same node. */
  readonly vmId: string;
}

/** The api-versions that Azure's documentation lists ("Azure Instance Metadata Service", Supported API versions). */
export const IMDS_VERSIONS: readonly string[] = [
  '2017-03-01 2017-04-02 2017-08-01 2017-10-01 2017-12-01 2018-02-01 2018-04-02 2018-10-01',
  '2019-02-01 2019-03-11 2019-04-30 2019-06-01 2019-06-04 2019-08-01 2019-08-15 2019-11-01',
  '2020-06-01 2020-07-15 2020-09-01 2020-10-01 2020-12-01 2021-01-01 2021-02-01 2021-03-01',
  '2021-05-01 2021-10-01 2021-11-01 2021-12-13 2023-07-01 2023-11-15',
].flatMap((line) => line.split(' '));

/** The document of `/metadata/instance`: what programs look at to learn where they run; the rest is left out. */
export function instanceMetadata({ subscriptionId, resourceGroup, location, scaleSet, vmId }: NodeFacts): object {
  return {
    compute: {
      azEnvironment: 'AzurePublicCloud',
      location,
      name: `${scaleSet}_0`,
      osType: 'Linux',
      provider: 'Microsoft.Compute',
      resourceGroupName: resourceGroup,
      resourceId:
        `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Compute/` +
        `virtualMachineScaleSets/${scaleSet}/virtualMachines/0`,
      subscriptionId,
      tags: '',
      tagsList: [],
      vmId,
      vmScaleSetName: scaleSet,
      vmSize: 'Standard_DS2_v2',
      zone: '',
    },
    network: { interface: [] },
  };
}

/** The part of `metadata` at `path` (lower case): JSON, or a single value as text with `format=text`. */
export function readMetadata(metadata: object, path: readonly string[], format: string | null): Response {
  let value: unknown = metadata;
  for (const name of path) {
    value = isObject(value) ? Object.entries(value).find(([key]) => key.toLowerCase() === name)?.[1] : undefined;
  }
  if (value === undefined) return json(404, { error: 'Not found' });
  if (format?.toLowerCase() === 'text' && typeof value === 'string') {
    return new Response(value, { headers: { 'content-type': 'text/plain; charset=utf-8' } });
  }
  return json(200, value);
}

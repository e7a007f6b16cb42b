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

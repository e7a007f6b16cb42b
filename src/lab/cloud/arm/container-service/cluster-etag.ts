import { createHash } from 'node:crypto';
import { AzureError } from '../../rest/azure-error.ts';
import { objectOr, textOr, type JsonObject } from '../../rest/request.ts';
import type { ArmCall } from '../arm-call.ts';
import { renderResource, type ArmResource } from '../resource-store.ts';
import { withState } from './cluster-properties.ts';

/** A cluster on the wire: it and its agent pools have the eTags of what they are now. */
export function renderCluster(cluster: ArmResource): JsonObject {
  const pools = cluster.properties['agentPoolProfiles'];
  return {
    ...renderResource(cluster),
    eTag: clusterEtag(cluster),
    properties: {
      ...cluster.properties,
      ...(Array.isArray(pools)
        ? {
            agentPoolProfiles: pools.map(objectOr).map((pool) => ({ ...pool, eTag: poolEtag(cluster, pool) })),
          }
        : {}),
    },
  };
}

/** The eTag of an agent pool: it changes with its cluster. */
export function poolEtag(cluster: ArmResource, pool: JsonObject): string {
  return guidOf(`${clusterEtag(cluster)} ${textOr(pool['name'], '')}`);
}

/**
 * Refuses a write whose `If-Match` or `If-None-Match` does not fit `etag`, undefined for what is not there, with 412. That that is not there fails `If-Match` of a
 * PUT only: PATCH says 404 and DELETE 204 then (AKS documentation, "Enhance concurrency control with entity tags").
 */
export function checkPreconditions(call: ArmCall, etag: string | undefined): void {
  const ifMatch = unquoted(call.header('if-match'));
  const ifNoneMatch = unquoted(call.header('if-none-match'));
  if (etag === undefined) {
    if (ifMatch !== '') throw preconditionFailed('If-Match', ifMatch, 'the resource does not exist');
    return;
  }
  if (ifMatch !== '' && ifMatch !== '*' && ifMatch !== etag) {
    throw preconditionFailed('If-Match', ifMatch, `the resource has the eTag '${etag}'`);
  }
  if (ifNoneMatch === '*' || (ifNoneMatch !== '' && ifNoneMatch === etag)) {
    throw preconditionFailed('If-None-Match', ifNoneMatch, 'the resource exists');
  }
}

/** The eTag of a cluster: of what was asked for, whatever operation runs. */
export function clusterEtag(cluster: ArmResource): string {
  return guidOf(JSON.stringify({ ...cluster, properties: withState(cluster.properties, '') }));
}

function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function unquoted(header: string | undefined): string {
  return (header ?? '').trim().replaceAll(/^(?:W\/)?"|"$/g, '');
}

function preconditionFailed(header: string, value: string, reason: string): AzureError {
  return new AzureError(
    412,
    'PreconditionFailed',
    `The condition '${header}: ${value}' of the request is not met: ${reason}.`,
  );
}

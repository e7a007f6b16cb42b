import { json, objectOr, textOr, type JsonObject } from '../../rest/request.ts';
import { AzureError } from '../../rest/azure-error.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import type { ArmContext } from '../arm-context.ts';
import type { ArmResource } from '../resource-store.ts';
import { poolEtag } from './cluster-etag.ts';
import { requireResource, resourcePath } from '../tracked-resources.ts';

/** The agent pools of a cluster, one by one; they are changed with their cluster. */
export function createAgentPoolRoutes(context: ArmContext, clusterType: string): readonly ArmRoute[] {
  const render = (cluster: ArmResource, pool: JsonObject) => {
    const { name, ...properties } = pool;
    return {
      id: `${cluster.id}/agentPools/${textOr(name, '')}`,
      name,
      type: `${clusterType}/agentPools`,
      properties: { ...properties, eTag: poolEtag(cluster, pool) },
    };
  };
  const list = (call: ArmCall) => {
    const cluster = requireResource(context, clusterType, call);
    return json(200, { value: poolsOf(cluster).map((pool) => render(cluster, pool)) });
  };
  const get = (call: ArmCall) => {
    const cluster = requireResource(context, clusterType, call);
    const { pool: name = '' } = call.params;
    const pool = poolsOf(cluster).find((each) => textOr(each['name'], '').toLowerCase() === name.toLowerCase());
    if (pool === undefined) {
      throw new AzureError(404, 'NotFound', `Could not find the agentpool: ${name}.`);
    }
    return json(200, render(cluster, pool));
  };
  const path = `${resourcePath(clusterType)}/agentPools`;
  return [
    { method: 'GET', path, operation: 'AgentPoolList', handle: list },
    { method: 'GET', path: `${path}/:pool`, operation: 'AgentPoolGet', handle: get },
  ];
}

function poolsOf(cluster: ArmResource): readonly JsonObject[] {
  const pools = cluster.properties['agentPoolProfiles'];
  return Array.isArray(pools) ? pools.map(objectOr) : [];
}

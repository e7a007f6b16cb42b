import { empty, json, objectOr, textOr, type JsonObject } from '../../rest/request.ts';
import { AzureError } from '../../rest/azure-error.ts';
import type { ArmCall, ArmRoute } from '../arm-call.ts';
import type { ArmContext } from '../arm-context.ts';
import type { Operation } from '../operations.ts';
import type { ArmResource } from '../resource-store.ts';
import { requireResource, resourcePath } from '../tracked-resources.ts';
import { checkPreconditions, poolEtag } from './cluster-etag.ts';
import { fillPool } from './cluster-properties.ts';

/** What agent pools need of managed clusters. */
export interface AgentPoolDeps {
  readonly clusterType: string;
  /** Gives the cluster these pools, machines included, and says where to ask for the end of that. Throws 409 while it moves. */
  changePools(
    cluster: ArmResource,
    pools: readonly JsonObject[],
  ): Promise<{ readonly cluster: ArmResource; readonly operation: Operation }>;
}

/** The agent pools of a cluster, one by one. Each has its machines in ARM; they all are the cluster's one node. */
export function createAgentPoolRoutes(context: ArmContext, deps: AgentPoolDeps): readonly ArmRoute[] {
  const { clusterType } = deps;
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
    const pool = findPool(cluster, call);
    if (pool === undefined) {
      throw new AzureError(404, 'NotFound', `Could not find the agentpool: ${poolName(call)}.`);
    }
    return json(200, render(cluster, pool));
  };

  const put = async (call: ArmCall) => {
    const body = await call.body();
    const before = requireResource(context, clusterType, call);
    const existing = findPool(before, call);
    checkPreconditions(call, existing && poolEtag(before, existing));
    const name = existing?.['name'] ?? poolName(call);
    const pool = parsePool(before, { ...objectOr(body['properties']), name });
    const pools = poolsOf(before);
    const wanted = existing === undefined ? [...pools, pool] : pools.map((each) => (each === existing ? pool : each));
    requireSystemPool(wanted);
    const { cluster, operation } = await deps.changePools(before, wanted);
    const shown = findPool(cluster, call) ?? pool;
    return json(existing === undefined ? 201 : 200, render(cluster, shown), operation.asyncHeaders(call.url));
  };

  const remove = async (call: ArmCall) => {
    const cluster = requireResource(context, clusterType, call);
    const existing = findPool(cluster, call);
    if (existing === undefined) return empty(204);
    checkPreconditions(call, poolEtag(cluster, existing));
    const wanted = poolsOf(cluster).filter((pool) => pool !== existing);
    requireSystemPool(wanted);
    const { operation } = await deps.changePools(cluster, wanted);
    return operation.accepted(call.url);
  };

  const path = `${resourcePath(clusterType)}/agentPools`;
  return [
    { method: 'GET', path, operation: 'AgentPoolList', handle: list },
    { method: 'GET', path: `${path}/:pool`, operation: 'AgentPoolGet', handle: get },
    { method: 'PUT', path: `${path}/:pool`, operation: 'AgentPoolPut', handle: put },
    { method: 'DELETE', path: `${path}/:pool`, operation: 'AgentPoolDelete', handle: remove },
  ];
}

function poolsOf(cluster: ArmResource): readonly JsonObject[] {
  const pools = cluster.properties['agentPoolProfiles'];
  return Array.isArray(pools) ? pools.map(objectOr) : [];
}

function poolName({ params: { pool = '' } }: ArmCall): string {
  return pool;
}

function findPool(cluster: ArmResource, call: ArmCall): JsonObject | undefined {
  const name = poolName(call).toLowerCase();
  return poolsOf(cluster).find((pool) => textOr(pool['name'], '').toLowerCase() === name);
}

function parsePool(cluster: ArmResource, sent: JsonObject): JsonObject {
  const pool = fillPool(sent, textOr(cluster.properties['kubernetesVersion'], ''));
  return {
    ...pool,
    count: pool['count'] ?? 1,
    mode: pool['mode'] ?? 'User',
    type: pool['type'] ?? 'VirtualMachineScaleSets',
  };
}

function requireSystemPool(pools: readonly JsonObject[]): void {
  if (pools.some(({ mode }) => mode === 'System')) return;
  throw new AzureError(
    400,
    'OperationNotAllowed',
    'There has to be at least one system node pool in the managed cluster. Make another pool one with mode System first.',
  );
}

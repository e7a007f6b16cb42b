import { KeyferryError, matchesPattern } from '#base';
import { parseFaultSpec, type Fault, type FaultSpec, type FaultTable } from '#lab/faults';

/** A fault as it is asked for: the host of an API server may be told by its cluster. */
export type FaultRequest = FaultSpec | (Omit<FaultSpec, 'host'> & { readonly cluster: string });

/** The faults of a lab, as its control interface offers them. */
export interface FaultControl {
  /**
   * Begins a fault; `request` is what a client sent: a {@link FaultRequest}. Throws `invalid-input` when it makes no sense,
   * `not-found` for a host or a cluster that the lab does not have.
   */
  add(request: unknown): Fault;
  list(): Fault[];
  /** Ends and forgets the faults with these ids, all without ids. Throws `not-found`. */
  clear(ids: readonly string[]): Fault[];
}

/** Which hosts a lab has. */
export interface LabHosts {
  /** Of Azure's public cloud, by name, or as a pattern where there are many of a kind. */
  readonly publicCloud: readonly string[];
  /** Of the other clouds. */
  readonly otherClouds: readonly string[];
  /** The API servers, by the names of their clusters: `127.0.0.1:PORT`. */
  readonly apiServers: readonly { readonly cluster: string; readonly host: string }[];
}

/** The faults of `table`, for hosts that the lab has: a misspelt one would wait for requests that never come. */
export function createFaultControl(table: FaultTable, hosts: () => LabHosts): FaultControl {
  return {
    add: (request) => {
      const { cluster, ...asked } = isRecord(request) ? request : {};
      const { publicCloud, otherClouds, apiServers } = hosts();
      const usual = [...publicCloud, ...apiServers.map(({ host, cluster }) => `${host} (${cluster})`)];
      const known = [...publicCloud, ...otherClouds, ...apiServers.map(({ host }) => host)];
      if (cluster !== undefined && asked['host'] === undefined) {
        const found = apiServers.find((each) => each.cluster === cluster);
        if (found === undefined) throw noSuchCluster(cluster, apiServers);
        return table.add(parseFaultSpec({ ...asked, host: found.host }));
      }
      const spec = parseFaultSpec(request);
      if (!known.some((host) => meet(spec.host, host))) {
        throw new KeyferryError('not-found', `the lab serves no host ${spec.host}`, {
          hint: `It serves ${usual.join(', ')}, and the hosts of Azure's other clouds.`,
        });
      }
      return table.add(spec);
    },
    list: () => table.list(),
    clear: (ids) => table.clear(ids.length === 0 ? undefined : ids),
  };
}

/** Whether a host can be meant by both: one of them a name, or both patterns that differ only in their stars. */
function meet(asked: string, served: string): boolean {
  return matchesPattern(asked, served) || matchesPattern(served, asked);
}

function noSuchCluster(name: unknown, apiServers: LabHosts['apiServers']): KeyferryError {
  const names = apiServers.map(({ cluster }) => cluster).join(', ');
  return new KeyferryError(
    'not-found',
    `the lab has no running cluster ${typeof name === 'string' ? name : 'of such a name'}`,
    {
      hint: names === '' ? 'It has none at all: make one with "az aks create".' : `It has ${names}.`,
    },
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

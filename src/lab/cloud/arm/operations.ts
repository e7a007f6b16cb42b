import { errorText, KeyferryError, type Clock, type Log, type Random } from '#base';
import { storeSection, type Json, type Store } from '#lab/store';
import { empty, json } from '../rest/request.ts';
import { AzureError } from '../rest/azure-error.ts';
import type { ArmRoute } from './arm-call.ts';

const KEEP_MS = 24 * 60 * 60 * 1000;
const SETTLE_PAUSE_MS = 1000;
const RETRY_AFTER = { 'retry-after': '1' };

interface OperationRecord {
  readonly status: 'InProgress' | 'Succeeded' | 'Failed';
  readonly startTime: string;
  readonly endTime?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** A long-running operation that was started. */
export interface Operation {
  /** Headers that lead to its status as JSON, which a PUT answers with. */
  asyncHeaders(origin: URL): Record<string, string>;
  /** 202 with addresses to poll, which a DELETE or a POST answers with. */
  accepted(origin: URL): Response;
}

/** The long-running operations of ARM and the addresses that clients poll (Azure REST API guidelines). */
export interface Operations {
  /**
   * Starts `task` in the background. Its failure is the operation's error. `base` begins the addresses to poll: a
   * subscription's path, or that of a provider's location.
   */
  start(base: string, task: () => Promise<void>): Operation;
  /**
   * Does a write that ends an operation, and does it again until there is room for it: what has ended must not show as
   * moving for ever. Throws when the lab ends first.
   */
  settle(write: () => void): Promise<void>;
  readonly routes: readonly ArmRoute[];
  /** Resolves when no operation runs. */
  idle(): Promise<void>;
  /** The same, without waiting for room on a disk that is full: what could not be written shows as interrupted afterwards. */
  stop(): Promise<void>;
}

/** Operations, kept in `store`; one that the lab's end interrupted shows as failed afterwards. */
export function createOperations(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Operations {
  const { clock, random, log } = deps;
  const section = storeSection(deps.store, 'arm/operations/');
  const running = new Map<string, { readonly startTime: string; readonly done: Promise<void> }>();
  const stopping = new AbortController();
  const time = () => new Date(clock.now()).toISOString();
  const read = (id: string): OperationRecord | undefined => {
    const runs = running.get(id.toLowerCase());
    if (runs !== undefined) return { status: 'InProgress', startTime: runs.startTime };
    const record = section.get(id.toLowerCase()) as OperationRecord | undefined;
    if (record?.status !== 'InProgress') return record;
    const error = { code: 'OperationInterrupted', message: 'The lab ended while the operation ran.' };
    return { ...record, status: 'Failed', error };
  };

  forgetOld(section, clock.now() - KEEP_MS);

  const settle: Operations['settle'] = async (write) => {
    for (;;) {
      try {
        write();
        return;
      } catch (error) {
        log.warn('The end of an operation cannot be written now, it is tried again', { error: errorText(error) });
        await clock.sleep(SETTLE_PAUSE_MS, { signal: stopping.signal });
      }
    }
  };

  const perform = async (id: string, startTime: string, task: () => Promise<void>) => {
    let end: OperationRecord;
    try {
      await task();
      end = { status: 'Succeeded', startTime, endTime: time() };
    } catch (error) {
      log.error('Operation failed', { operation: id, error: errorText(error) });
      end = { status: 'Failed', startTime, endTime: time(), error: operationError(error) };
    }
    await settle(() => section.put(id, end as unknown as Json)).catch((error: unknown) => {
      log.error('The end of an operation was not written', { operation: id, error: errorText(error) });
    });
    running.delete(id);
  };

  const start: Operations['start'] = (base, task) => {
    const id = random.uuid();
    const startTime = time();
    try {
      section.put(id, { status: 'InProgress', startTime });
    } catch (error) {
      // Its resource moves already. While it runs it is known all the same.
      log.warn('An operation that begins cannot be written', { operation: id, error: errorText(error) });
    }
    // In time also for a task that ends at once: `perform` forgets it in a later microtask.
    running.set(id, { startTime, done: perform(id, startTime, task) });
    const address = (url: URL, kind: string) => `${url.origin}${base}/${kind}/${id}?api-version=2024-03-01`;
    const asyncHeaders: Operation['asyncHeaders'] = (url) => ({
      'azure-asyncoperation': address(url, 'operations'),
      ...RETRY_AFTER,
    });
    return {
      asyncHeaders,
      // Resource providers give both addresses, Azure Resource Manager itself has results only.
      accepted: (url) =>
        empty(202, {
          location: address(url, 'operationresults'),
          ...(base.includes('/providers/') ? asyncHeaders(url) : RETRY_AFTER),
        }),
    };
  };

  const find = (id: string): OperationRecord => {
    const record = read(id);
    if (record === undefined) {
      throw new AzureError(404, 'OperationNotFound', `The operation '${id}' could not be found.`);
    }
    return record;
  };
  const location = '/subscriptions/:subscription/providers/:namespace/locations/:location';
  const idle = async () => {
    while (running.size > 0) await Promise.all([...running.values()].map(({ done }) => done));
  };
  return {
    start,
    settle,
    idle,
    stop: () => {
      stopping.abort(new KeyferryError('unavailable', 'the lab ends'));
      return idle();
    },
    routes: [
      {
        method: 'GET',
        path: `${location}/operations/:operation`,
        operation: 'OperationStatusGet',
        open: true,
        handle: (call) => {
          const { operation: id = '' } = call.params;
          const record = find(id);
          return json(200, { id: call.url.pathname, name: id, ...record }, pollHeaders(record));
        },
      },
      ...[location, '/subscriptions/:subscription'].map((base): ArmRoute => ({
        method: 'GET',
        path: `${base}/operationresults/:operation`,
        operation: 'OperationResultGet',
        open: true,
        handle: (call) => {
          const { operation: id = '' } = call.params;
          const record = find(id);
          if (record.error !== undefined) throw new AzureError(409, record.error.code, record.error.message);
          if (record.status === 'InProgress') return empty(202, { location: call.url.href, ...RETRY_AFTER });
          return empty(204);
        },
      })),
    ],
  };
}

function forgetOld(section: Store, beforeMs: number): void {
  const old = section.list('').filter(({ value }) => {
    return Date.parse((value as unknown as OperationRecord).startTime) < beforeMs;
  });
  section.write(old.map(({ key }) => ({ key, value: undefined })));
}

function pollHeaders(record: OperationRecord): Record<string, string> {
  return record.status === 'InProgress' ? RETRY_AFTER : {};
}

function operationError(error: unknown): { code: string; message: string } {
  if (error instanceof AzureError) return { code: error.code, message: error.message };
  const hint = error instanceof KeyferryError && error.hint !== undefined ? ` ${error.hint}` : '';
  return { code: 'InternalOperationError', message: `${errorText(error)}${hint}` };
}

/**
 * A look into a running Node process from outside, by its own inspector: what of its memory is in use after the garbage
 * has been collected, and what keeps it awake. The program itself is unmodified.
 */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { WebSocket } from 'ws';
import { readAll } from './node-volumes.ts';

/** What a process holds at one moment. */
export interface Holdings {
  /** Of JavaScript objects that something still refers to, bytes. */
  readonly heapBytes: number;
  /** Of buffers, bytes. */
  readonly externalBytes: number;
  /** All that the process has from the system, bytes; the collector gives back as it likes. */
  readonly residentBytes: number;
  readonly files: number;
  readonly timers: number;
  readonly sockets: number;
  readonly listeners: number;
}

/** The inspector of a process that was started with `--inspect`. */
export interface InspectedProcess extends Disposable {
  /** Collects the garbage, then measures. */
  measure(): Promise<Holdings>;
}

const COUNTS = `(() => {
  const resources = process.getActiveResourcesInfo();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    heapBytes: heapUsed,
    externalBytes: external,
    residentBytes: rss,
    timers: resources.filter((name) => name === 'Timeout').length,
    sockets: resources.filter((name) => /Socket|Pipe|TCP|TLS/.test(name)).length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
})()`;

/** Connects to the inspector at `url` (the ws:// address that Node prints at its start) of the process `pid`. */
export async function inspectProcess(url: string, pid: number): Promise<InspectedProcess> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  let last = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  socket.on('message', (data: Buffer) => {
    const answer = JSON.parse(data.toString('utf8')) as Answer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  const call = (method: string, params: object = {}) =>
    new Promise<Answer>((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      socket.send(JSON.stringify({ id: last, method, params }));
    });
  return {
    async measure() {
      // Twice: what a finalizer lets go of is garbage of the second time.
      await call('HeapProfiler.collectGarbage');
      await call('HeapProfiler.collectGarbage');
      const { result } = await call('Runtime.evaluate', { expression: COUNTS, returnByValue: true });
      const counts = result?.result?.value as Omit<Holdings, 'files'> | undefined;
      if (counts === undefined) throw new Error('the inspector answered no counts');
      return { ...counts, files: openFiles(pid) };
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}

interface Answer {
  readonly id: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

/** The number of a process's open file descriptors. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Memory and time that a process has had from the system. */
export function usageOf(pid: number): { readonly residentMiB: number; readonly cpuSeconds: number } {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readAll(`/proc/${pid}/status`))?.[1];
  // proc(5): the name in parentheses may hold anything; user and system time are fields 14 and 15, in hundredths.
  const fields = readAll(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  return {
    residentMiB: Math.round(Number(kib ?? 0) / 1024),
    cpuSeconds: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100,
  };
}

/** How much `value` grows with each `x`, by least squares. */
export function slope(points: readonly { readonly x: number; readonly value: number }[]): number {
  const mean = (pick: (point: { x: number; value: number }) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const meanX = mean(({ x }) => x);
  const meanValue = mean(({ value }) => value);
  const covariance = points.reduce((sum, { x, value }) => sum + (x - meanX) * (value - meanValue), 0);
  return covariance / points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
}

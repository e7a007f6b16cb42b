import { performance } from 'node:perf_hooks';

const NANOSECONDS = 1_000_000;

/**
 * Makes the clocks of this process that never jump tell `offsetMs()` more than what it is at this call:
 * `performance.now`, `process.hrtime`, `process.uptime`. What it is already, `performance.timeOrigin` is moved by, so
 * that `performance.timeOrigin + performance.now()` stays what `Date.now()` tells.
 */
export function moveMonotonic(offsetMs: () => number): void {
  const atStartMs = offsetMs();
  const sinceMs = () => offsetMs() - atStartMs;

  const nativeNow = performance.now.bind(performance);
  const nativeJson = performance.toJSON.bind(performance) as () => object;
  const timeOrigin = performance.timeOrigin + atStartMs;
  Object.defineProperties(performance, {
    now: { configurable: true, writable: true, value: () => nativeNow() + sinceMs() },
    timeOrigin: { configurable: true, enumerable: true, get: () => timeOrigin },
    toJSON: { configurable: true, writable: true, value: () => ({ ...nativeJson(), timeOrigin }) },
  });

  const nativeHrtime = process.hrtime;
  const bigint = () => nativeHrtime.bigint() + BigInt(Math.trunc(sinceMs() * NANOSECONDS));
  const hrtime = (previous?: [number, number]): [number, number] => {
    // It refuses what is not such a pair.
    const [seconds, nanoseconds] = nativeHrtime(previous);
    const total = nanoseconds + (sinceMs() % 1000) * NANOSECONDS;
    const wholeSeconds = seconds + Math.trunc(sinceMs() / 1000) + Math.trunc(total / 1e9);
    return [wholeSeconds, Math.trunc(total % 1e9)];
  };
  process.hrtime = Object.assign(hrtime, { bigint });
  const nativeUptime = process.uptime.bind(process);
  process.uptime = () => nativeUptime() + sinceMs() / 1000;
}

import { matchesPattern } from '#base';
import type { FaultSpec, FaultTarget } from './fault.ts';

/** Whether a fault as `spec` asks for it is about `target`. */
export function isAbout(spec: FaultSpec, target: FaultTarget): boolean {
  const { host, path = '', method } = spec;
  const pathPattern = path.includes('*') ? path : `${path}*`;
  return (
    (method === undefined || method === target.method) &&
    matchesPattern(host, target.host) &&
    matchesPattern(pathPattern, target.path)
  );
}

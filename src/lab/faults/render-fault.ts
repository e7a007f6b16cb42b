import { renderDuration } from '#base';
import type { Fault, FaultEffect } from './fault.ts';

/** An effect in a few words, as the options of `keyferry lab fault add` say it. */
export function renderEffect(effect: FaultEffect): string {
  switch (effect.kind) {
    case 'status':
      return effect.retryAfterSeconds === undefined
        ? `status ${effect.status}`
        : `status ${effect.status}, retry after ${effect.retryAfterSeconds} s`;
    case 'latency':
      return `latency ${renderDuration(effect.delayMs)}`;
    case 'reset':
    case 'hang':
      break;
  }
  return effect.kind;
}

/** A fault in one line: whom it meets and how. */
export function renderFault({ id, host, path, method, effect }: Fault): string {
  return [`${id}:`, method, `${host}${path ?? ''}`, renderEffect(effect)].filter(Boolean).join(' ');
}

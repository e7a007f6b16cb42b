import type { Attempt, Trace } from '#lab/session';
import type { Palette } from '../terminal.ts';
import { renderAttempt, renderEnd, renderTraceHead } from './trace-text.ts';

/** Tells of a trace only what was not told before. */
export interface TraceFollower {
  /** Text to print; empty when nothing is new. */
  news(trace: Trace): string;
}

/** A follower that has told nothing yet. */
export function createTraceFollower(palette: Palette): TraceFollower {
  const told = new Map<string, number>();
  let head = '';
  let end = '';
  return {
    news(trace) {
      const lines: string[] = [];
      const attempts = trace.volumes.flatMap(({ volume, attempts: all }) => all.map((one) => ({ volume, one })));
      for (const { volume, one } of attempts) {
        const key = `${volume} ${one.firstAt}`;
        const times = told.get(key);
        told.set(key, one.times);
        // What is repeated is told again in one line.
        if (times === undefined) lines.push(renderAttempt(one, palette));
        else if (times < one.times) lines.push(renderAttempt(withoutHops(one), palette));
      }
      const nowHead = renderTraceHead(trace, palette);
      if (nowHead !== head) lines.unshift(nowHead);
      const nowEnd = trace.end === undefined ? '' : renderEnd(trace.end, palette, trace.ready);
      if (nowEnd !== end && nowEnd !== '') lines.push(nowEnd);
      head = nowHead;
      end = nowEnd;
      return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
    },
  };
}

function withoutHops(attempt: Attempt): Attempt {
  return { ...attempt, hops: [] };
}

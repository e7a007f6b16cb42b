import type { Log, LogFields } from '../log.ts';

/** One line that was logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that keeps its lines for a test to read. */
export interface MemoryLog extends Log {
  readonly lines: readonly LogLine[];
}

/** An empty {@link MemoryLog}. */
export function createMemoryLog(): MemoryLog {
  const lines: LogLine[] = [];
  const at = (base: LogFields): Log => {
    const write = (level: LogLine['level']) => (message: string, fields?: LogFields) => {
      lines.push({ level, message, fields: { ...base, ...fields } });
    };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => at({ ...base, ...fields }),
    };
  };
  return { ...at({}), lines };
}

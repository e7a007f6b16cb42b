import { pino, type Logger } from 'pino';
import { systemClock, type Log } from '#base';
import { createLogStream } from './log-stream.ts';

/** How a process logs. */
export interface ProcessLogOptions {
  /** The least level that is written: debug, info, warn or error. */
  readonly level: string;
}

/** The log of a process: JSON lines on stderr. What cannot be written there is lost, and holds nothing up. */
export function createProcessLog({ level }: ProcessLogOptions): Log {
  return wrap(
    pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, createLogStream({ clock: systemClock })),
  );
}

function wrap(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}

import type { ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import {
  createDisposeStack,
  errorText,
  toKeyferryError,
  VERSION,
  type DisposeStack,
  type KeyferryError,
  type Log,
  type LogFields,
} from '#base';
import { flagsWithoutEffect, parseFlags, renderFlags, type FlagTable, type FlagValues } from './flags.ts';
import type { PROCESS_FLAGS } from './process-flags.ts';
import { createProcessLog } from './process-log.ts';

/** Surroundings of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a process is started with. */
export interface ProcessContext<Table extends FlagTable> {
  readonly flags: FlagValues<Table>;
  readonly env: Environment;
  readonly log: Log;
  /** Takes what has to end with the process. */
  readonly stack: DisposeStack;
  /** Ends the process with exit code 1, so that whoever runs it starts it anew. */
  fail(error: KeyferryError): void;
}

/** A production process. */
export interface ProcessSpec<Table extends FlagTable & typeof PROCESS_FLAGS> {
  readonly flags: Table;
  /** What it is, as its log lines begin: `Driver`. */
  readonly title: string;
  readonly usage: string;
  readonly example: string;
  /** Starts it, and answers what the log says of it. */
  start(context: ProcessContext<Table>): Promise<LogFields>;
}

/**
 * Runs a process until SIGTERM or SIGINT, then lets go of all that it has, and answers the exit code: 0 for an end that was
 * asked for, help and version; 1 for a failure, which is logged; 2 for wrong flags.
 */
export async function runProcess<Table extends FlagTable & typeof PROCESS_FLAGS>(
  { flags: table, title, usage, example, start }: ProcessSpec<Table>,
  argv: readonly string[],
  env: Environment,
): Promise<number> {
  let flags: FlagValues<Table>;
  try {
    flags = parseFlags(table, argv);
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    return 2;
  }
  const { help, version, v }: FlagValues<typeof PROCESS_FLAGS> = flags;
  if (help || version) {
    process.stdout.write(help ? `${usage}\n${renderFlags(table)}\n\nExample:\n  ${example}\n` : `${VERSION}\n`);
    return 0;
  }
  const log = createProcessLog({ level: v >= 4 ? 'debug' : 'info' });
  for (const name of flagsWithoutEffect(table, flags)) {
    log.warn('A flag has no effect', { flag: `--${name}`, why: table[name]?.help });
  }
  const stack = createDisposeStack();
  try {
    const ended = endOfProcess();
    const about = await start({ flags, env, log, stack, fail: ended.fail });
    log.info(`${title} serves`, { ...about, version: VERSION });
    log.info(`${title} stops`, { signal: await ended.promise });
    return 0;
  } catch (error) {
    log.error(`${title} failed`, { code: toKeyferryError(error).code, error: errorText(error) });
    return 1;
  } finally {
    await stack[Symbol.asyncDispose]();
  }
}

/** Answers a request for /metrics. */
export function sendMetrics(registry: Registry, response: ServerResponse): void {
  registry.metrics().then(
    (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
    (error: unknown) => response.writeHead(500).end(errorText(error)),
  );
}

function endOfProcess(): { readonly promise: Promise<NodeJS.Signals>; readonly fail: (error: KeyferryError) => void } {
  let fail: (error: KeyferryError) => void = () => undefined;
  const promise = new Promise<NodeJS.Signals>((resolve, reject) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    fail = reject;
  });
  promise.catch(() => undefined); // it may be refused before anybody waits for it
  return { promise, fail };
}

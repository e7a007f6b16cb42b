import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock, systemRandom, toKeyferryError } from '#base';
import { cloudOnlySchema, startLab, stateFolder, type ReadyMessage } from '#lab/session';
import { createProcessLog } from './process-log.ts';

/** The descriptor on which whoever started the lab waits for one line: ready, or why not. */
const READY_DESCRIPTOR = 3;

/** Less than those wait who asked for the end. */
const END_WITHIN_MS = 8_000;

/**
 * The lab's own process, `keyferry lab-daemon`: started by `keyferry lab` and `keyferry demo` inside private namespaces (with --cloud-only without).
 * It ends on SIGTERM, SIGINT, a stop through the control interface, or, with --end-with-stdin, when its starter is gone.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      state: { type: 'string' },
      ephemeral: { type: 'boolean', default: false },
      'allow-internet': { type: 'boolean', default: false },
      'cloud-only': { type: 'string' },
      'end-with-stdin': { type: 'boolean', default: false },
    },
  });
  // Folders that users of containers pass through have the modes of an ordinary node, whatever the person's umask is;
  // what is the lab's alone is below its state folder, whose mode does not depend on it.
  process.umask(0o022);
  // Containers are set up with the node's own programs, which the PATH of the person who started it may not reach.
  process.env['PATH'] = withSystemFolders(process.env['PATH']);
  const level = process.env['KEYFERRY_LOG_LEVEL'] ?? 'info';
  const log = createProcessLog({ level });
  const upstreamProxy = process.env['HTTPS_PROXY'] ?? process.env['https_proxy'];
  const ended = endSignal(values['end-with-stdin']);
  try {
    const lab = await startLab({
      folder: stateFolder(values.state ?? ''),
      ephemeral: values.ephemeral,
      allowInternet: values['allow-internet'],
      cloudOnly:
        values['cloud-only'] === undefined ? undefined : cloudOnlySchema.parse(JSON.parse(values['cloud-only'])),
      upstreamProxy: values['allow-internet'] ? upstreamProxy : undefined,
      verbosity: level === 'debug' ? 4 : 0,
      clock: systemClock,
      random: systemRandom,
      log,
    });
    tellStarter({ ready: true, gatewayPort: lab.gatewayPort });
    log.info('The lab serves', { gatewayPort: lab.gatewayPort });
    await Promise.race([ended, lab.stopRequested]);
    log.info('The lab ends');
    const ending = new AbortController();
    const tooLong = systemClock.sleep(END_WITHIN_MS, { signal: ending.signal }).then(
      () => log.warn('The lab does not end by itself, and is ended', { afterMs: END_WITHIN_MS }),
      () => undefined,
    );
    // Whatever hangs: with this process, the kernel ends everything in its PID namespace.
    await Promise.race([lab[Symbol.asyncDispose](), tooLong]);
    ending.abort();
    return 0;
  } catch (error) {
    const { code, message, hint } = toKeyferryError(error);
    log.error('The lab failed', { code, error: message });
    tellStarter({ ready: false, code, message, ...(hint === undefined ? {} : { hint }) });
    return 1;
  } finally {
    // Handles of other areas must not keep process 1 of the namespace alive.
    setImmediate(() => process.exit());
  }
}

const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

function withSystemFolders(path = ''): string {
  const folders = path.split(':').filter((folder) => folder !== '');
  return [...folders, ...SYSTEM_FOLDERS.filter((folder) => !folders.includes(folder))].join(':');
}

function endSignal(withStdin: boolean): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
    if (withStdin) {
      process.stdin.once('close', () => resolve());
      process.stdin.resume();
    }
  });
}

function tellStarter(message: ReadyMessage): void {
  try {
    writeSync(READY_DESCRIPTOR, `${JSON.stringify(message)}\n`);
  } catch {
    // Nobody waits: it was started by hand.
  }
}

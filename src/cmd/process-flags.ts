import type { FlagOrigin, FlagTable } from './flags.ts';

const KLOG = { kind: 'text', default: '', help: 'of klog; logs are JSON lines on stderr', from: 'driver' } as const;

/** Flags that every production process has, klog's among them. */
export const PROCESS_FLAGS = {
  v: {
    kind: 'int',
    default: 0,
    help: 'verbosity; from 4 on, debug',
    group: 'process',
    from: 'driver',
    value: 'logVerbosity',
  },
  'log-format-json': {
    kind: 'bool',
    default: false,
    help: 'accepted; logs are JSON lines either way',
    group: 'process',
    from: 'driver',
    value: 'logFormatJSON',
  },
  version: { kind: 'bool', default: false, help: 'print the version and end', group: 'process', from: 'driver' },
  help: { kind: 'bool', default: false, help: 'print this and end', group: 'process', from: 'driver' },
  logtostderr: { ...KLOG, kind: 'bool', default: true, group: 'without effect' },
  alsologtostderr: { ...KLOG, kind: 'bool', default: false, group: 'without effect' },
  stderrthreshold: { ...KLOG, group: 'without effect' },
  vmodule: { ...KLOG, group: 'without effect' },
  log_dir: { ...KLOG, group: 'without effect' },
  log_file: { ...KLOG, group: 'without effect' },
  log_file_max_size: { ...KLOG, group: 'without effect' },
  log_backtrace_at: { ...KLOG, group: 'without effect' },
  one_output: { ...KLOG, kind: 'bool', default: false, group: 'without effect' },
  add_dir_header: { ...KLOG, kind: 'bool', default: false, group: 'without effect' },
  skip_headers: { ...KLOG, kind: 'bool', default: false, group: 'without effect' },
  skip_log_headers: { ...KLOG, kind: 'bool', default: false, group: 'without effect' },
} as const satisfies FlagTable;

/**
 * `--enable-pprof` and its port. Go's profiles have no counterpart that could be served: a heap snapshot of Node holds
 * every secret in clear text, and its inspector runs any code for whoever reaches the port.
 */
export function pprofFlags({ from, port }: { readonly from: FlagOrigin; readonly port: number }) {
  const help = 'a heap of Node would show secrets; profile with NODE_OPTIONS=--cpu-prof';
  return {
    'enable-pprof': { kind: 'bool', default: false, help, group: 'without effect', from: from },
    'pprof-port': { kind: 'int', default: port, help, group: 'without effect', from: from },
  } as const satisfies FlagTable;
}

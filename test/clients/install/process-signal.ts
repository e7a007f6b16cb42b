/** A signal that aborts with Ctrl-C or SIGTERM; the process then ends with the exit code of a program that they ended. */
export function signalOfProcess(): AbortSignal {
  const stop = new AbortController();
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      process.exitCode = exitCode;
      stop.abort();
    });
  }
  return stop.signal;
}

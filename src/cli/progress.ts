import type { Clock } from '#base';
import { palette, type Terminal } from './terminal.ts';

const FRAMES = ['|', '/', '-', '\\'];
/** Nobody wants to be told of what is done sooner. */
const SHOWN_AFTER_MS = 700;
const FRAME_MS = 120;

/** Does `work`, and on a terminal says meanwhile that it goes on, and for how long already; the line is gone after it. */
export async function withProgress<T>(
  { terminal, clock, what }: { readonly terminal: Terminal; readonly clock: Clock; readonly what: string },
  work: () => Promise<T>,
): Promise<T> {
  if (!terminal.interactive) return work();
  const done = new AbortController();
  const showing = show(terminal, clock, what, done.signal);
  try {
    return await work();
  } finally {
    done.abort();
    await showing;
  }
}

async function show(terminal: Terminal, clock: Clock, what: string, done: AbortSignal): Promise<void> {
  const { faint } = palette(terminal, 'err');
  const startMs = clock.monotonic();
  const wait = (ms: number) =>
    clock.sleep(ms, { signal: done }).then(
      () => true,
      () => false,
    );
  if (!(await wait(SHOWN_AFTER_MS))) return;
  for (let frame = 0; ; frame += 1) {
    const seconds = Math.floor((clock.monotonic() - startMs) / 1000);
    terminal.err(`\r${faint(`${FRAMES[frame % FRAMES.length]} ${what} … ${seconds} s`)}\u001B[K`);
    if (!(await wait(FRAME_MS))) break;
  }
  terminal.err('\r\u001B[K');
}

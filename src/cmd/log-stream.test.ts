import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../base/testing/index.ts';
import { createLogStream } from './log-stream.ts';

/** A disk or a pipe with room for so many bytes; without room it throws with `code`. */
function createSink(room: number, code: string) {
  const sink = { room, text: '', pauses: 0, onPause: () => undefined as void };
  const stream = createLogStream({
    clock: createFakeClock(),
    write: (bytes) => {
      if (sink.room === 0) throw Object.assign(new Error(code), { code });
      const part = bytes.subarray(0, sink.room);
      sink.room -= part.length;
      sink.text += Buffer.from(part).toString();
      return part.length;
    },
    pause: () => {
      sink.pauses += 1;
      sink.onPause();
    },
  });
  return { sink, write: (line: string) => stream.write(`${line}\n`), lines: () => sink.text.split('\n').slice(0, -1) };
}

const lostNote = (lost: number): unknown =>
  expect.stringMatching(
    new RegExp(`^\\{"level":40,"time":"[^"]+","lost":${lost},"msg":"Log lines could not be written"\\}$`),
  );

describe('the stream of a log', () => {
  it.each(['ENOSPC', 'EIO', 'EPIPE', 'EDQUOT'])('loses lines on %s, goes on, and says later how many', (code) => {
    const { sink, write, lines } = createSink('one\n'.length, code);
    for (const line of ['one', 'two', 'three']) write(line);
    expect(lines()).toEqual(['one']);
    sink.room = 1000;
    for (const line of ['four', 'five']) write(line);
    expect(lines()).toEqual(['one', lostNote(2), 'four', 'five']);
    expect(sink.pauses).toBe(0);
  });

  it('ends a line that was cut short before the next one', () => {
    const { sink, write, lines } = createSink(2, 'ENOSPC');
    write('{"msg":"one"}');
    sink.room = 1;
    write('two');
    sink.room = 1000;
    write('three');
    expect(lines()).toEqual(['{"', lostNote(2), 'three']);
  });

  it('waits for a reader that is slow', () => {
    const { sink, write, lines } = createSink(2, 'EAGAIN');
    sink.onPause = () => {
      sink.room = 1;
    };
    write('one');
    expect(lines()).toEqual(['one']);
  });

  it('waits once for a reader that reads no more', () => {
    const { sink, write } = createSink(0, 'EAGAIN');
    write('one');
    const { pauses } = sink;
    expect(pauses).toBeGreaterThan(0);
    for (const line of ['two', 'three']) write(line);
    expect(sink.pauses).toBe(pauses);
  });
});

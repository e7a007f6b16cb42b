import { describe, expect, it } from 'vitest';
import { KeyferryError } from '#base';
import { createFakeClock, createFakeRandom, createMemoryLog } from '../base/testing/index.ts';
import { createEventRecorder } from './events.ts';
import { RESOURCES } from './resources.ts';
import { createFakeKubeClient } from './testing/index.ts';

const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u1' };

function setUp() {
  const client = createFakeKubeClient();
  const clock = createFakeClock();
  const log = createMemoryLog();
  const recorder = createEventRecorder({
    client,
    clock,
    log,
    random: createFakeRandom(),
    component: 'driver',
    host: 'n1',
  });
  return { client, clock, log, recorder, events: () => client.all(RESOURCES.events) };
}

describe('an event recorder', () => {
  it('writes an event on the object', async () => {
    const { recorder, events } = setUp();
    recorder.record(pod, 'Warning', 'Failed', 'why');
    await recorder.flush();
    expect(events()).toMatchObject([
      {
        kind: 'Event',
        involvedObject: pod,
        type: 'Warning',
        reason: 'Failed',
        message: 'why',
        source: { component: 'driver', host: 'n1' },
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
        metadata: { namespace: 'shop', name: expect.stringMatching(/^web\.[a-z0-9]{16}$/) },
      },
    ]);
  });

  it('counts equal events in one object, for ten minutes after the last', async () => {
    const { recorder, events, clock } = setUp();
    for (let visit = 0; visit < 3; visit += 1) {
      recorder.record(pod, 'Warning', 'Failed', 'why');
      await recorder.flush();
      await clock.advance(599_000);
    }
    expect(events()).toMatchObject([{ count: 3, lastTimestamp: '2026-01-01T00:19:58Z' }]);
    await clock.advance(1000);
    recorder.record(pod, 'Warning', 'Failed', 'why');
    recorder.record(pod, 'Warning', 'Failed', 'another reason');
    await recorder.flush();
    expect(events().map(({ count }) => count)).toEqual([3, 1, 1]);
  });

  it('writes a new event when the counted one has expired', async () => {
    const { recorder, client, events } = setUp();
    recorder.record(pod, 'Normal', 'A', 'b');
    await recorder.flush();
    await client.delete(RESOURCES.events, { namespace: 'shop', name: events()[0]?.metadata.name ?? '' });
    recorder.record(pod, 'Normal', 'A', 'b');
    await recorder.flush();
    expect(events()).toMatchObject([{ count: 1 }]);
  });

  it('holds back an object that has too many, and not the others', async () => {
    const { recorder, events, clock } = setUp();
    const burst = () => {
      for (let number = 0; number < 40; number += 1) recorder.record(pod, 'Normal', 'A', String(clock.now() + number));
    };
    burst();
    recorder.record({ ...pod, uid: 'u2' }, 'Normal', 'A', 'b');
    await recorder.flush();
    expect(events()).toHaveLength(26);
    await clock.advance(600_000);
    burst();
    await recorder.flush();
    expect(events()).toHaveLength(28);
  });

  it('never throws: what cannot be written is logged', async () => {
    const { recorder, client, log } = setUp();
    client.intercept = () => {
      throw new KeyferryError('permission-denied', 'forbidden');
    };
    recorder.record(pod, 'Normal', 'A', 'b');
    await recorder.flush();
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { error: 'forbidden' } }]);
  });

  it('keeps events while the API server is away, in their order and with the time at which they happened', async () => {
    const { recorder, client, clock, events } = setUp();
    client.intercept = () => {
      throw new KeyferryError('unavailable', 'connection refused');
    };
    recorder.record(pod, 'Warning', 'Failed', 'why');
    recorder.record(pod, 'Normal', 'Recovered', 'well');
    await clock.advance(60_000);
    expect(events()).toEqual([]);
    client.intercept = () => undefined;
    await clock.advance(10_000);
    await recorder.flush();
    expect(events().map(({ reason, count, firstTimestamp }) => ({ reason, count, firstTimestamp }))).toEqual([
      { reason: 'Failed', count: 1, firstTimestamp: '2026-01-01T00:00:00Z' },
      { reason: 'Recovered', count: 1, firstTimestamp: '2026-01-01T00:00:00Z' },
    ]);
  });

  it('is one event where the answer to its first try got lost', async () => {
    const { recorder, client, clock, events } = setUp();
    const { create } = client;
    const losesAnswer: typeof create = async (...request) => {
      await create(...request);
      client.create = create;
      throw new KeyferryError('unavailable', 'connection reset');
    };
    client.create = losesAnswer;
    recorder.record(pod, 'Warning', 'Failed', 'why');
    await clock.advance(1);
    await clock.advance(20_000);
    recorder.record(pod, 'Warning', 'Failed', 'why');
    await recorder.flush();
    expect(events()).toMatchObject([{ count: 2 }]);
  });

  it('waits for nobody when it ends, and asks an API server that is away once more', async () => {
    const { recorder, client, log } = setUp();
    let asked = 0;
    client.intercept = () => {
      asked += 1;
      throw new KeyferryError('unavailable', 'connection refused');
    };
    for (let number = 0; number < 5; number += 1) recorder.record(pod, 'Normal', 'A', String(number));
    await recorder[Symbol.asyncDispose]();
    expect(asked).toBeLessThanOrEqual(2);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(5);
  });

  it('cuts a message at the length that the API server takes', async () => {
    const { recorder, events } = setUp();
    recorder.record(pod, 'Normal', 'A', 'x'.repeat(5000));
    await recorder.flush();
    expect(events()[0]?.['message']).toHaveLength(1024);
  });
});

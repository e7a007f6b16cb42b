import { describe, expect, it } from 'vitest';
import { parseFaultOptions, type FaultAddChoice } from './fault-command.ts';

const host = '*.vault.azure.net';

describe('the options of lab fault add', () => {
  it.each<[FaultAddChoice, object]>([
    [
      { host, status: '429', retryAfter: '5' },
      { host, effect: { kind: 'status', status: 429, retryAfterSeconds: 5 } },
    ],
    [
      { host, latency: '2s' },
      { host, effect: { kind: 'latency', delayMs: 2000 } },
    ],
    [
      { host, path: '/secrets', method: 'GET', reset: true, times: '2' },
      { host, path: '/secrets', method: 'GET', effect: { kind: 'reset' }, times: 2 },
    ],
    [
      { cluster: 'c', hang: true, for: '10m' },
      { cluster: 'c', effect: { kind: 'hang' }, forMs: 600_000 },
    ],
  ])('%j ask for that fault', (options, expected) => {
    expect(parseFaultOptions(options)).toEqual(expected);
  });

  it.each<[FaultAddChoice, RegExp]>([
    [{ host }, /one of --status, --latency, --reset and --hang says what goes wrong/],
    [{ host, reset: true, hang: true }, /one of --status, --latency, --reset and --hang, not reset and hang/],
    [{ host, status: '503', latency: '2s' }, /not status and latency/],
    [{ host, status: 'teapot' }, /--status: "teapot" is no whole number/],
    [{ host, status: '200' }, /--status: 200 is no error: 400 to 599/],
    [{ host, status: '429', retryAfter: '5s' }, /--retry-after: "5s" is no whole number/],
    [{ host, hang: true, retryAfter: '5' }, /--retry-after: goes with --status/],
    [{ host, latency: '2' }, /^wrong options: --latency: "2" is no duration: write 500ms, 2s, 10m or 1h30m$/],
    [{ host, latency: '0' }, /--latency: "0" is no duration/],
    [{ host, hang: true, for: 'ever' }, /--for: "ever" is no duration/],
    [{ host, hang: true, times: '0' }, /--times: is at least 1/],
    [{ hang: true }, /either --host or --cluster says where/],
    [{ host, cluster: 'c', hang: true }, /either --host or --cluster says where/],
  ])('%j are refused', (options, text) => {
    expect(() => parseFaultOptions(options)).toThrow(
      expect.objectContaining({ code: 'invalid-input', message: expect.stringMatching(text) }),
    );
  });

  it('are refused with everything that is wrong at once', () => {
    expect(() => parseFaultOptions({ status: 'x', times: 'y' })).toThrow(
      /--status: "x" is no whole number.*--host or --cluster.*--times: "y"/,
    );
  });
});

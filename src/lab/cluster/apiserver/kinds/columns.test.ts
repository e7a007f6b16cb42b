import { describe, expect, it } from 'vitest';
import { renderAge } from './columns.ts';
import { evaluateJsonPath, parseJsonPath } from './json-path.ts';
import { POD_COLUMNS, podState } from './pod-columns.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

it.each([
  [0, '0s'],
  [119 * SECOND, '119s'],
  [2 * MINUTE, '2m'],
  [2 * MINUTE + 5 * SECOND, '2m5s'],
  [10 * MINUTE + 5 * SECOND, '10m'],
  [179 * MINUTE, '179m'],
  [3 * HOUR + 4 * MINUTE, '3h4m'],
  [9 * HOUR, '9h'],
  [2 * DAY + 3 * HOUR, '2d3h'],
  [40 * DAY, '40d'],
  [730 * DAY + 10 * DAY, '2y10d'],
  [8 * 365 * DAY, '8y'],
])('an age of %d ms is %s', (ageMs, text) => {
  expect(renderAge(0, ageMs)).toBe(text);
});

describe("a printer column's path", () => {
  const object = {
    spec: {
      a: { 'b.c': 1 },
      list: [
        { type: 'X', status: 'no' },
        { type: 'Ready', status: 'yes' },
      ],
    },
  };
  it.each([
    ['.spec.list[0].type', ['X']],
    ['.spec.list[-1].type', ['Ready']],
    ['.spec.list[*].type', ['X', 'Ready']],
    ['.spec.list[?(@.type=="Ready")].status', ['yes']],
    ['.spec.a.b\\.c', [1]],
    [".spec.a['b.c']", [1]],
    ['.spec.missing.x', []],
    ['???', []],
  ])('%s leads to %j', (path, expected) => {
    expect(evaluateJsonPath(parseJsonPath(path), object)).toEqual(expected);
  });
});

describe("a pod's state", () => {
  const pod = (status: object, metadata: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...metadata },
    spec: { containers: [{ name: 'c' }], initContainers: [{ name: 'i' }] },
    status,
  });
  const container = (state: object, ready = false) => ({ name: 'c', ready, state });

  it.each([
    ['Pending', pod({ phase: 'Pending' })],
    ['Running', pod({ phase: 'Running', containerStatuses: [container({ running: {} }, true)] })],
    [
      'ContainerCreating',
      pod({ phase: 'Pending', containerStatuses: [container({ waiting: { reason: 'ContainerCreating' } })] }),
    ],
    [
      'Completed',
      pod({ phase: 'Succeeded', containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })] }),
    ],
    ['ExitCode:3', pod({ phase: 'Failed', containerStatuses: [container({ terminated: { exitCode: 3 } })] })],
    ['Init:0/1', pod({ phase: 'Pending', initContainerStatuses: [container({ running: {} })] })],
    [
      'Init:Error',
      pod({ phase: 'Pending', initContainerStatuses: [container({ terminated: { exitCode: 1, reason: 'Error' } })] }),
    ],
    ['Terminating', pod({ phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['Evicted', pod({ phase: 'Failed', reason: 'Evicted' })],
    [
      'Completed',
      pod(
        { phase: 'Succeeded', containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })] },
        { deletionTimestamp: '2026-01-01T00:00:00Z' },
      ),
    ],
    [
      'SchedulingGated',
      pod({
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
      }),
    ],
  ])('is %s', (expected, object) => {
    expect(podState(object)).toBe(expected);
  });

  describe('with a sidecar', () => {
    const shows = (status: object) => {
      const object = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: {
          containers: [{ name: 'c' }],
          initContainers: [{ name: 'side', restartPolicy: 'Always' }, { name: 'i' }],
        },
        status,
      };
      return POD_COLUMNS.slice(1, 4).map(({ cell }) => cell(object, 0));
    };
    const running = (name: string, started = true) => ({
      name,
      state: { running: {} },
      started,
      ready: started,
      restartCount: 1,
    });
    const ended = (name: string, exitCode = 0) => ({
      name,
      state: { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' } },
      started: false,
      ready: exitCode === 0,
      restartCount: 0,
    });
    const initialized = { conditions: [{ type: 'Initialized', status: 'True' }] };

    it.each([
      [
        'that has not started',
        ['0/2', 'Init:0/2', '1'],
        { phase: 'Pending', initContainerStatuses: [running('side', false)] },
      ],
      [
        'that runs while the next one initializes',
        ['1/2', 'Init:1/2', '2'],
        { phase: 'Pending', initContainerStatuses: [running('side'), running('i', false)] },
      ],
      [
        'that runs beside the others',
        ['2/2', 'Running', '2'],
        {
          ...initialized,
          phase: 'Running',
          initContainerStatuses: [running('side'), ended('i')],
          containerStatuses: [running('c')],
        },
      ],
      [
        'that was killed at the end',
        ['0/2', 'Completed', '0'],
        {
          ...initialized,
          phase: 'Succeeded',
          initContainerStatuses: [ended('side', 137), ended('i')],
          containerStatuses: [{ ...ended('c'), ready: false }],
        },
      ],
    ])('%s', (_, expected, status) => {
      expect(shows(status)).toEqual(expected);
    });
  });
});

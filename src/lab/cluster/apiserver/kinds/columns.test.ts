import { describe, expect, it } from 'vitest';
import { renderAge } from './columns.ts';
import { evaluateJsonPath, parseJsonPath } from './json-path.ts';
import { podState } from './pod-columns.ts';

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
  ])('is %s', (expected, object) => {
    expect(podState(object)).toBe(expected);
  });
});

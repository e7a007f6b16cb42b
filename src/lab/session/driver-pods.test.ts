import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Pod } from '#kube';
import { driverPods, driverState, readDriverLogs } from './driver-pods.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyferry-driver-pods-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface State {
  readonly is: 'running' | 'waiting';
  readonly ready?: boolean;
  readonly restarts?: number;
  readonly terminating?: boolean;
}

function pod(name: string, image: string, { is, ready = false, restarts = 0, terminating }: State): Pod {
  return {
    metadata: {
      name,
      namespace: 'kube-system',
      uid: `uid-${name}`,
      ...(terminating && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: { containers: [{ name: 'secrets-store', image }] },
    status: {
      containerStatuses: [
        {
          name: 'secrets-store',
          image,
          imageID: '',
          ready,
          restartCount: restarts,
          state: is === 'running' ? { running: { startedAt: '2026-01-01T00:00:00Z' } } : { waiting: {} },
        },
      ],
    },
  };
}
const IMAGE = 'ghcr.io/keyferry/keyferry:1';

describe('the state of the driver', () => {
  const cases: readonly [string, readonly State[], { wanted?: boolean; registered?: boolean }, string][] = [
    ['nothing is installed', [], {}, 'off'],
    ['the add-on is on, and has no pod yet', [], { wanted: true }, 'starting'],
    ['it starts', [{ is: 'running' }], { wanted: true }, 'starting'],
    ['kubelet knows it', [{ is: 'running' }], { registered: true }, 'running'],
    ['it is ready', [{ is: 'running', ready: true }], {}, 'running'],
    [
      'it waits to be started again, and its socket is there still',
      [{ is: 'waiting', restarts: 2 }],
      { registered: true },
      'restarting',
    ],
    ['it is being taken away', [{ is: 'running', ready: true, terminating: true }], { registered: true }, 'off'],
    [
      'the next one of an update starts',
      [{ is: 'running', ready: true, terminating: true }, { is: 'waiting' }],
      { wanted: true },
      'starting',
    ],
  ];
  it.each(cases)('%s', (_what, states, { wanted = false, registered = false }, expected) => {
    const pods = states.map((state, index) => pod(`p${index}`, IMAGE, state));
    expect(driverState(pods, { wanted, registered })).toBe(expected);
  });

  it('is about pods of the image, whoever has installed them and from which registry', async () => {
    const items = [
      pod('addon', IMAGE, { is: 'running' }),
      pod('mirrored', 'registry.test/copies/keyferry', { is: 'running' }),
      pod('nginx', 'nginx', { is: 'running' }),
    ];
    const api = { list: () => Promise.resolve({ items }) } as unknown as Parameters<typeof driverPods>[0];
    expect((await driverPods(api)).map(({ metadata }) => metadata?.name)).toEqual(['addon', 'mirrored']);
  });
});

describe('the logs of the drivers', () => {
  const write = (file: string, changed: string, ...entries: string[]) => {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, entries.map((entry) => `${entry}\n`).join(''));
    utimesSync(path, new Date(changed), new Date(changed));
  };

  it('are read of all their lives, in the order of the times, with lines that were cut put together', async () => {
    const pods = ['old', 'new', 'silent'].map((name) => pod(name, IMAGE, { is: 'running' }));
    const at = (second: number) => `2026-01-01T00:00:0${second}.000000000Z stderr`;
    write('kube-system_old_uid-old/secrets-store/0.log', '2026-01-01T00:00:01Z', `${at(0)} F one`, `${at(1)} F two`);
    write('kube-system_old_uid-old/secrets-store/1.log', '2026-01-01T00:00:05Z', `${at(3)} F four`, `${at(5)} F six`);
    write(
      'kube-system_new_uid-new/secrets-store/0.log',
      '2026-01-01T00:00:06Z',
      'the end of a line',
      `${at(2)} P th`,
      `${at(2)} F reé`,
      `${at(4)} F five`,
    );
    write('kube-system_new_uid-new/other/0.log', '2026-01-01T00:00:09Z', `${at(9)} F of another container`);
    expect(await readDriverLogs(folder, pods)).toBe('one\ntwo\nthreé\nfour\nfive\nsix');
  });

  it('are empty where there are none', async () => {
    expect(await readDriverLogs(join(folder, 'nowhere'), [pod('p', IMAGE, { is: 'running' })])).toBe('');
  });
});

// oxlint-disable vitest/no-standalone-expect -- fuzz() makes tests of these functions
import { gzipSync } from 'node:zlib';
import { oneof, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzz } from '../../../base/testing/fuzz.ts';
import { hostileJson, mutatedText } from '../../../base/testing/hostile.ts';
import { releaseRecord, RELEASE } from '../testing/upstream-objects.ts';
import { readHelmRelease } from './helm-release.ts';

const written = (releaseRecord({ releaseValues: { a: 1 } }).object['data'] as { release: string }).release;
const pack = (text: string | Buffer) => Buffer.from(Buffer.from(text).toString('base64')).toString('base64');

describe('the record of a Helm release', () => {
  it('is read without the values that a person gave', () => {
    expect(readHelmRelease(written)).toEqual({
      name: RELEASE.name,
      namespace: RELEASE.namespace,
      chart: { name: RELEASE.chart, version: RELEASE.version },
    });
  });

  it.each([
    ['nothing', ''],
    ['what is no base64', '%%%'],
    ['JSON of something else', pack('[]')],
    ['a gzip that is cut', pack(gzipSync('{"name":"a"}').subarray(0, 12))],
    ['a gzip of many zeros', pack(gzipSync(Buffer.alloc(64 * 2 ** 20)))],
  ])('is none where there is %s', (_what, data) => {
    expect(readHelmRelease(data)).toBeUndefined();
  });

  fuzz(
    'is read or is none, whatever stands in the Secret',
    oneof(
      mutatedText([written]),
      hostileJson(['name', 'namespace', 'chart', 'metadata', 'version', 'config']).map((value) =>
        pack(gzipSync(JSON.stringify(value) ?? '')),
      ),
      string().map(pack),
    ),
    { inputs: 200, seed: 733 },
    (data) => {
      const release = readHelmRelease(data);
      if (release !== undefined) expect(typeof release.name).toBe('string');
    },
  );
});

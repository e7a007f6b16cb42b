import { describe, expect, it } from 'vitest';
import { resourcePath, RESOURCES } from './resources.ts';

describe('the path of an object', () => {
  it('keeps whatever is in its name within its name', () => {
    expect(resourcePath(RESOURCES.secrets, { namespace: 'a', name: 'b/../c?d#e%2e' })).toBe(
      '/api/v1/namespaces/a/secrets/b%2F..%2Fc%3Fd%23e%252e',
    );
  });

  it.each(['', '.', '..'])('is not that of another one: %j', (name) => {
    expect(() => resourcePath(RESOURCES.secrets, { namespace: 'a', name })).toThrow('is no name');
    expect(() => resourcePath(RESOURCES.secrets, { namespace: name, name: 'a' })).toThrow('is no name');
  });
});

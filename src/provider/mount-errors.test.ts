import { describe, expect, it } from 'vitest';
import { errorText, KeyferryError, type Issue } from '#base';
import { fetchError, mountInputError } from './mount-errors.ts';

const issue = (change: Partial<Issue> = {}): Issue => ({ path: 'spec.parameters.tenantID', message: 'why', ...change });
const secret = (name: string) => ({ type: 'secret', name, version: undefined }) as const;

describe('the error of a mount whose input is wrong', () => {
  it('names the class, then every issue with its place and line', () => {
    const attributes = { secretProviderClass: 'db', 'csi.storage.k8s.io/pod.namespace': 'shop' };
    const issues = [issue(), issue({ path: 'spec.parameters.objects[1]', line: 4 })];
    expect(mountInputError(issues, attributes)).toMatchObject({
      code: 'invalid-input',
      issues,
      message:
        'failed to mount objects, error: secretproviderclass shop/db: spec.parameters.tenantID: why; spec.parameters.objects[1] (line 4): why',
    });
  });

  it('is as long as an event has room for, and says how much is left out', () => {
    const { message } = mountInputError(Array.from({ length: 50 }, () => issue({ message: 'w'.repeat(60) })));
    expect(message.length).toBeLessThan(850);
    expect(message).toMatch(/; and \d+ more$/);
  });

  it('keeps the first issue however long it is, but not all of it', () => {
    const { message } = mountInputError([issue({ message: 'w'.repeat(9000) }), issue()]);
    expect(message.length).toBeLessThan(850);
    expect(message).toMatch(/w … w+; spec\.parameters\.tenantID: why$/);
  });
});

describe('the error of objects that could not be had', () => {
  const refused = (reason: string, hint?: string) =>
    new KeyferryError('permission-denied', reason, {
      upstreamCode: 'Forbidden',
      ...(hint === undefined ? {} : { hint }),
    });

  it('says a common reason once, names each object, and what helps', () => {
    const error = refused('reading from the vault: no', 'give it the permission');
    expect(fetchError([secret('one'), secret('two')].map((object) => ({ object, error })))).toMatchObject({
      code: 'permission-denied',
      upstreamCode: 'Forbidden',
      message:
        'failed to mount objects, error: failed to get objectType:secret, objectName:one, objectVersion:; ' +
        'objectType:secret, objectName:two, objectVersion:: reading from the vault: no (give it the permission)',
    });
  });

  it('cuts a long reason, never what helps', () => {
    const error = refused(`begin ${'r'.repeat(3000)} end`, 'what helps');
    const told = errorText(fetchError([{ object: secret('one'), error }]));
    expect(told.length).toBeLessThan(850);
    expect(told).toMatch(/: begin r+ … r+ end \(what helps\)$/);
  });

  it('has room for many objects with reasons of their own, and says how many it leaves out', () => {
    const failed = Array.from({ length: 30 }, (_, index) => ({
      object: secret(`s${index}`),
      error: refused(`${index} ${'r'.repeat(500)}`),
    }));
    const { message } = fetchError(failed);
    expect(message.length).toBeLessThan(850);
    expect(message).toContain('objectName:s0,');
    expect(message).toMatch(/; and \d+ more$/);
  });

  it('counts the objects of one reason beyond the first five', () => {
    const error = refused('no');
    const { message } = fetchError(Array.from({ length: 9 }, (_, index) => ({ object: secret(`s${index}`), error })));
    expect(message).toContain('objectName:s4, objectVersion:; 4 more: no');
  });

  it.each(['unavailable', 'resource-exhausted'] as const)(
    "is no %s to the driver: that is the provider's own",
    (code) => {
      const error = new KeyferryError(code, 'busy', { retryAfterMs: 7000 });
      expect(fetchError([{ object: secret('one'), error }])).toMatchObject({ code: 'unknown', retryAfterMs: 7000 });
    },
  );
});

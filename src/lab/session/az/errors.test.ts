import { describe, expect, it } from 'vitest';
import { httpError } from './errors.ts';

const azure = (error: object) => JSON.stringify({ error });

describe('an error answer of Azure', () => {
  const cases: [what: string, status: number, body: string, message: string, exitCode: number][] = [
    [
      'ARM’s refusal of a vault name',
      400,
      azure({ code: 'VaultNameNotValid', message: 'The vault name is invalid.' }),
      '(VaultNameNotValid) The vault name is invalid.\nCode: VaultNameNotValid\nMessage: The vault name is invalid.',
      1,
    ],
    [
      'something that is not there',
      404,
      azure({ code: 'ResourceNotFound', message: 'gone' }),
      '(ResourceNotFound) gone\nCode: ResourceNotFound\nMessage: gone',
      3,
    ],
    [
      'Key Vault’s inner error',
      403,
      azure({ code: 'Forbidden', message: 'no', innererror: { code: 'ForbiddenByPolicy' } }),
      '(Forbidden) no\nCode: Forbidden\nMessage: no\nInner error: {\n    "code": "ForbiddenByPolicy"\n}',
      1,
    ],
    [
      'a target and details',
      400,
      azure({ code: 'A', message: 'a', target: 't', details: [{ code: 'B', message: 'b' }] }),
      '(A) a\nCode: A\nMessage: a\nTarget: t\nException Details:\t(B) b\n\tCode: B\n\tMessage: b',
      1,
    ],
    ['an error without the envelope', 400, '{"code":"A","message":"a"}', '(A) a\nCode: A\nMessage: a', 1],
    ['no JSON at all', 502, 'Bad gateway', "Operation returned an invalid status '502'\nContent: Bad gateway", 1],
    ['no body', 500, '', "Operation returned an invalid status '500'", 1],
  ];
  it.each(cases)('%s', (_what, status, body, message, exitCode) => {
    expect(httpError(status, body)).toMatchObject({ message, exitCode, status });
  });
});

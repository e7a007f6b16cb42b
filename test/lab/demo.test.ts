import { describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { createPerson } from '../support/keyferry.ts';
import { namespaceCommand } from '../support/namespaces.ts';

const isRoot = process.getuid?.() === 0;
const PEOPLE = isRoot ? (['self', 'ordinary-user'] as const) : (['self'] as const);

describe('keyferry demo', () => {
  it.for(PEOPLE)('walks the secret into both pods and tells how (%s)', { timeout: 60_000 }, async (kind, { skip }) => {
    if (kind === 'ordinary-user' && 'missing' in namespaceCommand(kind)) skip('user namespaces cannot be had here');
    await using person = await createPerson(kind);
    const startedMs = systemClock.monotonic();
    const { exitCode, out, err } = await person.keyferry('demo');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    for (const told of [
      /issuer +https:\/\/eastus\.oic\.prod-aks\.azure\.com\/[0-9a-f-]{36}\/[0-9a-f-]{36}\/\n/,
      /subject +system:serviceaccount:default:reader\n/,
      /audience +api:\/\/AzureADTokenExchange\n/,
      /the file holds “Hello from Key Vault”/,
      /the Secret holds “Hello from Key Vault”/,
      /the variable holds “Hello from Key Vault”/,
    ]) {
      expect(out).toMatch(told);
    }
    // Not a terminal: no colours.
    expect(out).not.toContain('\u001B[');
    console.info(`the demo took ${Math.round(systemClock.monotonic() - startedMs)} ms`);
  });
});

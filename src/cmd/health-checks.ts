import type { ServerResponse } from 'node:http';
import { errorText } from '#base';

/** One thing that must hold; `check` throws when it does not. */
export interface HealthCheck {
  readonly name: string;
  check(): Promise<void>;
}

/**
 * Runs all checks and answers a probe: 200 when all hold, else 503; the body tells each on a line, as Kubernetes' own
 * programs do (`[+]csi-socket ok`).
 */
export async function answerProbe(checks: readonly HealthCheck[], response: ServerResponse): Promise<void> {
  const failures = await Promise.all(
    checks.map(({ check }) =>
      check().then(
        () => undefined,
        (error: unknown) => errorText(error),
      ),
    ),
  );
  const lines = checks.map(({ name }, index) =>
    failures[index] === undefined ? `[+]${name} ok` : `[-]${name} failed: ${failures[index]}`,
  );
  const healthy = failures.every((failure) => failure === undefined);
  response.writeHead(healthy ? 200 : 503, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${[...lines, healthy ? 'ok' : 'not ok'].join('\n')}\n`);
}

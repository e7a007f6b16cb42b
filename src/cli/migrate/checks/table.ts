import { addon } from './addon.ts';
import type { Check, Finding, Scene, Weight } from './check.ts';
import { WEIGHTS } from './check.ts';
import { classRefused } from './class-refused.ts';
import { cloudFile } from './cloud-file.ts';
import { definitionsGo } from './crds.ts';
import { environment } from './environment.ts';
import { flagsWithoutEffect } from './flags.ts';
import { foreignSecret } from './foreign-secret.ts';
import { metrics } from './metrics.ts';
import { nodeNetwork } from './node-network.ts';
import { oneFileTwice } from './one-file-twice.ts';
import { otherProviders } from './other-providers.ts';
import { runningPods } from './pods.ts';
import { rbac } from './rbac.ts';
import { rotation } from './rotation.ts';
import { secretSync } from './secret-sync.ts';
import { tokenRequests } from './token-requests.ts';
import { unread } from './unread.ts';
import { versionHistory } from './version-history.ts';
import { windowsNodes } from './windows-nodes.ts';

/** All checks by the ids of their findings, in the order of the report; docs/migration.md has a row for each. */
export const CHECKS = {
  'not-readable': unread,
  'aks-addon': addon,
  'windows-nodes': windowsNodes,
  'definitions-would-go': definitionsGo,
  'class-refused': classRefused,
  'one-file-twice': oneFileTwice,
  'foreign-secret': foreignSecret,
  'cloud-file': cloudFile,
  'node-network': nodeNetwork,
  'version-history': versionHistory,
  'token-requests': tokenRequests,
  rotation,
  'secret-sync': secretSync,
  environment,
  metrics,
  'flags-without-effect': flagsWithoutEffect,
  rbac,
  'other-providers': otherProviders,
  'running-pods': runningPods,
} as const satisfies Readonly<Record<string, Check>>;

/** What all checks find, the heaviest first. */
export function runChecks(scene: Scene): Finding[] {
  const findings = Object.entries<Check>(CHECKS).flatMap(([id, check]) => {
    const found = check.find(scene);
    if (found === undefined) return [];
    const { weight, meaning, mend } = check;
    return [{ id, weight, meaning, mend: found.mend ?? mend, evidence: found.evidence }];
  });
  const order = (weight: Weight) => WEIGHTS.indexOf(weight);
  return findings.sort((a, b) => order(a.weight) - order(b.weight));
}

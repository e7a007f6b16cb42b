import { join } from 'node:path';
import type { Client } from './client.ts';
import { outputOf } from './programs.ts';

const MODULE = 'github.com/kubernetes-csi/csi-test/v5';
const VERSION = 'v5.6.0';

/** csi-sanity, the conformance tests of CSI drivers. */
export const csiSanity: Client = {
  name: 'csi-sanity',
  summary: `csi-sanity ${VERSION} (Go module proxy; about a minute)`,
  inputs: [MODULE, VERSION],
  async missing() {
    return outputOf('go', ['version']).then(
      () => undefined,
      () => 'no go on the PATH',
    );
  },
  install: (folder, run) =>
    run('go', ['install', '-trimpath', `${MODULE}/cmd/csi-sanity@${VERSION}`], {
      env: { CGO_ENABLED: '0', GOBIN: folder, GOFLAGS: '-buildvcs=false' },
    }),
  programs: { 'csi-sanity': 'csi-sanity' },
  async version(folder) {
    const built = await outputOf('go', ['version', '-m', join(folder, 'csi-sanity')]);
    return `csi-sanity ${new RegExp(`\\smod\\s${MODULE}\\s(\\S+)`).exec(built)?.[1] ?? '?'}`;
  },
};

import type { IDENTITY_CAUSES } from './causes-identity.ts';
import type { Scene } from './scene.ts';

/** How each of {@link IDENTITY_CAUSES} is made and mended. */
export const IDENTITY_SCENES: Readonly<Record<(typeof IDENTITY_CAUSES)[number]['id'], Scene>> = {
  'credential-none': {
    credential: () => null,
    mend: (stage) => stage.putCredential(),
  },
  'subject-case': {
    credential: ({ credential }) => ({ subject: credential.subject.replace('subject', 'Subject') }),
    values: ({ credential }) => ({ subject: credential.subject }),
    mend: (stage) => stage.putCredential(),
  },
  'issuer-slash': {
    credential: ({ credential }) => ({ issuer: credential.issuer.slice(0, -1) }),
    values: ({ credential }) => ({ issuer: credential.issuer }),
    mend: (stage) => stage.putCredential(),
  },
};

// `npm run setup:cluster [-- --version 1.34] [--within 15m]`: what `npm run test:cluster` runs on, made once.
import { signalOfProcess } from '../../clients/install/process-signal.ts';
import { optionsOfProcess } from './options.ts';
import { setUp } from './set-up.ts';

const signal = signalOfProcess();
await setUp({ ...optionsOfProcess(), signal }).catch((error: unknown) => {
  if (!signal.aborted) throw error;
});

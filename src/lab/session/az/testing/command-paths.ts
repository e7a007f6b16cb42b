import { COMMANDS } from '../commands/index.ts';

/** The paths of the stand-in's commands: `identity federated-credential create`. */
export const COMMAND_PATHS: readonly string[] = COMMANDS.map(({ path }) => path);

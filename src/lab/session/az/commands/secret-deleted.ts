import type { CommandSpec } from '../command.ts';
import { plainFailure, shapeDeleted, shapeListedDeleted, shapeSecret } from './secret-shape.ts';
import { mostResults, secretOptions, secretPlace, vaultOptions, vaultPlace } from './vault-lookup.ts';

const PLACE_EXAMPLE = '--vault-name demo-vault --name demo-secret';

/** `az keyvault secret …` for what was deleted and can be had back until its retention is over. */
export const deletedSecretCommands: readonly CommandSpec[] = [
  {
    path: 'keyvault secret list-deleted',
    summary: 'List the deleted secrets of a vault.',
    options: [...vaultOptions, mostResults],
    example: 'keyvault secret list-deleted --vault-name demo-vault --output table',
    run: async (context, args) => {
      const data = await context.vaultData();
      const deleted = await data.list(vaultPlace(args), '/deletedsecrets').catch(plainFailure);
      return deleted.slice(0, args.integer('most')).map(shapeListedDeleted);
    },
  },
  {
    path: 'keyvault secret show-deleted',
    summary: 'Show a deleted secret, without its value.',
    options: secretOptions,
    example: `keyvault secret show-deleted ${PLACE_EXAMPLE}`,
    run: async (context, args) => {
      const place = secretPlace(args);
      const data = await context.vaultData();
      return shapeDeleted(await data.send('GET', place.vaultUrl, `/deletedsecrets/${place.name}`).catch(plainFailure));
    },
  },
  {
    path: 'keyvault secret recover',
    summary: 'Bring a deleted secret back with all its versions.',
    options: secretOptions,
    example: `keyvault secret recover ${PLACE_EXAMPLE}`,
    run: async (context, args) => {
      const place = secretPlace(args);
      const data = await context.vaultData();
      return shapeSecret(
        await data.send('POST', place.vaultUrl, `/deletedsecrets/${place.name}/recover`).catch(plainFailure),
      );
    },
  },
  {
    path: 'keyvault secret purge',
    summary: 'Remove a deleted secret for good.',
    options: secretOptions,
    example: `keyvault secret purge ${PLACE_EXAMPLE}`,
    run: async (context, args) => {
      const place = secretPlace(args);
      const data = await context.vaultData();
      await data.send('DELETE', place.vaultUrl, `/deletedsecrets/${place.name}`).catch(plainFailure);
      return undefined;
    },
  },
];

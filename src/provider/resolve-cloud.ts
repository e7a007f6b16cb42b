import { errorText } from '#base';
import { findCloud, isCustomCloud, parseCloudEnvironment, type Cloud } from '#azure';
import { mountInputError } from './mount-errors.ts';
import type { ProviderParameters } from './parameters/parameters.ts';
import { readSmallFile } from './read-small-file.ts';

/** Microsoft's own environment files have about 2 KiB. */
const MAX_CLOUD_FILE_BYTES = 64 * 1024;

/** The cloud of a mount: a known one, or that of the file that the class names, else of `defaultFile`. Throws `invalid-input`. */
export async function resolveCloud(
  parameters: Pick<ProviderParameters, 'cloudName' | 'cloudEnvFile'>,
  defaultFile: string | undefined,
): Promise<Cloud> {
  const { cloudName } = parameters;
  const known = findCloud(cloudName);
  if (known !== undefined) return known;
  const file = parameters.cloudEnvFile ?? defaultFile;
  if (!isCustomCloud(cloudName) || file === undefined) {
    const message = `cloudName ${cloudName} is not valid: it needs cloudEnvFileName or AZURE_ENVIRONMENT_FILEPATH`;
    throw mountInputError([{ path: 'spec.parameters.cloudEnvFileName', message }]);
  }
  let text: string;
  try {
    text = await readSmallFile(file, MAX_CLOUD_FILE_BYTES);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? errorText(error);
    throw mountInputError([
      { path: 'spec.parameters.cloudEnvFileName', message: `failed to read cloudEnvFileName ${file}: ${reason}` },
    ]);
  }
  return parseCloudEnvironment(text, file);
}

import { errorText } from '#base';
import { findCloud, isCustomCloud, parseCloudEnvironment, type Cloud } from '#azure';
import { mountInputError } from './mount-errors.ts';
import type { ProviderParameters } from './parameters/parameters.ts';
import { MAX_CLOUD_FILE_BYTES, readCloudFile, type CloudFileRule } from './cloud-file.ts';
import { readSmallFile } from './read-small-file.ts';

/** Where the file of a cloud comes from. */
export interface CloudFileOptions extends CloudFileRule {
  /** Of classes that name none: the administrator's, so it may be anywhere. */
  readonly defaultFile: string | undefined;
}

/** The cloud of a mount: a known one, or that of the file that the class names, else of the default file. Throws `invalid-input`. */
export async function resolveCloud(
  parameters: Pick<ProviderParameters, 'cloudName' | 'cloudEnvFile'>,
  options: CloudFileOptions,
): Promise<Cloud> {
  const { cloudName } = parameters;
  const known = findCloud(cloudName);
  if (known !== undefined) return known;
  const { cloudEnvFile } = parameters;
  const file = cloudEnvFile ?? options.defaultFile;
  if (!isCustomCloud(cloudName) || file === undefined) {
    const message = `cloudName ${cloudName} is not valid: it needs cloudEnvFileName or AZURE_ENVIRONMENT_FILEPATH`;
    throw mountInputError([{ path: 'spec.parameters.cloudEnvFileName', message }]);
  }
  let text: string;
  try {
    text = await (cloudEnvFile === undefined
      ? readSmallFile(file, MAX_CLOUD_FILE_BYTES)
      : readCloudFile(file, options));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? errorText(error);
    throw mountInputError([
      { path: 'spec.parameters.cloudEnvFileName', message: `failed to read cloudEnvFileName ${file}: ${reason}` },
    ]);
  }
  return parseCloudEnvironment(text, file);
}

import { KeyferryError, Secret } from '#base';
import type { MountRequest, MountResponse } from '../gen/v1alpha1/provider.ts';
import type { ProviderMountRequest, ProviderMountResult } from './provider.ts';

/** The version of the protocol, as both sides tell it. */
export const PROTOCOL_VERSION = 'v1alpha1';

const DEFAULT_PERMISSION = 0o644;

/** A provider's answer that holds an error code. */
export class ProviderCodeError extends KeyferryError {
  /** The code, as the provider chose it. */
  readonly providerCode: string;

  constructor(providerCode: string) {
    super('unknown', `mount request failed with provider error code ${providerCode}`, { upstreamCode: providerCode });
    this.providerCode = providerCode;
  }
}

/** The wire form of a request: attributes, secrets and permission travel as JSON texts (`secrets` as `null` when empty). */
export function toMountRequest(request: ProviderMountRequest): MountRequest {
  const secrets = request.secrets.expose();
  return {
    attributes: JSON.stringify(request.attributes),
    secrets: Object.keys(secrets).length === 0 ? 'null' : JSON.stringify(secrets),
    targetPath: request.targetPath,
    permission: String(request.permission),
    currentObjectVersion: [...request.currentVersions].map(([id, version]) => ({ id, version })),
  };
}

/** Reads a request as a driver sends it. Failures begin with upstream's words; they never repeat the JSON (CVE-2025-7445). */
export function fromMountRequest(request: MountRequest, signal: AbortSignal): ProviderMountRequest {
  const permission = request.permission === '' ? DEFAULT_PERMISSION : Number(request.permission);
  if (!Number.isInteger(permission) || permission < 0 || permission > 0o777) {
    throw new KeyferryError('invalid-input', 'failed to unmarshal file permission, error: it is no mode in decimal');
  }
  return {
    attributes: parseTextMap('attributes', request.attributes),
    secrets: new Secret(parseTextMap('secrets', request.secrets)),
    targetPath: request.targetPath,
    permission,
    currentVersions: new Map(request.currentObjectVersion.map(({ id, version }) => [id, version])),
    signal,
  };
}

/** The wire form of an answer. */
export function toMountResponse(result: ProviderMountResult): MountResponse {
  return {
    objectVersion: result.versions.map(({ id, version }) => ({ id, version })),
    error: undefined,
    files: result.files.map(({ path, mode, contents }) => ({ path, mode, contents: Buffer.from(contents.expose()) })),
  };
}

/** Reads a provider's answer. An error code in it, or an answer without versions, is a failure, as upstream has it. */
export function fromMountResponse(response: MountResponse): ProviderMountResult {
  const code = response.error?.code ?? '';
  if (code !== '') {
    throw new ProviderCodeError(code);
  }
  if (response.objectVersion.length === 0) throw new KeyferryError('unknown', 'missing object versions');
  return {
    versions: response.objectVersion,
    files: response.files.map(({ path, mode, contents }) => ({
      path,
      mode,
      contents: new Secret<Uint8Array>(contents),
    })),
  };
}

function parseTextMap(what: string, text: string): Record<string, string> {
  let value: unknown;
  try {
    value = text === '' ? null : JSON.parse(text);
  } catch {
    throw new KeyferryError('invalid-input', `failed to unmarshal ${what}, error: it is no JSON`);
  }
  if (value === null) return {};
  if (
    typeof value !== 'object' ||
    Array.isArray(value) ||
    Object.values(value).some((one) => typeof one !== 'string')
  ) {
    throw new KeyferryError('invalid-input', `failed to unmarshal ${what}, error: it is no map of strings`);
  }
  return value as Record<string, string>;
}

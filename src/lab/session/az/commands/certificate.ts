import type { Args } from '../args.ts';
import type { CommandSpec, OptionSpec } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { AzError } from '../errors.ts';
import { at, isObject, textAt, type JsonObject } from '../json.ts';
import { boolean, flag, tags, text } from '../options.ts';
import type { VaultData } from '../vault.ts';
import { DEFAULT_POLICY, policyOf, SCAFFOLD_POLICY, withValue } from './certificate-policy.ts';
import {
  shapeCertificate,
  shapeListedCertificate,
  shapeListedDeletedCertificate,
  shapeOperation,
} from './certificate-shape.ts';
import { objectCommands, plainFailure } from './object-commands.ts';
import { checkNothingThere, readNamedFile, writePublicFile } from './object-file.ts';
import { objectOptions, objectPlace, vaultUrl, versionOption, versionPlace } from './vault-lookup.ts';

const certificateOptions = objectOptions('certificate');

/** Options that name a certificate where its id cannot. */
const namedOptions: readonly OptionSpec[] = [
  text('name', ['--name', '-n'], 'Name of the certificate.', { required: true }),
  text('vaultName', '--vault-name', 'Name of the vault.', { required: true }),
];

const policy = text('policy', ['--policy', '-p'], 'The policy as JSON, or @FILE.');
const fileOption = text('file', ['--file', '-f'], 'The file.', { required: true });

/** Seconds between two looks at a request: those of the SDK that az has. */
const POLL_MS = 5000;

const PLACE_EXAMPLE = '--vault-name demo-vault --name demo-certificate';

/** `az keyvault certificate …`. */
export const certificateCommands: readonly CommandSpec[] = [
  ...objectCommands({
    noun: 'certificate',
    shape: shapeCertificate,
    shapeListed: shapeListedCertificate,
    shapeListedDeleted: shapeListedDeletedCertificate,
    list: {
      summary: 'List the certificates of a vault.',
      more: boolean('includePending', '--include-pending', 'Also those that are not issued yet.'),
    },
  }),
  {
    path: 'keyvault certificate create',
    summary: 'Have a certificate made, or a new version of it.',
    options: [
      ...namedOptions,
      { ...policy, required: true },
      {
        key: 'validity',
        names: ['--validity'],
        kind: 'integer',
        help: 'Months that it is valid, whatever the policy says.',
      },
      boolean('disabled', '--disabled', 'Create it disabled.'),
      tags,
    ],
    example: `keyvault certificate create ${PLACE_EXAMPLE} --policy "$(az keyvault certificate get-default-policy)"`,
    run: async (context, args) => {
      const months = args.integer('validity');
      const given = policyOf(args.text('policy'));
      const wanted = months === undefined ? given : withValue(given, ['x509_props', 'validity_months'], months);
      if (textAt(wanted, 'x509_props.subject') === undefined && !namesSomebody(wanted)) {
        throw new AzError(
          'error',
          'You need to set either subject or one of the subject alternative names parameters in the policy',
        );
      }
      const url = vaultUrl(args.text('vaultName'));
      const path = `/certificates/${args.text('name')}`;
      const attributes = { enabled: args.boolean('disabled') !== true };
      const data = await context.vaultData();
      const body = { policy: wanted, attributes, tags: args.tags('tags') };
      const started = await data.send('POST', url, `${path}/create`, body).catch(plainFailure);
      return shapeOperation(await finished(context, data, { url, path, started }).catch(plainFailure));
    },
  },
  {
    path: 'keyvault certificate import',
    summary: 'Import a certificate with its private key, from PKCS#12 or PEM.',
    options: [
      ...namedOptions,
      fileOption,
      text('password', '--password', 'The password of the private key.'),
      boolean('disabled', '--disabled', 'Import it disabled.'),
      policy,
      tags,
    ],
    example: `keyvault certificate import ${PLACE_EXAMPLE} --file certificate.pfx`,
    run: async (context, args) => {
      const file = args.text('file');
      const bytes = await readNamedFile(file).catch((error: unknown) => {
        if (!(error instanceof AzError) || !error.message.includes('Errno 2')) throw error;
        throw new AzError('error', `Unable to load certificate file '${file}': No such file or directory.`, {
          cause: error,
        });
      });
      const disabled = args.boolean('disabled');
      const given = args.optional('policy');
      const body = {
        value: bytes.toString('base64'),
        pwd: args.optional('password'),
        policy: given === undefined ? undefined : withContentType(policyOf(given), bytes),
        attributes: disabled === undefined ? undefined : { enabled: !disabled },
        tags: args.tags('tags'),
      };
      const data = await context.vaultData();
      const path = `/certificates/${args.text('name')}/import`;
      return shapeCertificate(
        await data.send('POST', vaultUrl(args.text('vaultName')), path, body).catch(plainFailure),
      );
    },
  },
  {
    path: 'keyvault certificate show',
    summary: 'Show a certificate, its policy, and the ids of its key and its secret.',
    options: [...certificateOptions, versionOption],
    example: `keyvault certificate show ${PLACE_EXAMPLE} --query x509ThumbprintHex --output tsv`,
    run: async (context, args) => {
      const { vaultUrl: url, path } = versionPlace(args, 'certificate');
      return shapeCertificate(await (await context.vaultData()).send('GET', url, path));
    },
  },
  {
    path: 'keyvault certificate set-attributes',
    summary: 'Change what is known about a certificate, or its policy.',
    options: [
      ...certificateOptions,
      versionOption,
      boolean('enabled', '--enabled', 'Whether it, its key and its secret can be used.'),
      policy,
      tags,
    ],
    example: `keyvault certificate set-attributes ${PLACE_EXAMPLE} --enabled false`,
    run: async (context, args) => {
      const { vaultUrl: url, path } = versionPlace(args, 'certificate');
      const place = objectPlace(args, 'certificate');
      const [given, enabled, newTags] = [args.optional('policy'), args.boolean('enabled'), args.tags('tags')];
      const data = await context.vaultData();
      if (given !== undefined) {
        await data.send('PATCH', url, `/certificates/${place.name}/policy`, policyOf(given)).catch(plainFailure);
      }
      if (enabled === undefined && newTags === undefined) {
        return shapeCertificate(await data.send('GET', url, `/certificates/${place.name}/`).catch(plainFailure));
      }
      const body = { attributes: enabled === undefined ? undefined : { enabled }, tags: newTags };
      return shapeCertificate(await data.send('PATCH', url, path, body).catch(plainFailure));
    },
  },
  {
    path: 'keyvault certificate download',
    summary: 'Write the public part of a certificate to a file.',
    options: [
      ...certificateOptions,
      versionOption,
      fileOption,
      text('encoding', ['--encoding', '-e'], 'The form of the file.', { choices: ['DER', 'PEM'], fallback: 'PEM' }),
    ],
    example: `keyvault certificate download ${PLACE_EXAMPLE} --file certificate.pem`,
    run: async (context, args) => {
      const { vaultUrl: url, path } = versionPlace(args, 'certificate');
      await checkNothingThere(args.text('file'));
      const data = await context.vaultData();
      const bundle = await data.send('GET', url, path).catch(plainFailure);
      const der = Buffer.from(textAt(bundle, 'cer') ?? '', 'base64');
      await writePublicFile(args.text('file'), args.text('encoding') === 'DER' ? der : pemOf(der));
      return undefined;
    },
  },
  {
    path: 'keyvault certificate get-default-policy',
    summary: 'Show a policy to begin with, for `certificate create`.',
    options: [flag('scaffold', '--scaffold', 'Show every field.')],
    example: 'keyvault certificate get-default-policy --scaffold',
    run: (_context, args) => Promise.resolve(args.flag('scaffold') ? SCAFFOLD_POLICY : DEFAULT_POLICY),
  },
  {
    path: 'keyvault certificate pending show',
    summary: 'Show the last request for a certificate.',
    options: namedOptions,
    example: `keyvault certificate pending show ${PLACE_EXAMPLE}`,
    run: async (context, args) =>
      shapeOperation(
        await (await context.vaultData()).send('GET', vaultUrl(args.text('vaultName')), pendingPath(args)),
      ),
  },
  {
    path: 'keyvault certificate pending merge',
    summary: 'Complete a request with the certificate that somebody else signed.',
    options: [...namedOptions, fileOption, boolean('disabled', '--disabled', 'Leave it disabled.'), tags],
    example: `keyvault certificate pending merge ${PLACE_EXAMPLE} --file signed.pem`,
    run: async (context, args) => {
      const pem = (await readNamedFile(args.text('file'))).toString();
      const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)];
      const disabled = args.boolean('disabled');
      const body = {
        x5c: blocks.map(([, base64 = '']) => base64.replaceAll(/\s/g, '')),
        attributes: disabled === undefined ? undefined : { enabled: !disabled },
        tags: args.tags('tags'),
      };
      const data = await context.vaultData();
      const path = `${pendingPath(args)}/merge`;
      return shapeCertificate(
        await data.send('POST', vaultUrl(args.text('vaultName')), path, body).catch(plainFailure),
      );
    },
  },
  {
    path: 'keyvault certificate pending delete',
    summary: 'Forget the request for a certificate.',
    options: namedOptions,
    example: `keyvault certificate pending delete ${PLACE_EXAMPLE}`,
    run: async (context, args) => {
      const data = await context.vaultData();
      const url = vaultUrl(args.text('vaultName'));
      return shapeOperation(await data.send('DELETE', url, pendingPath(args)).catch(plainFailure));
    },
  },
];

function namesSomebody(policy: JsonObject): boolean {
  const sans = at(policy, 'x509_props.sans');
  return isObject(sans) && Object.values(sans).some((names) => Array.isArray(names) && names.length > 0);
}

interface Started {
  readonly url: string;
  readonly path: string;
  readonly started: JsonObject;
}

/** The request at its end; one that waits for somebody outside as it is. */
async function finished(
  context: CommandContext,
  data: VaultData,
  { url, path, started }: Started,
): Promise<JsonObject> {
  const look = () => data.send('GET', url, `${path}/pending`);
  if (textAt(started, 'issuer.name')?.toLowerCase() === 'unknown') return look();
  for (;;) {
    const operation = await look();
    if (textAt(operation, 'status')?.toLowerCase() !== 'inprogress') break;
    await context.io.clock.sleep(POLL_MS, { signal: context.io.signal });
  }
  return look();
}

function pendingPath(args: Args): string {
  return `/certificates/${args.text('name')}/pending`;
}

function withContentType(given: JsonObject, bytes: Buffer): JsonObject {
  if (textAt(given, 'secret_props.contentType') !== undefined) return given;
  const isPem = bytes.includes('-----BEGIN CERTIFICATE-----');
  return withValue(given, ['secret_props', 'contentType'], `application/${isPem ? 'x-pem-file' : 'x-pkcs12'}`);
}

/** PEM in the lines of Python's encodebytes. */
function pemOf(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{1,76}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { KeyferryError } from '#base';
import { renderAddress, renderChartValues } from '#lab/session';
import { placeOf, runningLab, type LabPlace, type UsableLab } from './access.ts';
import { isLoopback, isUnspecified, ownAddressHint, parseAdvertised, type NamedAddress } from './listen-address.ts';
import { stateOption } from './options.ts';
import type { Terminal } from '../terminal.ts';

/** `--advertise`: how pods name what the lab listens on. */
export const advertiseOption = () =>
  new Option(
    '--advertise <host[:port]>',
    'the address by which pods reach the lab, where it is not the one of --listen',
  );

/** Adds `keyferry lab values`. */
export function addValuesCommand(lab: Command, terminal: Terminal): void {
  lab
    .command('values')
    .description("print values for the chart, so that pods of a cluster outside use the running lab's Azure")
    .addOption(stateOption())
    .addOption(advertiseOption())
    .addHelpText('after', '\nExample:\n  keyferry lab values > lab-values.yaml')
    .action(async (options: LabPlace & { advertise?: string }) => {
      const advertised = options.advertise === undefined ? undefined : parseAdvertised(options.advertise);
      terminal.out(await chartValuesOf(await runningLab(placeOf(options, terminal)), advertised, terminal));
    });
}

/**
 * The values for the chart of a running lab, as YAML. Throws `failed-precondition` for a lab with clusters of its own, and
 * where nobody has said by which of this machine's addresses pods come.
 */
export async function chartValuesOf(
  { folder, status }: UsableLab,
  advertised: NamedAddress | undefined,
  terminal: Terminal,
): Promise<string> {
  const { cloudOnly, gateway } = status;
  if (cloudOnly === undefined) {
    throw new KeyferryError(
      'failed-precondition',
      'this lab is not for a cluster outside: it has clusters of its own',
      {
        hint: 'Start one with "keyferry lab up --cloud-only --listen ADDRESS" on another folder (--state).',
      },
    );
  }
  const listens = cloudOnly.listens ?? { host: '127.0.0.1', port: gateway.port };
  const { host, port = listens.port } = advertised ?? listens;
  requireReachable({ host });
  if (isLoopback(host)) {
    terminal.err(`warning: pods reach ${host} only with hostNetwork on this machine; see "keyferry lab up --listen"\n`);
  }
  const caPem = await readFile(folder.caFile, 'utf8');
  return renderChartValues({ proxyUrl: `http://${renderAddress({ host, port })}`, caPem });
}

/** Throws `invalid-input` for an address that is all of a machine's, to which nobody can connect. */
export function requireReachable({ host }: NamedAddress): void {
  if (!isUnspecified(host)) return;
  throw new KeyferryError(
    'invalid-input',
    `the lab listens on all addresses (${host}): which one do pods connect to?`,
    {
      hint: `Say it with --advertise ADDRESS. ${ownAddressHint()}`,
    },
  );
}

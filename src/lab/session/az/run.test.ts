import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS, GROUPS } from './commands/index.ts';
import { optionsOf } from './parse.ts';
import { isRealCommand } from './real-commands.ts';
import { az } from './testing/index.ts';

// A home without an account; some commands (az config set) write there.
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyferry-az-'));
});
afterEach(() => rm(home, { recursive: true }));

describe('the table of commands', () => {
  it('has every path once, each inside a group that is listed', () => {
    const paths = [...COMMANDS, ...GROUPS].map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    const parents = paths.map((path) => path.split(' ').slice(0, -1).join(' ')).filter((path) => path !== '');
    expect(parents.filter((parent) => !GROUPS.some(({ path }) => path === parent))).toEqual([]);
  });

  it('never claims that a command it has is only in the real az', () => {
    expect([...COMMANDS, ...GROUPS].filter(({ path }) => isRealCommand(path))).toEqual([]);
  });

  it.each(COMMANDS.map((command) => [command.path, command] as const))(
    'gives every option of "%s" a spelling and a key of its own',
    (_path, command) => {
      const options = optionsOf(command);
      const spellings = options.flatMap(({ names }) => names);
      expect(new Set(spellings).size).toBe(spellings.length);
      expect(new Set(options.map(({ key }) => key)).size).toBe(options.length);
    },
  );

  it.each(COMMANDS.map(({ path }) => [path]))('explains "%s" with every option and its example', async (path) => {
    const { code, stdout } = await az([...path.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^\nCommand\n    az ${path} : `));
    expect(stdout).toContain(`az ${path}`);
    for (const option of optionsOf(COMMANDS.find((command) => command.path === path) as (typeof COMMANDS)[number])) {
      for (const name of option.names) expect(stdout).toContain(name);
    }
    expect(stdout).toContain('\nGlobal Arguments\n');
    expect(stdout).toContain('\nExamples\n');
  });

  it.each(COMMANDS.map((command) => [command.path, command.example] as const))(
    'has an example of "%s" that parses',
    async (path, example) => {
      const words = [...example.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ''));
      expect(words.slice(0, path.split(' ').length).join(' ')).toBe(path);
      expect(await az([...words, '--help'])).toMatchObject({ code: 0, stderr: '' });
      // Without an account nothing is sent; a usage error would be 2.
      const { code } = await az(words, { env: { AZURE_CONFIG_DIR: join(home, 'azure'), HOME: home } });
      expect(code).not.toBe(2);
    },
  );
});

describe('help', () => {
  it.each([[[]], [['--help']], [['-h']], [['help']]])('of az itself: %j', async (argv: string[]) => {
    const { code, stdout } = await az(argv);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\nGroup\n {4}az : .*\n\nSubgroups:\n {4}account +: /);
  });

  it('of a group lists its groups and commands', async () => {
    const { stdout } = await az(['identity', '-h']);
    expect(stdout).toMatch(/\nSubgroups:\n {4}federated-credential : .*\n\nCommands:\n {4}create : /);
  });
});

describe('a wrong command line', () => {
  it.each([
    ['grup list', "ERROR: 'grup' is misspelled or not recognized by the system.\nDid you mean 'group' ?\n"],
    [
      'keyvault frobnicate',
      "ERROR: 'frobnicate' is misspelled or not recognized by the system.\nSee: az keyvault --help\n",
    ],
    ['keyvault secret', 'ERROR: the following arguments are required: _subcommand\nSee: az keyvault secret --help\n'],
    [
      'identity federated-credential create -n a',
      'ERROR: the following arguments are required: --identity-name, --resource-group/-g, --issuer, --subject\nSee: az identity federated-credential create --help\n',
    ],
    ['group list --query a[', "ERROR: argument --query: invalid jmespath_type value: 'a['\n"],
    ['version --query azure-cli', "ERROR: argument --query: invalid jmespath_type value: 'azure-cli'\n"],
    ['group list --bogus', 'ERROR: unrecognized arguments: --bogus\nSee: az group list --help\n'],
  ])('"%s" ends with 2', async (line, message) => {
    const { code, stdout, stderr } = await az(line.split(' '));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.startsWith(message)).toBe(true);
  });

  it.each(['vm create --name x', 'storage account list', 'keyvault key sign', 'aks nodepool add'])(
    '"%s" is the real az’s, and how to use that one is said',
    async (line) => {
      const { code, stderr } = await az(line.split(' '));
      expect(code).toBe(2);
      expect(stderr).toContain('is a command of the real az');
      expect(stderr).toContain('keyferry lab run --az real -- az ');
    },
  );

  it('does not repeat a value that was typed', async () => {
    const { stderr } = await az(['vm', 'create', '--admin-password', 'hunter2']);
    expect(stderr).not.toContain('hunter2');
  });
});

describe('on a terminal', () => {
  it('an error is coloured instead of labelled', async () => {
    const { stderr } = await az(['grup'], { isTty: true });
    expect(stderr).toMatch(/^\u001B\[91m'grup' is misspelled/);
  });
});

describe('without an account', () => {
  it('says how to sign in', async () => {
    expect(await az(['group', 'list'], { env: { AZURE_CONFIG_DIR: join(home, 'azure') } })).toEqual({
      code: 1,
      stdout: '',
      stderr: "ERROR: Please run 'az login' to setup account.\n",
    });
  });
});

describe('accounts', () => {
  let env: Record<string, string>;
  beforeEach(async () => {
    env = { AZURE_CONFIG_DIR: await mkdtemp(join(tmpdir(), 'az-config-')) };
    const entry = (id: string, name: string, isDefault: boolean) => ({
      id,
      name,
      isDefault,
      state: 'Enabled',
      tenantId: 'tenant',
      homeTenantId: 'tenant',
      environmentName: 'AzureCloud',
      managedByTenants: [],
      user: { name: 'me@example.com', type: 'user' },
    });
    // With the byte order mark that the real az writes.
    await writeFile(
      join(env['AZURE_CONFIG_DIR'] as string, 'azureProfile.json'),
      `\uFEFF${JSON.stringify({ installationId: 'i', subscriptions: [entry('s1', 'One', true), entry('s2', 'Two', false)] })}`,
    );
  });
  afterEach(() => rm(env['AZURE_CONFIG_DIR'] as string, { recursive: true }));

  it('shows the default one, as az prints it', async () => {
    expect(JSON.parse((await az(['account', 'show'], { env })).stdout)).toEqual({
      environmentName: 'AzureCloud',
      homeTenantId: 'tenant',
      id: 's1',
      isDefault: true,
      managedByTenants: [],
      name: 'One',
      state: 'Enabled',
      tenantId: 'tenant',
      user: { name: 'me@example.com', type: 'user' },
    });
  });

  it('lists them as a table in az’s columns', async () => {
    expect((await az(['account', 'list', '-o', 'table'], { env })).stdout).toBe(
      [
        'Name    CloudName    SubscriptionId    TenantId    State    IsDefault',
        '------  -----------  ----------------  ----------  -------  -----------',
        'One     AzureCloud   s1                tenant      Enabled  True',
        'Two     AzureCloud   s2                tenant      Enabled  False',
        '',
      ].join('\n'),
    );
  });

  it.each([['-s'], ['-n'], ['--name'], ['--subscription']])('another one is chosen with %s', async (option) => {
    expect(await az(['account', 'set', option, 'two'], { env })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await az(['account', 'show', '--query', 'id', '-otsv'], { env })).stdout).toBe('s2\n');
  });

  it('one that is not there is an error', async () => {
    expect(await az(['account', 'set', '-s', 'three'], { env })).toMatchObject({
      code: 1,
      stderr: "ERROR: The subscription of 'three' doesn't exist in cloud 'AzureCloud'.\n",
    });
  });

  it('prints nothing for a query that finds nothing', async () => {
    expect(await az(['account', 'show', '--query', 'nothing', '-o', 'tsv'], { env })).toMatchObject({
      code: 0,
      stdout: '',
    });
  });

  it('reads values from files and from standard input', async () => {
    const file = join(env['AZURE_CONFIG_DIR'] as string, 'query');
    await writeFile(file, 'name\n');
    const shown = async (query: string) =>
      (
        await az(['account', 'show', '-o', 'tsv', ...query.split(' ')], {
          env,
          readStdin: () => Promise.resolve('id\n'),
        })
      ).stdout;
    expect(await shown(`--query @${file}`)).toBe('One\n');
    expect(await shown(`--query=@${file}`)).toBe('One\n');
    expect(await shown('--query @-')).toBe('s1\n');
  });
});

describe('a question', () => {
  const words = ['group', 'delete', '-n', 'x'];
  it('cannot be asked without a terminal', async () => {
    expect(await az(words)).toMatchObject({
      code: 1,
      stderr:
        'WARNING: Unable to prompt for confirmation as no tty available. Use --yes.\nERROR: Operation cancelled.\n',
    });
  });
  it('that is answered with no ends the command', async () => {
    expect(await az(words, { ask: () => Promise.resolve('n') })).toMatchObject({
      code: 1,
      stderr: 'ERROR: Operation cancelled.\n',
    });
  });
});

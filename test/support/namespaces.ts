import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Who the processes inside are: the machine's root, or the root of a user namespace that an ordinary user made. */
export type NamespaceUser = 'root' | 'ordinary-user';

/** A child process in private mount and PID namespaces, where tests may mount as they like. Nothing in it outlives it. */
export interface NamespaceChild extends AsyncDisposable {
  /** Calls the scenario of that name with plain arguments and answers its plain result; throws with its error's text. */
  call<Result>(scenario: string, ...args: readonly unknown[]): Promise<Result>;
}

/** Plain functions by name, given to {@link serveScenarios} by the module that the child loads. */
export type Scenarios = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

const NOBODY = '65534';

/** The words before a command that put it into namespaces of its own; undefined with the reason where that cannot be had. */
export function namespaceCommand(user: NamespaceUser): { readonly words: string[] } | { readonly missing: string } {
  const isRoot = process.getuid?.() === 0;
  if (user === 'root' && !isRoot) return { missing: 'not run as root' };
  const drop = isRoot ? ['setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--'] : [];
  const own = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const words = user === 'root' ? own : [...drop, ...own, '--user', '--map-root-user'];
  const trial = spawnSync(words[0] as string, [...words.slice(1), 'true'], { encoding: 'utf8' });
  return trial.status === 0 ? { words } : { missing: `namespaces cannot be had: ${trial.stderr.trim()}` };
}

/** Starts the module at `moduleUrl` in fresh namespaces; it calls {@link serveScenarios}. */
export async function startNamespaceChild(moduleUrl: URL, user: NamespaceUser): Promise<NamespaceChild> {
  const command = namespaceCommand(user);
  if ('missing' in command) throw new Error(command.missing);
  const [program, ...words] = command.words;
  const child = fork(fileURLToPath(moduleUrl), {
    execPath: program as string,
    execArgv: [...words, process.execPath, '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`the child ended: ${code ?? signal}`));
      waiting.clear();
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    waiting.set(0, { resolve: () => resolve(), reject });
    child.on('message', (message: { id: number; result?: unknown; error?: string }) => {
      const call = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error === undefined) call?.resolve(message.result);
      else call?.reject(new Error(message.error));
    });
  });
  let last = 0;
  return {
    call: <Result>(scenario: string, ...args: readonly unknown[]) =>
      new Promise<Result>((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve: resolve as (value: unknown) => void, reject });
        send(child, { id: last, scenario, args });
      }),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** In the child: answers the calls of {@link NamespaceChild.call}, side by side, until it is killed. */
export function serveScenarios(scenarios: Scenarios): void {
  process.on('message', (message: { id: number; scenario: string; args: never[] }) => {
    const run = scenarios[message.scenario] ?? (() => Promise.reject(new Error(`no scenario ${message.scenario}`)));
    run(...message.args).then(
      (result) => process.send?.({ id: message.id, result }),
      (error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        process.send?.({ id: message.id, error: text });
      },
    );
  });
  process.send?.({ id: 0 });
}

function send(child: ChildProcess, message: object): void {
  child.send(message as never);
}

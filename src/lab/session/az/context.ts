import { createArm, type Arm } from './arm.ts';
import { createGraph, type Graph } from './graph.ts';
import type { AzHttp } from './http.ts';
import type { AzIo } from './io.ts';
import { chooseAccount, readAccounts, type Account } from './profile.ts';
import { createTokens, type Tokens } from './tokens.ts';
import { createVaultData, type VaultData } from './vault.ts';

/** What a command works with. */
export interface CommandContext {
  readonly io: AzIo;
  readonly http: AzHttp;
  readonly tokens: Tokens;
  /** Prints a warning, unless --only-show-errors. */
  warn(text: string): void;
  /** The account of --subscription, else the default one. Throws when nobody is signed in. */
  account(): Promise<Account>;
  arm(): Promise<Arm>;
  graph(): Promise<Graph>;
  vaultData(): Promise<VaultData>;
}

/** What a {@link CommandContext} is made from. */
export interface ContextOptions {
  readonly io: AzIo;
  readonly http: AzHttp;
  readonly subscription: string | undefined;
  readonly warn: (text: string) => void;
}

/** The context of one command; the account is read once, when it is first needed. */
export function createContext({ io, http, subscription, warn }: ContextOptions): CommandContext {
  const tokens = createTokens(io, http);
  let chosen: Promise<Account> | undefined;
  const account = () => {
    chosen ??= readAccounts(io.env).then((accounts) => chooseAccount(accounts, subscription));
    return chosen;
  };
  return {
    io,
    http,
    tokens,
    warn,
    account,
    arm: async () => createArm(io, http, tokens, await account()),
    graph: async () => createGraph(http, tokens, await account()),
    vaultData: async () => createVaultData(http, tokens, await account()),
  };
}

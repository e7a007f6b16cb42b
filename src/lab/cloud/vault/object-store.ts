import type { Clock } from '#base';
import { storeSection, type Json, type Store } from '#lab/store';

/** What every kind of object keeps of each version. Times are Unix seconds. */
export interface StoredVersion {
  /** The object's name, in the casing of its first version. */
  readonly name: string;
  /** 32 hex digits. */
  readonly version: string;
  /** Counts the object's versions from 1; the highest one is the latest. */
  readonly sequence: number;
  readonly enabled: boolean;
  readonly notBefore?: number;
  readonly expires?: number;
  readonly created: number;
  readonly updated: number;
  readonly tags?: Readonly<Record<string, string>>;
  /** The object is the key or the secret of a certificate; never stored, see `managed-objects.ts`. */
  readonly managed?: true;
}

/** When an object was deleted and when it goes for good. Unix seconds. */
export interface Burial {
  readonly deletedDate: number;
  readonly scheduledPurgeDate: number;
}

/** A deleted object. */
export interface BuriedObject<T extends StoredVersion> extends Burial {
  readonly latest: T;
}

/** The objects of one kind in one vault. Names are compared without their case; every change is stored on return. */
export interface ObjectStore<T extends StoredVersion> {
  /** The latest version; undefined when there is none or the object is deleted. */
  latest(name: string): T | undefined;
  version(name: string, version: string): T | undefined;
  /** Empty when the object is deleted. */
  versions(name: string): readonly T[];
  /** The latest version of each object that is not deleted, by name. */
  all(): readonly T[];
  put(version: T): void;
  buried(name: string): BuriedObject<T> | undefined;
  allBuried(): readonly BuriedObject<T>[];
  bury(name: string, burial: Burial): void;
  /** Brings a deleted object back with all its versions. */
  recover(name: string): void;
  /** Forgets a deleted object. */
  purge(name: string): void;
}

/** Opens the {@link ObjectStore} of a vault. Deleted objects whose retention is over are forgotten when they are looked for. */
export function openObjectStore<T extends StoredVersion>(
  store: Store,
  clock: Clock,
  vaultName: string,
  collection: string,
): ObjectStore<T> {
  const section = storeSection(store, vaultPrefix(vaultName));
  const livePrefix = `${collection}/`;
  const gravePrefix = `deleted${collection}/`;
  const versionKey = ({ name, version }: Pick<StoredVersion, 'name' | 'version'>) =>
    `${livePrefix}${name.toLowerCase()}/${version}`;
  const graveKey = (name: string) => `${gravePrefix}${name.toLowerCase()}`;

  const storedVersions = (name: string) =>
    section.list(`${livePrefix}${name.toLowerCase()}/`).map((entry) => entry.value as unknown as T);
  const purge = (name: string) => {
    const keys = [...storedVersions(name).map(versionKey), graveKey(name)];
    section.write(keys.map((key) => ({ key, value: undefined })));
  };
  const burial = (name: string): Burial | undefined => {
    const found = section.get(graveKey(name)) as Burial | undefined;
    if (found === undefined || found.scheduledPurgeDate * 1000 > clock.now()) return found;
    purge(name);
    return undefined;
  };
  const versions = (name: string) => (burial(name) === undefined ? storedVersions(name) : []);
  const buried = (name: string) => {
    const found = burial(name);
    const latest = latestOf(storedVersions(name));
    return found === undefined || latest === undefined ? undefined : { ...found, latest };
  };
  return {
    versions,
    latest: (name) => latestOf(versions(name)),
    version: (name, version) =>
      burial(name) === undefined
        ? (section.get(versionKey({ name, version: version.toLowerCase() })) as unknown as T | undefined)
        : undefined,
    all: () =>
      [...groupByName(section.list(livePrefix).map((entry) => entry.value as unknown as T))].flatMap(
        ([name, grouped]) => {
          const latest = burial(name) === undefined ? latestOf(grouped) : undefined;
          return latest === undefined ? [] : [latest];
        },
      ),
    put: (version) => section.put(versionKey(version), version as unknown as Json),
    buried,
    allBuried: () =>
      section.list(gravePrefix).flatMap(({ key }) => {
        const found = buried(key.slice(gravePrefix.length));
        return found === undefined ? [] : [found];
      }),
    bury: (name, { deletedDate, scheduledPurgeDate }) =>
      section.put(graveKey(name), { deletedDate, scheduledPurgeDate }),
    recover: (name) => section.delete(graveKey(name)),
    purge,
  };
}

/** Forgets all that a vault held: its name may be taken again. */
export function forgetVaultContents(store: Store, vaultName: string): void {
  store.write(store.list(vaultPrefix(vaultName)).map(({ key }) => ({ key, value: undefined })));
}

function vaultPrefix(vaultName: string): string {
  return `vault/${vaultName.toLowerCase()}/`;
}

function latestOf<T extends StoredVersion>(versions: readonly T[]): T | undefined {
  return versions.reduce<T | undefined>(
    (latest, version) => (latest === undefined || version.sequence > latest.sequence ? version : latest),
    undefined,
  );
}

function groupByName<T extends StoredVersion>(versions: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const version of versions) {
    const name = version.name.toLowerCase();
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [version]);
    else group.push(version);
  }
  return groups;
}

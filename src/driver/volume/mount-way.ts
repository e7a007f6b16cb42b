/** A file system that is mounted. */
export interface FoundMount {
  /** `tmpfs`, or the name or the number of another one. */
  readonly fsType: string;
}

/** Why a mount or an unmount did not happen. */
export interface MountFailure {
  /** The name of the errno, for example `EPERM`, where it is known. */
  readonly code: string | undefined;
  readonly text: string;
}

/** One way to mount: by the kernel's calls, or by programs. */
export interface MountWay {
  /** The file system that is mounted at `target` itself, the topmost where several are stacked; none that cannot be reached. */
  find(target: string): Promise<FoundMount | undefined>;
  /**
   * `options` are those of the file system (tmpfs(5)); nosuid, nodev and noexec are always set. A link at the end of the path
   * is not followed: it leads to wherever somebody lets it lead.
   */
  mountTmpfs(target: string, options: readonly string[]): Promise<MountFailure | undefined>;
  /** Takes away the topmost mount; `detach`: at once, though somebody still uses it. */
  unmount(target: string, options: { readonly detach: boolean }): Promise<MountFailure | undefined>;
}

/** The failure of a mount where there is no folder to mount on. */
export const NO_FOLDER: MountFailure = { code: 'ENOTDIR', text: 'there is no such folder' };

import { existsSync, readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { parseEnv } from 'node:util';
import { file, folder, type ImageFile } from './image-file.ts';

const OS_RELEASE = '/etc/os-release';

/** Whose libraries these are. */
export function distribution(): { readonly id: string; readonly version: string } {
  const { ID, VERSION_ID } = existsSync(OS_RELEASE) ? parseEnv(readFileSync(OS_RELEASE, 'utf8')) : {};
  return { id: ID ?? 'linux', version: VERSION_ID ?? '' };
}

/**
 * What programs look for in a root file system. Node has its own certificates built in; the file is the same ones, for those who
 * set `NODE_EXTRA_CA_CERTS` or `SSL_CERT_FILE` by habit. Scanners of images read `os-release`.
 */
export function etcFiles(): readonly ImageFile[] {
  return [
    file('base', 'etc/passwd', 'root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n'),
    file('base', 'etc/group', 'root:x:0:\nnobody:x:65534:\n'),
    file('base', 'etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    file('base', 'etc/ssl/certs/ca-certificates.crt', `${rootCertificates.join('\n')}\n`),
    ...(existsSync(OS_RELEASE) ? [file('base', 'etc/os-release', readFileSync(OS_RELEASE))] : []),
    // Where the runtime mounts its own, and where Kubernetes mounts volumes: a root that is read-only cannot make them.
    ...['dev', 'proc', 'sys', 'run', 'var/run', 'var/lib'].map((path) => folder(path)),
    folder('tmp', 0o1777),
  ];
}

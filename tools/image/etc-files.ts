import { existsSync, readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { file, folder, type ImageFile } from './image-file.ts';

/**
 * What programs look for in a root file system. Node has its own certificates built in; the file is the same ones, for those who
 * set `NODE_EXTRA_CA_CERTS` or `SSL_CERT_FILE` by habit. `os-release` tells scanners whose libraries these are.
 */
export function etcFiles(): readonly ImageFile[] {
  return [
    file('base', 'etc/passwd', 'root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n'),
    file('base', 'etc/group', 'root:x:0:\nnobody:x:65534:\n'),
    file('base', 'etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    file('base', 'etc/ssl/certs/ca-certificates.crt', `${rootCertificates.join('\n')}\n`),
    ...(existsSync('/etc/os-release') ? [file('base', 'etc/os-release', readFileSync('/etc/os-release'))] : []),
    // Where the runtime mounts its own, and where Kubernetes mounts volumes: a root that is read-only cannot make them.
    ...['dev', 'proc', 'sys', 'run', 'var/run', 'var/lib'].map((path) => folder(path)),
    folder('tmp', 0o1777),
  ];
}

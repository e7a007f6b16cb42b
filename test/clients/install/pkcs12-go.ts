import { goProgram } from './go.ts';

/** The program of ../pkcs12/go, which writes PKCS#12 files. */
export const pkcs12Go = goProgram({
  name: 'pkcs12-go',
  summary: 'go-pkcs12 (Go module proxy; some seconds)',
  source: new URL('../pkcs12/go/', import.meta.url),
  files: ['main.go'],
  libraries: { 'software.sslmate.com/src/go-pkcs12': 'go-pkcs12' },
});

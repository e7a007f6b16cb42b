import { goProgram } from './go.ts';

/** The program of ../csi/go: both sides of the provider protocol, by its published Go package. */
export const csiGo = goProgram({
  name: 'csi-go',
  summary: "the provider protocol's Go package (Go module proxy; half a minute)",
  source: new URL('../csi/go/', import.meta.url),
  files: ['main.go', 'provider.go', 'driver.go'],
  libraries: { 'sigs.k8s.io/secrets-store-csi-driver': 'provider protocol', 'google.golang.org/grpc': 'grpc-go' },
});

import { goProgram } from './go.ts';

/** The program of ../kubernetes/go, with client-go. */
export const kubernetesGo = goProgram({
  name: 'kubernetes-go',
  summary: 'client-go (Go module proxy; about two minutes)',
  source: new URL('../kubernetes/go/', import.meta.url),
  files: ['main.go'],
  libraries: { 'k8s.io/client-go': 'client-go' },
});

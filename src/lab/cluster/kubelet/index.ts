export { startKubelet, type Kubelet } from './kubelet.ts';

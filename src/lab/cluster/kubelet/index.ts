export { startKubelet, type Kubelet, type KubeletOptions } from './kubelet.ts';

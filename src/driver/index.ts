export { startDriver, type Driver, type DriverOptions } from './driver.ts';
export { createDriverMetrics, DRIVER_METRICS, type DriverMetrics } from './metrics.ts';
export { createMounter, type Mounter, type MounterOptions } from './volume/mounter.ts';
export { startRegistration, type RegistrationOptions } from './registration.ts';

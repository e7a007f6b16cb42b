export { openLabAuthority } from './lab-authority.ts';
export { startGateway, type Gateway } from './gateway.ts';
export { startMetadataListener } from './plain-http.ts';

export { openLabAuthority } from './lab-authority.ts';
export { startGateway, type Gateway, type ListenAddress } from './gateway.ts';
export { startMetadataListener } from './plain-http.ts';

export { startGateway, type Gateway, type GatewayOptions } from './gateway.ts';
export { openLabAuthority } from './lab-authority.ts';

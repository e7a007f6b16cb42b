export { checkIssuers, createIssuerMap, type IssuerCheck } from './issuer-map.ts';
export { mappedIssuerSchema, parseIssuerMap, type IssuerMapText, type MappedIssuer } from './mapped-issuer.ts';

export { renderJavaTrustStore } from './java-trust-store.ts';
export {
  createCertificateAuthority,
  openCertificateAuthority,
  type CertificateAuthority,
  type CertificateAuthorityOptions,
  type ClientCertificateRequest,
  type KeyPairPem,
  type ServerCertificateRequest,
} from './certificate-authority.ts';
export { renderPem, splitPem, type PemBlock } from './pem.ts';
export { orderChain } from './certificate-chain.ts';
export { readPkcs12, type Pkcs12Content } from './pkcs12.ts';
export { readEncryptedPrivateKey } from './encrypted-private-key.ts';
export { readPrivateKey } from './private-key.ts';

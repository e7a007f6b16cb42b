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

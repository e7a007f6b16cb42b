/** Keys of nobody, made for these tests with openssl: both sides must import the same ones. */
export const EC_KEY = [
  '-----BEGIN PRIVATE KEY-----',
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/kbcJ7AzGSOzAsbO',
  'SP9g380tqt7iNnbGjc+h6qJlK+6hRANCAAQeGLeco1oY9Y7LylS+vIRZy5d5eEFH',
  'O5n08NBnOU41VEL3gMG5pGj5vKoh3wTndNLJUWqvSoowqv+tnhtHhLQE',
  '-----END PRIVATE KEY-----',
].join('\n');

/** An RSA key of 2048 bits. */
export const RSA_KEY = [
  '-----BEGIN PRIVATE KEY-----',
  'MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQDCHOV7o0Qb7jKL',
  'xFhQmnD5RqLNa0nMpcxINqq+F0hlSz9LA+vjU6RakSa+Ya8n7jXd8f+X/zA/Mz/5',
  '2l/sw51zXPdVRF+MVkpuMu4v3O6Lomybbjs7KJCMGkfHk0+RNrc/c/YIDkxJz19+',
  'ZEl2Ad80pneQTqqfqtmXuLLiu2Np/vCbIWc1t52AAWo/2ct5HQgN/7TsQqzUmHR1',
  'dzoV7vnh+MR+wG0aJsr8n9qeGZ1MnasfUS0Oa9OD7MmQO/GxNs21cgIP8e6gTN7+',
  'QeS/RHelM7i2i+D7LkEL8jxE4k3VTV6SbUSI1708cN5H3dc5njNCSDHIb3D3VwfZ',
  'przot4kJAgMBAAECggEAHdI7UzOcSr+HwRSIuNaxP9VL56EcSmC3senBcMi6P42V',
  'i1xuiJMYry1DitYOXGUVSM6yhKhuF2zeiZpfSEwudphetcPLpg9lCemwfBFGDepb',
  'Ixnb5v/EDTIbEEcftIsiZeYryHBh5KkDiQhhMiGhfUDhzNK5Fc81Set/LU66kYBA',
  '976Y60Ysc8AYL8lwo5ZjKMqThAYtkHbL3aYYOrnRQe941RMcANvrz8KN4aUuyJ4r',
  '5OoEKr8zPM7rW23Y7O5C5g+9aQRQjDwcXqbBtZXO9imf30Wr0ax0Lxk5rUuJKMwa',
  'qyJJFLO9++L9kLZej46of1rOiwTaO0x+zTt8t3xKvQKBgQDil3PNMuDEJU533L61',
  'X+yWA/MWwbBIJl1XB4QxHopc+RjywIdxR5m02CG0jH/81G0Vq6VmT//3DpeGesFA',
  'yDkzkIJyLKzhsknwCVEUrhJhkchN/WXhA+R+qdYZJj+A9f9imIK4r2WhtVexJ0tc',
  't9cAPp3mtCumTZ6YaID5HjGGOwKBgQDbTlUKw0nIXO5ccWv7WWpQRvGDnU+1719O',
  'GdlKMHTyCwUo0GdideiCvwY0iilKjP+Br1tvkC/jtowi3CehpJ+HgdGQZN2pVowm',
  '6uTjHHjECwOXlhSOHYoKXizmF4czhKC+TZQGFQp4OW4l1mN1XT5WOra6tHCt+EcO',
  'ngR7rtWFiwKBgQCTZDz5b2zxaer+4OJUjM8STgNj/B208O+qWsNMSDdsfsQRs9bm',
  'gtKi5iwWi4X9ahiDDiIKyWMQy7cYzOTERPmgZxHTPug974FU2FqbfxeJzBBlWr1Y',
  'fvW0xrjzpwOL2XiEI/x0MfOEGreuDodhClyaViDUHsJ97OOK8/9hDJjeXQKBgQCb',
  'oEPTJnB2ghQYf9ib/oDmROHgf0LwndSpDMjYz/g9Rzq7EuE6yudb2QkjQaQ5pkMv',
  'GWyuh8ikNIfPuSFaoQMgWyyG5j0yjRtaBri0viCpJhO/f55Il4e9AcWk5q9oDMcx',
  'JMZVZpsOY9rZeQENaUTyVioT5jZMDnMGWXZe+tvFLwKBgQCDvwCT8rSTWCxLLZ1u',
  '5EmualTIsaZf0oqyVylUaRZLLW6rJjQe2URKtWHnZAiJjVQYzbfGQe0yoRK4xEeO',
  'TQL7IDO/A13ozm2bIEMrXA7Ulf1o2jaWUbqK7H/dDF7yJnhtoCCjX30obbUMbXU+',
  'lDcmbZ6E9jUV04TOC3nvKmP7Iw==',
  '-----END PRIVATE KEY-----',
].join('\n');

/** The elliptic key with its own signature, for ten years from 2026. */
export const PEM_CERTIFICATE = `${EC_KEY}\n${[
  '-----BEGIN CERTIFICATE-----',
  'MIIBozCCAUigAwIBAgIUPDeVWrDgXfySDOh9wwD74lkTn9swCgYIKoZIzj0EAwIw',
  'GTEXMBUGA1UEAwwOcGFyaXR5LmV4YW1wbGUwHhcNMjYxMTIyMTAxNjQzWhcNMzYx',
  'MTE5MTAxNjQzWjAZMRcwFQYDVQQDDA5wYXJpdHkuZXhhbXBsZTBZMBMGByqGSM49',
  'AgEGCCqGSM49AwEHA0IABB4Yt5yjWhj1jsvKVL68hFnLl3l4QUc7mfTw0Gc5TjVU',
  'QveAwbmkaPm8qiHfBOd00slRaq9KijCq/62eG0eEtASjbjBsMB0GA1UdDgQWBBT3',
  'QrXLIhvlbiNxSbWGy7cugfzijjAfBgNVHSMEGDAWgBT3QrXLIhvlbiNxSbWGy7cu',
  'gfzijjAPBgNVHRMBAf8EBTADAQH/MBkGA1UdEQQSMBCCDnBhcml0eS5leGFtcGxl',
  'MAoGCCqGSM49BAMCA0kAMEYCIQDpkB9PuEDEQFlsgb2U28hu6wsHMJkoddQMELOL',
  'MtjeZgIhAIFlcoMDseBVmq6+kkbEjD2t7CwZLlgExqaoPX2AB8jh',
  '-----END CERTIFICATE-----',
].join('\n')}\n`;

/** A policy of a certificate that the vault signs itself, as az reads it. */
export const POLICY = {
  issuerParameters: { name: 'Self' },
  keyProperties: { keyType: 'EC', curve: 'P-384', exportable: true },
  secretProperties: { contentType: 'application/x-pem-file' },
  lifetimeActions: [{ action: { actionType: 'EmailContacts' }, trigger: { daysBeforeExpiry: 10 } }],
  x509CertificateProperties: {
    subject: 'CN=parity.example',
    subjectAlternativeNames: { dnsNames: ['parity.example', 'www.parity.example'] },
    keyUsage: ['digitalSignature'],
    ekus: ['1.3.6.1.5.5.7.3.1'],
    validityInMonths: 12,
  },
};

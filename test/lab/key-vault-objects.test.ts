// Keys and certificates as somebody makes them with az, and as a pod has them; openssl, which is in the container too, judges.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { RESOURCES } from '#kube';
import { SECRET_CLASS_RESOURCES } from '#secretclass';
import { hasOpenssl } from '../../src/crypto/testing/openssl.ts';
import { podWithClass, secretProviderClass } from '../support/manifests.ts';
import { makeReader } from '../support/reader.ts';
import {
  eventually,
  makeCluster,
  podReady,
  startTestLab,
  type TestCluster,
  type TestLab,
} from '../support/test-lab.ts';

const VAULT = 'kv-objects-e2e';

const OBJECTS = `array:
  - {objectName: rsa, objectType: key, objectAlias: rsa.pub}
  - {objectName: ec, objectType: key, objectAlias: ec.pub}
  - {objectName: web, objectType: cert, objectAlias: web.cer}
  - {objectName: web, objectType: secret, writeCertAndKeyInSeparateFiles: true}
  - {objectName: web, objectType: secret, objectFormat: pfx, objectEncoding: base64, objectAlias: web.p12}
  - {objectName: pem, objectType: secret}
  - {objectName: web, objectType: cert, objectVersionHistory: 2, objectAlias: history}
`;

/** A policy as somebody has it in a file; on one line without blanks, to be a word of the command line. */
const policy = (kty: object, contentType: string) =>
  JSON.stringify({
    issuerParameters: { name: 'Self' },
    keyProperties: kty,
    secretProperties: { contentType },
    x509CertificateProperties: { subject: 'CN=web.example', subjectAlternativeNames: { dnsNames: ['web.example'] } },
  });

describe.runIf(hasOpenssl)('keys and certificates of a vault', () => {
  let lab: TestLab;
  let cluster: TestCluster;

  beforeAll(async () => {
    lab = await startTestLab();
    cluster = await makeCluster(lab);
    const at = `--vault-name ${VAULT}`;
    await lab.az(`az keyvault create -n ${VAULT} -g g`);
    await lab.az(`az keyvault key create ${at} -n rsa --kty RSA`);
    await lab.az(`az keyvault key create ${at} -n ec --kty EC --curve P-384`);
    const web = policy({ keyType: 'EC', curve: 'P-256' }, 'application/x-pkcs12');
    await lab.az(`az keyvault certificate create ${at} -n web -p '${web}'`);
    // A vault's times are whole seconds: versions of one second have no order. The next command comes in another one.
    const made = Math.floor(systemClock.now() / 1000);
    await eventually('the next second', async () =>
      Math.floor(systemClock.now() / 1000) > made ? { found: true } : { seen: 'the same second' },
    );
    await lab.az(`az keyvault certificate create ${at} -n web -p '${web}'`);
    const pem = policy({ keyType: 'RSA', keySize: 2048 }, 'application/x-pem-file');
    await lab.az(`az keyvault certificate create ${at} -n pem -p '${pem}'`);
    const { clientId } = await makeReader(lab, cluster, { vault: VAULT });
    await lab.az(
      `az keyvault set-policy -n ${VAULT} --spn ${clientId} --key-permissions get --certificate-permissions get list`,
    );
    const spc = secretProviderClass({ name: 'keys', clientId, tenantId: cluster.tenantId, vault: VAULT, secrets: [] });
    await cluster.client.create(SECRET_CLASS_RESOURCES.classes, 'default', {
      ...spc,
      spec: { ...spc.spec, parameters: { ...spc.spec.parameters, objects: OBJECTS } },
    });
    await cluster.client.create(RESOURCES.pods, 'default', podWithClass('app', 'reader', 'keys'));
    await podReady(cluster.client, 'app', 25_000);
  }, 90_000);

  afterAll(async () => {
    cluster?.[Symbol.dispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  /** What a line of a shell in the pod prints, without the line end. */
  async function inPod(line: string): Promise<string> {
    let printed = '';
    const onStdout = (chunk: Buffer) => {
      printed += chunk.toString('utf8');
    };
    const command = ['sh', '-c', `cd /mnt/secrets-store && ${line} 2>&1`];
    await cluster.client.exec({ namespace: 'default', name: 'app' }, { command, onStdout, onStderr: onStdout });
    return printed.trim();
  }
  const show = (line: string) => lab.az(`az keyvault ${line} -o tsv`).then((text) => text.trim());
  const fingerprint = (file: string) => `openssl x509 -in ${file} -noout -fingerprint -sha1 | cut -d= -f2 | tr -d :`;

  it.each([
    ['rsa.pub', 'Public-Key: (2048 bit)'],
    ['ec.pub', 'NIST CURVE: P-384'],
  ])('a key is a public key: %s', async (file, text) => {
    expect(await inPod(`openssl pkey -pubin -in ${file} -noout -text`)).toContain(text);
  });

  it('a certificate is the one that az shows, as a cert and as a secret', async () => {
    const thumbprint = await show(`certificate show --vault-name ${VAULT} -n web --query x509ThumbprintHex`);
    expect(await inPod(fingerprint('web.cer'))).toBe(thumbprint);
    expect(await inPod(fingerprint('web'))).toBe(thumbprint);
    expect(await inPod('openssl verify -CAfile web.cer web.crt')).toBe('web.crt: OK');
    expect(await inPod('openssl x509 -in web.cer -noout -ext subjectAltName | tail -1 | tr -d " "')).toBe(
      'DNS:web.example',
    );
  });

  it('a private key belongs to its certificate: apart, in PKCS#12 and in PEM', async () => {
    const publicOf = {
      apart: 'openssl pkey -in web.key -pubout',
      pkcs12: 'openssl pkcs12 -in web.p12 -passin pass: -nodes -nocerts | openssl pkey -pubout',
      certificate: 'openssl x509 -in web.cer -noout -pubkey',
    };
    const expected = await inPod(publicOf.certificate);
    expect(expected).toContain('BEGIN PUBLIC KEY');
    expect(await inPod(publicOf.apart)).toBe(expected);
    expect(await inPod(publicOf.pkcs12)).toBe(expected);
    expect(await inPod('openssl pkey -in pem -pubout')).toBe(await inPod('openssl x509 -in pem -noout -pubkey'));
  });

  it('a history is the versions of a certificate, the newest first', async () => {
    expect(await inPod('find -L history -type f | sort | tr "\\n" " "')).toBe('history/0 history/1');
    expect(await inPod(fingerprint('history/0'))).toBe(await inPod(fingerprint('web.cer')));
    expect(await inPod(fingerprint('history/1'))).not.toBe(await inPod(fingerprint('history/0')));
  });
});

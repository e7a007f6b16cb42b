"""Writes PKCS#12 files as Python's cryptography does: <folder>/<way>.p12 for each way, from key.pem and cert.pem there.

It takes no empty password, so what is encrypted has the password "secret".
"""

import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

folder = pathlib.Path(sys.argv[1])
key = load_pem_private_key((folder / "key.pem").read_bytes(), None)
certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())


def with_algorithm(algorithm, mac):
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1000)
    return builder.key_cert_algorithm(algorithm).hmac_hash(mac).build(b"secret")


ways = {
    "NoEncryption": NoEncryption(),
    "BestAvailableEncryption": BestAvailableEncryption(b"secret"),
    "PBESv1SHA1And3KeyTripleDESCBC": with_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1()),
    "PBESv2SHA256AndAES256CBC": with_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256()),
}
for way, encryption in ways.items():
    file = pkcs12.serialize_key_and_certificates(b"name", key, certificate, [certificate], encryption)
    (folder / f"{way}.p12").write_bytes(file)

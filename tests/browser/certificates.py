"""A certificate authority that lives as long as one test module: real TLS, trusted by nobody else."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID


class Authority:
    """`file`: its certificate, PEM. `pin`: what Chromium's --ignore-certificate-errors-spki-list wants to hear."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = name("The tests' throw-away authority")
        signs = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        own = self._certify(self._name, self._key.public_key(), x509.BasicConstraints(True, 0), signs)
        self.file = folder / "authority.pem"
        self.file.write_bytes(own)
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.pin = base64.b64encode(hashlib.sha256(public).digest()).decode()

    def server(self, hosts: Sequence[str]) -> ssl.SSLContext:
        """A server's context with a certificate for `hosts`, the first of which names the file."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        certificate = self._certify(name(hosts[0]), key.public_key(), names)
        file = self._folder / f"{hosts[0]}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(b"".join([private, certificate, self.file.read_bytes()]))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _certify(self, subject: x509.Name, public: ec.EllipticCurvePublicKey, *more: x509.ExtensionType) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        for extension in more:
            builder = builder.add_extension(extension, not isinstance(extension, x509.SubjectAlternativeName))
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

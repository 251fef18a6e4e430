"""The certificate of a TLS client, as a proxy that we trust hands it on (RFC 8705)."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from broker.errors import InvalidRequest
from broker.jose import KeySet
from broker.jose.compact import encode
from broker.model import CertificateName

LONGEST = 16_384  # characters of the header
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----", re.ASCII)


@dataclass(frozen=True)
class Certificate:
    """verified: the proxy says that its issuer is one that it trusts."""

    der: bytes = field(repr=False)
    verified: bool

    @property
    def thumbprint(self) -> str:
        """`x5t#S256` (RFC 8705 §3.1)."""
        return encode(hashlib.sha256(self.der).digest())

    def bears(self, name: CertificateName) -> bool:
        """RFC 8705 §2.1.2. Exactly, but for the case of a host name."""
        if name.kind == "subject_dn":
            return _attributes(self._read.subject) == _attributes(x509.Name.from_rfc4514_string(name.value))
        return _folded(name.kind, name.value) in {_folded(name.kind, held) for held in self._alternatives(name.kind)}

    def holds_key_of(self, keys: KeySet) -> bool:
        """RFC 8705 §2.2: the TLS handshake has proven the key; one of the client's own keys it must be."""
        held = self._read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(held).hexdigest() in {key.fingerprint for key in keys.keys}

    @cached_property
    def _read(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    def _alternatives(self, kind: str) -> list[str]:
        try:
            names = self._read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return []
        if kind == "san_dns":
            return names.get_values_for_type(x509.DNSName)
        if kind == "san_uri":
            return names.get_values_for_type(x509.UniformResourceIdentifier)
        if kind == "san_email":
            return names.get_values_for_type(x509.RFC822Name)
        return [str(address) for address in names.get_values_for_type(x509.IPAddress)]


def read(header: str, *, verified: bool) -> Certificate:
    """A URL-encoded PEM (nginx's $ssl_client_escaped_cert) or RFC 9440's `:base64:`.

    Raises InvalidRequest `certificate_malformed`: what cannot be read proves nothing, and is not passed over either. Of
    two certificates none is: where a proxy adds its header to the sender's own, both arrive in one.
    """
    try:
        if len(header) > LONGEST:
            raise ValueError("too long")
        certificate = Certificate(_der(header.strip()), verified)
        certificate.holds_key_of(KeySet(()))  # its key can be read
        certificate.bears(CertificateName("san_dns", ""))  # and its names
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as fault:
        raise InvalidRequest("certificate_malformed", "The client certificate cannot be read.") from fault
    return certificate


def _der(text: str) -> bytes:
    if text.startswith(":") and text.endswith(":") and len(text) > 2:
        return b64decode(text[1:-1], validate=True)
    pem = unquote(text, errors="strict").strip()
    if _PEM.fullmatch(pem) is None:
        raise ValueError("not one certificate")
    return x509.load_pem_x509_certificate(pem.encode("ascii")).public_bytes(Encoding.DER)


def _attributes(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    """RFC 4514: what is named, in its order; how the text was encoded in the certificate says nothing."""
    return [frozenset((one.oid.dotted_string, str(one.value)) for one in part) for part in name.rdns]


def _folded(kind: str, value: str) -> str:
    return value.lower() if kind == "san_dns" else value

"""Logout messages of a SAML IdP that says whatever it is told to, by either binding. Shares no code with the broker."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.idps.saml_signer import PERSISTENT, SAML, SAMLP, SUCCESS, Signer, attributes, sign, text, time, tree

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"


@dataclass(frozen=True)
class Leaving:
    """A good LogoutRequest until something is replaced; `in_response_to` makes it a LogoutResponse."""

    now: float
    destination: str | None
    issuer: str
    id: str = "_logout"
    version: str = "2.0"
    issued: float = 0
    until: float | None = 300
    issuer_attributes: str = ""
    name_id: str = "anna"
    name_attributes: str = f'Format="{PERSISTENT}"'
    named: str | None = None  # XML in place of the NameID
    session_indexes: Sequence[str] = ("_s1",)
    in_response_to: str | None = None
    status: str = SUCCESS

    def but(self, **changes: Any) -> Leaving:
        return replace(self, **changes)

    @property
    def kind(self) -> str:
        return "SAMLRequest" if self.in_response_to is None else "SAMLResponse"

    def xml(self) -> str:
        name = "LogoutRequest" if self.in_response_to is None else "LogoutResponse"
        head = attributes(
            ID=self.id,
            Version=self.version,
            IssueInstant=time(self.now + self.issued),
            Destination=self.destination,
            NotOnOrAfter=None if self.until is None or self.in_response_to else time(self.now + self.until),
            InResponseTo=self.in_response_to,
        )
        indexes = "".join(f"<samlp:SessionIndex>{index}</samlp:SessionIndex>" for index in self.session_indexes)
        named = self.named or f"<saml:NameID {self.name_attributes}>{escape(self.name_id)}</saml:NameID>"
        asked = named + indexes
        said = f"<samlp:Status>{self.status}</samlp:Status>"
        return (
            f'<samlp:{name} xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"{head}>'
            f"<saml:Issuer{self.issuer_attributes}>{escape(self.issuer)}</saml:Issuer>"
            f"{asked if self.in_response_to is None else said}</samlp:{name}>"
        )

    def query(self, by: Signer, relay_state: str | None = None, algorithm: str = RSA_SHA256) -> str:
        """The redirect's query, signed as SAML Bindings §3.4.4.1 says."""
        return signed_query(self.kind, deflated(self.xml().encode()), by, relay_state, algorithm)

    def form(self, by: Signer | None, relay_state: str | None = None) -> str:
        root = tree(self.xml())
        if by is not None:
            sign(root, by)
        fields = {self.kind: base64.b64encode(text(root)).decode()}
        return urlencode(fields if relay_state is None else {**fields, "RelayState": relay_state})


def deflated(raw: bytes) -> bytes:
    return zlib.compress(raw, 9, wbits=-15)


def signed_query(
    kind: str, message: bytes, by: Signer, relay_state: str | None = None, algorithm: str = RSA_SHA256
) -> str:
    parts = [f"{kind}={quote(base64.b64encode(message), safe='')}"]
    if relay_state is not None:
        parts.append(f"RelayState={quote(relay_state, safe='')}")
    parts.append(f"SigAlg={quote(algorithm, safe='')}")
    return f"{'&'.join(parts)}&Signature={quote(signature('&'.join(parts), by, algorithm), safe='')}"


def signature(data: str, by: Signer, algorithm: str = RSA_SHA256) -> str:
    key = load_pem_private_key(by.private_key.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    digest = hashes.SHA1() if algorithm == RSA_SHA1 else hashes.SHA256()
    return base64.b64encode(key.sign(data.encode(), padding.PKCS1v15(), digest)).decode()

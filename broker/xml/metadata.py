"""An IdP's metadata under our own policy (SAML Metadata §2): one entity, its signing keys, where to send the browser.

Taken: keys of the IDPSSODescriptor with use="signing" or no use, and where sign-on and logout are spoken by redirect or
form. Everything else (encryption keys, the SP role, claim lists) is skipped. The entityID is a name: AD FS uses
an http one that nobody can fetch. The document's own signature is not looked at: TLS to a configured URL is the trust.

Raises MetadataRefused with: metadata_size, metadata_dtd, metadata_xml, metadata_expired, entity_not_found,
entity_ambiguous, metadata_not_idp, metadata_no_signing_key, metadata_weak_key, metadata_no_sso, metadata_sso_location.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

from broker.errors import UpstreamUnavailable
from broker.xml.names import DS, MD, POST, REDIRECT, SAMLP
from broker.xml.reading import read

MOST_BYTES = 8 * 1_048_576
MOST_KEYS = 16
SIGN_ON = f"{{{MD}}}SingleSignOnService"
CURVES = ("secp256r1", "secp384r1", "secp521r1")
DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})(?:\.\d+)?S)?)?")


class MetadataRefused(UpstreamUnavailable):
    """The IdP's metadata cannot be used; somebody must correct it."""

    public = "Your organisation's identity provider is not set up correctly here. Tell your administrator."


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """PEM, and until when it says it is valid (epoch seconds). The key counts; an expired date is only warned of."""

    pem: str
    not_after: int

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in lower-case hex."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pem)).hexdigest()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one kind of message goes, by HTTP-Redirect or HTTP-POST. `answers`: where its answers go."""

    binding: str
    location: str
    answers: str


@dataclass(frozen=True, slots=True)
class IdpMetadata:
    """sso_url: by HTTP-Redirect, or HTTP-POST where it takes nothing else. sso_post: by HTTP-POST, if it takes that.
    slo: single logout, HTTP-Redirect first. valid_until: epoch seconds or None. cache_seconds: cacheDuration or None.
    """

    entity_id: str
    certificates: tuple[SigningCertificate, ...]
    sso_url: str
    wants_signed_requests: bool
    valid_until: float | None
    cache_seconds: int | None
    sso_post: str | None = None
    takes_redirects: bool = True
    slo: tuple[Endpoint, ...] = ()

    @property
    def hosts(self) -> frozenset[str]:
        """Where people are sent to sign in and out: host, or host:port."""
        urls = [self.sso_url, self.sso_post, *(url for one in self.slo for url in (one.location, one.answers))]
        return frozenset(urlsplit(url).netloc for url in urls if url)


@dataclass(frozen=True, slots=True)
class RoleKind:
    """Which role of an entity is trusted. find: it in an EntityDescriptor. locations: where browsers are sent."""

    name: str
    find: Callable[[etree._Element], etree._Element | None]
    locations: Callable[[etree._Element], list[str]]


def _saml_role(entity: etree._Element) -> etree._Element | None:
    return entity.find(f"{{{MD}}}IDPSSODescriptor")


def _sign_on_locations(role: etree._Element) -> list[str]:
    if SAMLP not in (role.get("protocolSupportEnumeration") or "").split():
        raise MetadataRefused("metadata_not_idp", detail="no SAML 2.0 IDPSSODescriptor")
    services = [(one.get("Binding"), one.get("Location") or "") for one in role.iterchildren(SIGN_ON)]
    return [location for wanted in (REDIRECT, POST) for binding, location in services if binding == wanted]


SAML_IDP = RoleKind("SAML 2.0 IDPSSODescriptor", _saml_role, _sign_on_locations)


def parse(
    document: bytes, *, entity_id: str | None, now: float, loopback: bool, kind: RoleKind = SAML_IDP
) -> IdpMetadata:
    """`entity_id`: which entity; None where the document has one IdP only. `loopback`: http on loopback is accepted."""
    root = _root(document)
    entity = _entity(root, entity_id, kind)
    role = kind.find(entity)
    if role is None:
        raise MetadataRefused("metadata_not_idp", detail=f"no {kind.name}")
    around = (*entity.iterancestors(), entity, role)
    valid_until = _valid_until(*around)
    if valid_until is not None and valid_until <= now:
        raise MetadataRefused("metadata_expired")
    return IdpMetadata(
        entity_id=entity.get("entityID", ""),
        certificates=_certificates(role),
        sso_url=_sso_url(kind.locations(role), loopback),
        wants_signed_requests=role.get("WantAuthnRequestsSigned") in ("true", "1"),
        valid_until=valid_until,
        cache_seconds=_cache_seconds(*around),
        sso_post=next((one.location for one in _endpoints(role, SIGN_ON, loopback) if one.binding == POST), None),
        takes_redirects=any(one.get("Binding") == REDIRECT for one in role.iterchildren(SIGN_ON)),
        slo=_endpoints(role, f"{{{MD}}}SingleLogoutService", loopback),
    )


@lru_cache(maxsize=4096)
def entity_id_of(document: bytes, kind: RoleKind = SAML_IDP) -> str | None:
    """The one IdP that a document is about; None: it has none, or several."""
    try:
        return _entity(_root(document), None, kind).get("entityID")
    except MetadataRefused:
        return None


def _root(document: bytes) -> etree._Element:
    if len(document) > MOST_BYTES:
        raise MetadataRefused("metadata_size")
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document or b"\0" in document:
        raise MetadataRefused("metadata_dtd", detail="a document type, or an encoding other than UTF-8")
    try:
        return read(document, bare=True)
    except etree.XMLSyntaxError:
        raise MetadataRefused("metadata_xml", detail="not well-formed XML") from None


def _entity(root: etree._Element, entity_id: str | None, kind: RoleKind) -> etree._Element:
    if root.tag not in (f"{{{MD}}}EntityDescriptor", f"{{{MD}}}EntitiesDescriptor"):
        raise MetadataRefused("metadata_xml", detail="not SAML metadata")
    entities = list(_members(root))
    if entity_id is not None:
        entities = [entity for entity in entities if entity.get("entityID") == entity_id]
    else:
        entities = [entity for entity in entities if kind.find(entity) is not None]
    if not entities or not entities[0].get("entityID"):
        raise MetadataRefused("entity_not_found")
    if len(entities) > 1:
        raise MetadataRefused("entity_ambiguous", detail="several entities: configure entity_id")
    return entities[0]


def _members(element: etree._Element) -> Iterator[etree._Element]:
    """The document's entity, or a group's; what stands inside an entity or an extension is nobody's word."""
    if element.tag == f"{{{MD}}}EntityDescriptor":
        yield element
    elif element.tag == f"{{{MD}}}EntitiesDescriptor":
        for child in element:
            yield from _members(child)


def _certificates(role: etree._Element) -> tuple[SigningCertificate, ...]:
    """Every acceptable signing certificate, in document order; order means nothing. Weak keys are left out."""
    found = [_certificate(text) for text in _certificate_texts(role)][:MOST_KEYS]
    usable = tuple(dict.fromkeys(certificate for certificate in found if certificate is not None))
    if not found:
        raise MetadataRefused("metadata_no_signing_key")
    if not usable:
        raise MetadataRefused("metadata_weak_key", detail="needs RSA of 2048 bits or more, or P-256, P-384, P-521")
    return usable


def _certificate_texts(role: etree._Element) -> Iterator[str]:
    for key in role.iterchildren(f"{{{MD}}}KeyDescriptor"):
        if key.get("use", "signing") == "signing":
            for element in key.iterfind(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"):
                yield "".join((element.text or "").split())


def _certificate(text: str) -> SigningCertificate | None:
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
        key = certificate.public_key()
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, rsa.RSAPublicKey):
        strong = key.key_size >= 2048 and key.public_numbers().e >= 65537
    else:
        strong = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES
    if not strong:
        return None
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return SigningCertificate(pem, int(certificate.not_valid_after_utc.timestamp()))


def _sso_url(locations: list[str], loopback: bool) -> str:
    if not locations:
        raise MetadataRefused("metadata_no_sso", detail="no address that browsers can be redirected to")
    if not _acceptable(locations[0], loopback):
        raise MetadataRefused("metadata_sso_location", detail="the sign-on address is not an https URL")
    return locations[0]


def _endpoints(role: etree._Element, service: str, loopback: bool) -> tuple[Endpoint, ...]:
    """Those whose binding we speak and whose address is acceptable, HTTP-Redirect first, else in document order."""
    found = [
        Endpoint(binding, location, element.get("ResponseLocation") or location)
        for element in role.iterchildren(service)
        if (binding := element.get("Binding") or "") in (REDIRECT, POST) and (location := element.get("Location") or "")
    ]
    usable = [one for one in found if _acceptable(one.location, loopback) and _acceptable(one.answers, loopback)]
    return tuple(sorted(usable, key=lambda one: one.binding != REDIRECT))


def _acceptable(location: str, loopback: bool) -> bool:
    """An https URL that a browser may be sent to, with a port and a host that a `Location` can be written with."""
    try:
        parts = urlsplit(location)
        host, port = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:
        return False
    secure = parts.scheme == "https" or (loopback and parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    plain = parts.username is None and not parts.fragment and location.isprintable()
    return secure and bool(host) and port != 0 and plain


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _valid_until(*elements: etree._Element) -> float | None:
    """The earliest of the enclosing elements' (SAML Metadata §2.3.1)."""
    texts = [text for element in elements if (text := element.get("validUntil")) is not None]
    try:
        moments = [datetime.fromisoformat(text.strip()) for text in texts]
    except ValueError:
        raise MetadataRefused("metadata_xml", detail="validUntil is not a time") from None
    return min((_epoch(moment) for moment in moments), default=None)


def _epoch(moment: datetime) -> float:
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _cache_seconds(*elements: etree._Element) -> int | None:
    """The shortest cacheDuration of days, hours, minutes and seconds; longer units change nothing for us."""
    matches = [DURATION.fullmatch(text) for element in elements if (text := element.get("cacheDuration"))]
    seconds = [
        sum(int(number or 0) * unit for number, unit in zip(match.groups(), (86400, 3600, 60, 1), strict=True))
        for match in matches
        if match is not None
    ]
    return min(seconds, default=None)

"""python3-saml, made fast and kept on the steps whose behaviour we know. The only module that imports it.

The library reads and compiles four schema files for every message (54 % of its time), compiles each XPath anew and
parses the IdP's certificate each time. `install` puts process-wide, thread-safe caches behind those three functions.
The release is frozen (1.16.0), so another version or a missing name stops the start-up with a clear message.

`is_valid` is not called: its clock cannot be passed in, its skew is fixed (300 s and 0 s), it compares Destination by
prefix and Recipient by substring. Its steps are used one by one; what it decides stands in `connectors.saml.checks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, cast

import onelogin.saml2
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as LibraryRefusal
from onelogin.saml2.response import OneLogin_Saml2_Response as LibraryResponse
from onelogin.saml2.settings import OneLogin_Saml2_Settings as Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML as Xml

from broker.errors import AssertionRejected, BrokerError
from broker.xml.names import ID_ATTRIBUTES

KNOWN_VERSION = "1.16.0"
SCHEMAS = Path(onelogin.saml2.__file__).parent / "schemas"
PROTOCOL_SCHEMA = "saml-schema-protocol-2.0.xsd"


class LibraryChanged(BrokerError):
    """python3-saml is not the release that this module was written against; the broker does not start."""

    public = "The SAML library is not the one this broker was built for."


class Patchable(Protocol):
    __name__: str


PATCHED: tuple[tuple[Patchable, str], ...] = (
    (Xml, "validate_xml"),
    (Xml, "query"),
    (Utils, "validate_node_sign"),
)
USED: tuple[tuple[Patchable, str], ...] = (
    (LibraryResponse, "validate_num_assertions"),
    (LibraryResponse, "process_signed_elements"),
)


def install(found: str | None = None, names: Sequence[tuple[Patchable, str]] = PATCHED + USED) -> None:
    """Check the library and put the caches behind its functions; harmless when called again."""
    found = found or version("python3-saml")
    if found != KNOWN_VERSION:
        raise LibraryChanged("saml_library_version", detail=f"python3-saml {found}; expected {KNOWN_VERSION}")
    gone = [f"{owner.__name__}.{name}" for owner, name in names if not hasattr(owner, name)]
    if gone:
        raise LibraryChanged("saml_library_names", detail=f"python3-saml lacks {', '.join(gone)}")
    Xml.validate_xml = staticmethod(_validate_xml)
    Xml.query = staticmethod(_query)
    Utils.validate_node_sign = staticmethod(_validate_node_sign)
    xmlsec.enable_debug_trace(False)  # libxmlsec prints nothing to stderr
    xmlsec.cleanup_callbacks()  # and can open no file and no URL, whatever a Reference says


def check_schema(root: etree._Element) -> None:
    """Against the OASIS schema, compiled once a process. Raises AssertionRejected: schema."""
    if Xml.validate_xml(root, PROTOCOL_SCHEMA) is not root:
        raise AssertionRejected("schema")


def signed_elements(root: etree._Element) -> tuple[str, ...]:
    """The library's own look at what is signed, a second opinion on the gate. Raises AssertionRejected: library."""
    response = _TreeResponse(root)
    try:
        if not response.validate_num_assertions():
            raise AssertionRejected("library", detail="number of assertions")
        return tuple(response.process_signed_elements())
    except LibraryRefusal as error:
        raise AssertionRejected("library", detail=f"code {error.code}") from None


def signature_holds(signature: etree._Element, root: etree._Element, certificate: str) -> bool:
    """Whether libxmlsec accepts `signature` under the certificate's key; the certificate in the message is ignored."""
    parent = signature.getparent()
    xmlsec.tree.add_ids(root, [ID_ATTRIBUTES.get(str(parent.tag), "ID") if parent is not None else "ID"])
    return bool(Utils.validate_node_sign(signature, root, cert=certificate, raise_exceptions=False))


class _TreeResponse(LibraryResponse):  # type: ignore[misc]  # python3-saml carries no types
    """The library's response over the tree that the gate parsed: its own constructor would decode and parse again."""

    def __init__(self, root: etree._Element) -> None:
        self._settings = _settings()
        self._error = None
        self.document = root
        self.decrypted_document = None
        self.encrypted = None


@cache
def _settings() -> Settings:
    """One for the process: the steps we call ask it for `security` only. Strict, and no certificate fingerprints."""
    return Settings(
        {
            "strict": True,
            "sp": {
                "entityId": "urn:broker",
                "assertionConsumerService": {"url": "https://broker.invalid/acs"},
            },
            "security": {"rejectDeprecatedAlgorithm": True, "wantNameId": False, "wantAttributeStatement": False},
        },
        sp_validation_only=True,
    )


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMAS / name)))


@lru_cache(maxsize=512)
def _xpath(query: str) -> etree.XPath:
    return etree.XPath(query, namespaces=Constants.NSMAP)


@lru_cache(maxsize=4096)
def _key(certificate: str) -> xmlsec.Key:
    """Of the bare public key: one that holds the whole certificate costs 80 us more each time it is used."""
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return xmlsec.Key.from_memory(der, xmlsec.constants.KeyDataFormatDer, None)


def _validate_xml(xml: etree._Element, schema: str, debug: bool = False) -> etree._Element | str:
    """In place of OneLogin_Saml2_XML.validate_xml; takes a parsed tree only, and never prints."""
    del debug
    return xml if _schema(schema).validate(xml) else "invalid_xml"


def _query(
    dom: etree._Element, query: str, context: etree._Element | None = None, tagid: str | None = None
) -> list[etree._Element]:
    """In place of OneLogin_Saml2_XML.query."""
    source = dom if context is None else context
    found = _xpath(query)(source) if tagid is None else _xpath(query)(source, tagid=tagid)
    return cast("list[etree._Element]", found)


def _validate_node_sign(
    signature_node: etree._Element,
    elem: etree._Element,
    cert: str | None = None,
    fingerprint: str | None = None,
    fingerprintalg: str | None = "sha1",
    validatecert: bool = False,
    debug: bool = False,
    raise_exceptions: bool = False,
) -> bool:
    """In place of OneLogin_Saml2_Utils.validate_node_sign: a cached key, and no trust by fingerprint."""
    del elem, fingerprintalg, debug
    if not cert or fingerprint or validatecert:
        raise LibraryRefusal("A certificate is needed", LibraryRefusal.INVALID_SIGNATURE)
    context = xmlsec.SignatureContext()
    context.key = _key(cert)
    context.set_enabled_key_data([xmlsec.constants.KeyDataX509])
    try:
        context.verify(signature_node)
    except xmlsec.Error as error:
        if raise_exceptions:
            raise LibraryRefusal("Signature validation failed", LibraryRefusal.INVALID_SIGNATURE) from error
        return False
    return True


install()

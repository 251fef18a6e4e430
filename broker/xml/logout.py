"""Single logout messages (SAML Core §3.7): LogoutRequest and LogoutResponse, written and read. No XML type leaves here.

A message is read only after its signature held, and only then is an encrypted NameID opened.

Raises AssertionRejected with: the gate's reasons, root, those of `encryption_shape`, schema, unsigned,
signature_invalid, digest, nameid, decryption.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from broker.errors import AssertionRejected
from broker.xml import bindings, decrypt, encryption_shape, gate, onelogin, signature, signature_shape
from broker.xml.bindings import Query, inflate
from broker.xml.names import ENCRYPTED_ID, LOGOUT_REQUEST, SAML, SAMLP, SIGNATURE, STATUS, SUCCESS
from broker.xml.response import Issuer, NameId, issuer_of, name_id_of, written

RESPONSE = f"{{{SAMLP}}}LogoutResponse"
TAGS = {"SAMLRequest": LOGOUT_REQUEST, "SAMLResponse": RESPONSE}
MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Message:
    """What both kinds have. Times are text until a check asks with `instant`."""

    id: str
    version: str
    issue_instant: str
    destination: str | None
    issuer: Issuer | None


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    message: Message
    not_on_or_after: str | None
    name_id: NameId
    session_indexes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogoutResponse:
    message: Message
    in_response_to: str | None
    status: tuple[str, ...]  # codes from the outside in


@dataclass(frozen=True, slots=True)
class Keys:
    """certificates: the IdP's, one of which must have signed. ours: what opens an encrypted NameID, PEM."""

    certificates: Sequence[str]
    ours: Sequence[str]
    allow_cbc: bool


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What every message of ours says about itself. issue_instant: epoch seconds."""

    id: str
    issuer: str
    destination: str
    issue_instant: float


@dataclass(frozen=True, slots=True)
class Written:
    """A message of ours, ready to travel by either binding; `signing`: our private key and certificate, PEM."""

    kind: str  # SAMLRequest | SAMLResponse
    destination: str
    _root: etree._Element

    def url(self, relay_state: str | None, signing: tuple[str, str]) -> str:
        message = bytes(etree.tostring(self._root))
        return bindings.redirect_url(self.destination, self.kind, message, relay_state, signing[0])

    def fields(self, relay_state: str | None, signing: tuple[str, str]) -> dict[str, str]:
        relayed = {} if relay_state is None else {"RelayState": relay_state}
        return {self.kind: bindings.form_value(self._root, signing), **relayed}


def request(about: Outgoing, name_id: NameId, session_index: str | None, until: float) -> Written:
    """`name_id` exactly as the assertion had it: AD FS and others compare value, format and both qualifiers."""
    root = _message(LOGOUT_REQUEST, about)
    root.set("NotOnOrAfter", written(until))
    optional = {
        "NameQualifier": name_id.name_qualifier,
        "SPNameQualifier": name_id.sp_name_qualifier,
        "Format": name_id.format,
    }
    present = {name: value for name, value in optional.items() if value is not None}
    etree.SubElement(root, f"{{{SAML}}}NameID", present).text = name_id.value
    if session_index is not None:
        etree.SubElement(root, f"{{{SAMLP}}}SessionIndex").text = session_index
    return Written("SAMLRequest", about.destination, root)


def response(about: Outgoing, in_response_to: str, codes: Sequence[str]) -> Written:
    """codes: status code names from the outside in, such as ("Requester", "UnknownPrincipal")."""
    root = _message(RESPONSE, about)
    root.set("InResponseTo", in_response_to)
    parent = etree.SubElement(root, f"{{{SAMLP}}}Status")
    for code in codes:
        parent = etree.SubElement(parent, f"{{{SAMLP}}}StatusCode", {"Value": f"{STATUS}{code}"})
    return Written("SAMLResponse", about.destination, root)


def from_query(query: Query, keys: Keys) -> LogoutRequest | LogoutResponse:
    """The message of a redirect, once the signature over the query holds; nothing is inflated before."""
    if not signature.made_by(query.value, query.signed, query.algorithm, keys.certificates):
        raise AssertionRejected("signature_invalid")
    root = _opened(inflate(query.unverified_message), TAGS[query.kind])
    if next(root.iter(SIGNATURE), None) is not None:
        raise AssertionRejected("signature_shape", detail="signed twice: in the message and over the query")
    return _message_of(root, keys)


def from_form(kind: str, field: str, keys: Keys) -> LogoutRequest | LogoutResponse:
    """The message of a form, once its enveloped signature holds."""
    root = _opened(gate.decode(field), TAGS[kind])
    signatures = signature_shape.find(root)
    signature_shape.check(signatures, parents=(TAGS[kind],))
    if not signatures:
        raise AssertionRejected("unsigned")
    signature.verify_one(signatures[0], root, keys.certificates)
    return _message_of(root, keys)


def _message_of(root: etree._Element, keys: Keys) -> LogoutRequest | LogoutResponse:
    onelogin.check_schema(encryption_shape.of_2002(root))
    return _request(root, keys) if root.tag == LOGOUT_REQUEST else _response(root)


def _request(root: etree._Element, keys: Keys) -> LogoutRequest:
    indexes = (one.text or "" for one in root.iterchildren(f"{{{SAMLP}}}SessionIndex"))
    return LogoutRequest(
        message=_read(root),
        not_on_or_after=root.get("NotOnOrAfter"),
        name_id=name_id_of(_name_id(root, keys)),
        session_indexes=tuple(index.strip() for index in indexes),
    )


def _name_id(root: etree._Element, keys: Keys) -> etree._Element:
    encrypted = root.find(ENCRYPTED_ID)
    if encrypted is not None:
        encryption_shape.check_content(encrypted, allow_cbc=keys.allow_cbc)
        return decrypt.name_id(encrypted, keys.ours)
    name_id = root.find(f"{{{SAML}}}NameID")
    if name_id is None:
        raise AssertionRejected("nameid", detail="no NameID")
    return name_id


def _response(root: etree._Element) -> LogoutResponse:
    status = root.find(f"{{{SAMLP}}}Status")
    codes = () if status is None else status.iter(f"{{{SAMLP}}}StatusCode")
    return LogoutResponse(
        message=_read(root),
        in_response_to=root.get("InResponseTo"),
        status=tuple(code.get("Value") or "" for code in codes),
    )


def succeeded(response: LogoutResponse) -> bool:
    return response.status == (SUCCESS,)


def _message(tag: str, about: Outgoing) -> etree._Element:
    root = etree.Element(
        tag,
        {
            "ID": about.id,
            "Version": "2.0",
            "IssueInstant": written(about.issue_instant),
            "Destination": about.destination,
        },
        nsmap={"samlp": SAMLP, "saml": SAML},
    )
    etree.SubElement(root, f"{{{SAML}}}Issuer").text = about.issuer
    return root


def _read(root: etree._Element) -> Message:
    issuer = root.find(f"{{{SAML}}}Issuer")
    return Message(
        id=root.get("ID", ""),
        version=root.get("Version", ""),
        issue_instant=root.get("IssueInstant", ""),
        destination=root.get("Destination"),
        issuer=None if issuer is None else issuer_of(issuer),
    )


def _opened(raw: bytes, tag: str) -> etree._Element:
    """The whole gate, for a message that holds no assertion."""
    if len(raw) > MOST_BYTES:
        raise AssertionRejected("size", detail="too long for a logout message")
    root, _ = gate.markup(raw)
    if root.tag != tag:
        raise AssertionRejected("root", detail="another message than the parameter says")
    gate.check_ids(root, raw)
    encryption_shape.check(root)
    return root

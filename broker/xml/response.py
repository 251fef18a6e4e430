"""A SAML response as plain values, read from the very elements that were verified. No XML type leaves this module.

Times stay text until a check asks for them with `instant`, so that each check gives its own reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from lxml import etree

from broker.errors import AssertionRejected
from broker.xml.gate import Gated
from broker.xml.names import RESPONSE, SAML, SAMLP, XSI

UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
IN_SAML = f"{{{SAML}}}"
MOST_STATUS_CODES = 8  # more than two levels mean nothing (SAML Core §3.2.2.2)
KNOWN_CONDITIONS = ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")


@dataclass(frozen=True, slots=True)
class Issuer:
    value: str
    format: str | None
    qualified: bool  # carries a NameQualifier, SPNameQualifier or SPProvidedID


@dataclass(frozen=True, slots=True)
class NameId:
    value: str
    format: str | None
    name_qualifier: str | None
    sp_name_qualifier: str | None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A SubjectConfirmation; `data` says whether it has SubjectConfirmationData at all."""

    method: str
    data: bool
    recipient: str | None
    in_response_to: str | None
    not_before: str | None
    not_on_or_after: str | None


@dataclass(frozen=True, slots=True)
class Conditions:
    """audiences: one tuple a restriction (OR inside, AND across; SAML Core §2.5.1.4)."""

    not_before: str | None
    not_on_or_after: str | None
    audiences: tuple[tuple[str, ...], ...]
    forbids_onward: bool
    unknown: bool


@dataclass(frozen=True, slots=True)
class AuthnStatement:
    instant: str
    session_index: str | None
    session_not_on_or_after: str | None
    class_ref: str | None
    authorities: tuple[str, ...] = ()  # who proved the person to this IdP, where it did not itself (SAML Core §2.7.2.2)


@dataclass(frozen=True, slots=True)
class Assertion:
    """attributes: (Name, values) in document order; FriendlyName is for people and not read."""

    id: str
    version: str
    issue_instant: str
    issuer: Issuer
    name_id: NameId | None
    confirmations: tuple[Confirmation, ...]
    conditions: Conditions | None
    authn: tuple[AuthnStatement, ...]
    attributes: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Response:
    id: str
    version: str
    issue_instant: str
    destination: str | None
    in_response_to: str | None
    issuer: Issuer | None
    signed: bool  # the Response element itself, not only the Assertion in it
    assertion: Assertion


def instant(text: str | None, reason: str) -> float:
    """Epoch seconds of a SAML time, which is UTC and says so (SAML Core §1.3.3). Raises AssertionRejected(reason)."""
    if text is None or UTC_TIME.fullmatch(text) is None:
        raise AssertionRejected(reason, detail="not a UTC time")
    try:
        return datetime.fromisoformat(f"{text[:19]}+00:00").astimezone(UTC).timestamp() + _fraction(text)
    except (ValueError, OverflowError):
        raise AssertionRejected(reason, detail="no such time") from None


def written(epoch: float) -> str:
    """The other way round, to the second."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unverified_in_response_to(gated: Gated) -> str | None:
    return gated.unverified_root.get("InResponseTo")


def unverified_status(gated: Gated) -> tuple[str, ...]:
    """Status codes from the outside in. A failure needs no signature to be believed: it only ever refuses."""
    status = gated.unverified_root.find(f"{{{SAMLP}}}Status")
    codes = () if status is None else islice(status.iter(f"{{{SAMLP}}}StatusCode"), MOST_STATUS_CODES)
    return tuple(code.get("Value") or "" for code in codes)


def read(gated: Gated, signed: frozenset[str]) -> Response:
    """The values of a response whose signatures were verified; `signed` is what `signature.verify` answered.

    The assertion is either itself the target of a verified Reference or a child of the Response that is.
    """
    root, assertion = gated.unverified_root, gated.unverified_assertion
    if assertion is None or not signed:
        raise AssertionRejected("assertion_count", detail="no assertion")
    issuer = root.find(f"{{{SAML}}}Issuer")
    return Response(
        id=root.get("ID", ""),
        version=root.get("Version", ""),
        issue_instant=root.get("IssueInstant", ""),
        destination=root.get("Destination"),
        in_response_to=root.get("InResponseTo"),
        issuer=None if issuer is None else issuer_of(issuer),
        signed=RESPONSE in signed,
        assertion=_assertion(assertion, gated.unverified_name_id),
    )


def _assertion(element: etree._Element, decrypted_name_id: etree._Element | None) -> Assertion:
    """One walk over the children; the schema has said how often each may stand there."""
    parts = _children(element)
    issuer, subject, conditions = (_first(parts, name) for name in ("Issuer", "Subject", "Conditions"))
    about = {} if subject is None else _children(subject)
    name_id = _first(about, "NameID") if decrypted_name_id is None else decrypted_name_id
    attributes = (one for statement in parts.get("AttributeStatement", ()) for one in statement)
    return Assertion(
        id=element.get("ID", ""),
        version=element.get("Version", ""),
        issue_instant=element.get("IssueInstant", ""),
        issuer=Issuer("", None, False) if issuer is None else issuer_of(issuer),
        name_id=None if name_id is None else name_id_of(name_id),
        confirmations=tuple(map(_confirmation, about.get("SubjectConfirmation", ()))),
        conditions=None if conditions is None else _conditions(conditions),
        authn=tuple(map(_authn, parts.get("AuthnStatement", ()))),
        attributes=tuple(map(_attribute, attributes)),
    )


def _children(element: etree._Element) -> dict[str, list[etree._Element]]:
    """Children in the assertion namespace by local name."""
    found: dict[str, list[etree._Element]] = {}
    for child in element:
        name = str(child.tag)
        if name.startswith(IN_SAML):
            found.setdefault(name[len(IN_SAML) :], []).append(child)
    return found


def _first(parts: dict[str, list[etree._Element]], name: str) -> etree._Element | None:
    return parts[name][0] if name in parts else None


def issuer_of(element: etree._Element) -> Issuer:
    qualified = any(element.get(name) for name in ("NameQualifier", "SPNameQualifier", "SPProvidedID"))
    return Issuer(_text(element) or "", element.get("Format"), qualified)


def name_id_of(element: etree._Element) -> NameId:
    return NameId(
        _text(element) or "", element.get("Format"), element.get("NameQualifier"), element.get("SPNameQualifier")
    )


def _confirmation(element: etree._Element) -> Confirmation:
    data = element.find(f"{{{SAML}}}SubjectConfirmationData")
    method = element.get("Method", "")
    if data is None:
        return Confirmation(method, False, None, None, None, None)
    names = ("Recipient", "InResponseTo", "NotBefore", "NotOnOrAfter")
    return Confirmation(method, True, *(data.get(name) for name in names))


def _conditions(element: etree._Element) -> Conditions:
    known = {f"{{{SAML}}}{name}" for name in KNOWN_CONDITIONS}
    restrictions = element.iterfind(f"{{{SAML}}}AudienceRestriction")
    proxies = list(element.iterfind(f"{{{SAML}}}ProxyRestriction"))
    return Conditions(
        not_before=element.get("NotBefore"),
        not_on_or_after=element.get("NotOnOrAfter"),
        audiences=tuple(tuple(_text(audience) or "" for audience in restriction) for restriction in restrictions),
        forbids_onward=any(int(proxy.get("Count") or 1) == 0 or len(proxy) > 0 for proxy in proxies),
        unknown=any(child.tag not in known for child in element),
    )


def _authn(element: etree._Element) -> AuthnStatement:
    class_ref = element.find(f"{{{SAML}}}AuthnContext/{{{SAML}}}AuthnContextClassRef")
    behind = element.iterfind(f"{{{SAML}}}AuthnContext/{{{SAML}}}AuthenticatingAuthority")
    return AuthnStatement(
        instant=element.get("AuthnInstant", ""),
        session_index=element.get("SessionIndex"),
        session_not_on_or_after=element.get("SessionNotOnOrAfter"),
        class_ref=None if class_ref is None else (_text(class_ref) or "").strip() or None,
        authorities=tuple((_text(one) or "").strip() for one in behind),
    )


def _attribute(element: etree._Element) -> tuple[str, tuple[str, ...]]:
    values = (_value(value) for value in element.iterchildren(f"{{{SAML}}}AttributeValue"))
    return element.get("Name", ""), tuple(value for value in values if value)


def _value(element: etree._Element) -> str | None:
    """Text; a NameID inside (eduPersonTargetedID) gives its text; nil, empty and any other XML give nothing."""
    if element.get(f"{{{XSI}}}nil") in ("true", "1"):
        return None
    inner = element[0] if len(element) == 1 and element[0].tag == f"{{{SAML}}}NameID" else element
    text = _text(inner)
    return text.strip() if text else None


def _text(element: etree._Element) -> str | None:
    """The whole text: the gate let no comment or instruction through, and an element inside makes it no text."""
    return element.text if len(element) == 0 else None


def _fraction(text: str) -> float:
    return float(f"0{text[19:-1]}") if len(text) > 20 else 0.0

"""A SAML 1.1 assertion in the words of SAML 2.0, so that one column of checks serves both.

    AssertionID, Issuer (attributes)           -> id, issuer
    Conditions/AudienceRestrictionCondition    -> one audience restriction each
    AuthenticationStatement                    -> AuthnStatement; AuthenticationMethod is its class
    AttributeNamespace + "/" + AttributeName   -> the attribute's name: the claim URI
    the Subject of every statement             -> one subject, the same in all of them

Read only from an assertion whose signature held.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lxml import etree

from broker.errors import AssertionRejected
from broker.xml.names import SAML11, XSI
from broker.xml.response import Assertion, AuthnStatement, Conditions, Confirmation, Issuer, NameId

SCHEMA = Path(__file__).parent / "saml11.xsd"
IN = f"{{{SAML11}}}"
KNOWN_CONDITIONS = (f"{IN}AudienceRestrictionCondition", f"{IN}DoNotCacheCondition")
METHODS = f"{IN}SubjectConfirmation/{IN}ConfirmationMethod"
STATEMENTS = (f"{IN}AuthenticationStatement", f"{IN}AttributeStatement")


def check_schema(assertion: etree._Element) -> None:
    """Against our part of the schema, compiled once a process. Raises AssertionRejected: schema."""
    if not _schema().validate(assertion):
        raise AssertionRejected("schema")


def read_assertion(element: etree._Element) -> Assertion:
    """Raises AssertionRejected: subject_mismatch, attribute_duplicate."""
    statements = element.iterchildren(*STATEMENTS)
    subjects = [subject for one in statements if (subject := one.find(f"{IN}Subject")) is not None]
    conditions = element.find(f"{IN}Conditions")
    return Assertion(
        id=element.get("AssertionID", ""),
        version=f"{element.get('MajorVersion')}.{element.get('MinorVersion')}",
        issue_instant=element.get("IssueInstant", ""),
        issuer=Issuer(element.get("Issuer", ""), None, False),
        name_id=_one_name_id(subjects),
        confirmations=tuple(_confirmation(method) for one in subjects for method in one.iterfind(METHODS)),
        conditions=None if conditions is None else _conditions(conditions),
        authn=tuple(_authn(one) for one in element.iterchildren(f"{IN}AuthenticationStatement")),
        attributes=_attributes(element),
    )


def _one_name_id(subjects: list[etree._Element]) -> NameId | None:
    """Each statement says again whom it is about: two people in one assertion are nobody."""
    named = {_name_id(subject.find(f"{IN}NameIdentifier")) for subject in subjects}
    if len(named) > 1:
        raise AssertionRejected("subject_mismatch", detail="the statements are about different subjects")
    return named.pop() if named else None


def _name_id(element: etree._Element | None) -> NameId | None:
    if element is None:
        return None
    return NameId(_text(element) or "", element.get("Format"), element.get("NameQualifier"), None)


def _confirmation(method: etree._Element) -> Confirmation:
    return Confirmation((_text(method) or "").strip(), False, None, None, None, None)


def _conditions(element: etree._Element) -> Conditions:
    restrictions = element.iterfind(f"{IN}AudienceRestrictionCondition")
    return Conditions(
        not_before=element.get("NotBefore"),
        not_on_or_after=element.get("NotOnOrAfter"),
        audiences=tuple(tuple(_text(audience) or "" for audience in restriction) for restriction in restrictions),
        forbids_onward=False,
        unknown=any(child.tag not in KNOWN_CONDITIONS for child in element),
    )


def _authn(element: etree._Element) -> AuthnStatement:
    return AuthnStatement(
        instant=element.get("AuthenticationInstant", ""),
        session_index=None,
        session_not_on_or_after=None,
        class_ref=element.get("AuthenticationMethod", "").strip() or None,
    )


def _attributes(assertion: etree._Element) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Some write one Attribute a value: those of one namespace and name belong together; no others may meet."""
    values: dict[tuple[str, str], list[str]] = {}
    for element in assertion.iterfind(f"{IN}AttributeStatement/{IN}Attribute"):
        parts = (element.get("AttributeNamespace", ""), element.get("AttributeName", ""))
        values.setdefault(parts, []).extend(value for one in element if (value := _value(one)))
    names = [f"{namespace}/{name}" if namespace else name for namespace, name in values]
    if len(set(names)) != len(names):
        raise AssertionRejected("attribute_duplicate", detail="two attributes give the same claim")
    return tuple(zip(names, map(tuple, values.values()), strict=True))


def _value(element: etree._Element) -> str | None:
    if element.get(f"{{{XSI}}}nil") in ("true", "1"):
        return None
    return (_text(element) or "").strip() or None


def _text(element: etree._Element) -> str | None:
    return element.text if len(element) == 0 else None


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMA)))

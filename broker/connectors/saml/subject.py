"""Who a checked response speaks of: the subject that keys the person, and the attributes the rules may read.

A subject candidate is `name_id`, an attribute name, or several joined by `+` of which all must be there. The first
candidate that the response can serve is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from broker.connectors.saml.logout import person_name
from broker.errors import AssertionRejected
from broker.model import Value
from broker.model.subjects import name_id_is_mutable
from broker.xml.names import TRANSIENT
from broker.xml.response import Assertion

LONGEST = 1024
Attributes = Mapping[str, tuple[Value, ...]]


def attributes_of(assertion: Assertion) -> Attributes:
    """Upstream names and values as sent; without values: absent. `name_id` and `name_id_format` are the NameID's."""
    attributes: dict[str, tuple[Value, ...]] = {name: values for name, values in assertion.attributes if values}
    attributes.pop("name_id", None)
    attributes.pop("name_id_format", None)
    if assertion.name_id is not None:
        attributes["name_id"] = (assertion.name_id.value,)
        if assertion.name_id.format is not None:
            attributes["name_id_format"] = (assertion.name_id.format,)
    return attributes


def subject_of(attributes: Attributes, candidates: tuple[str, ...], *, accept_mutable: bool = False) -> str:
    """attributes: as `attributes_of` gives them. Raises AssertionRejected: nameid_format (transient), subject_mutable
    (an address or a user name, which the profile does not take for a person), attribute_multiple, subject_missing."""
    for candidate in candidates:
        parts = [_part(name, attributes, accept_mutable=accept_mutable) for name in candidate.split("+")]
        if None not in parts:
            return _joined([part for part in parts if part is not None])
    name_id, name_format = _name_id(attributes)
    if "name_id" in candidates and name_id is not None and name_format != TRANSIENT:
        raise AssertionRejected(
            "subject_mutable",
            "Your organisation's identity provider names you by an e-mail address or a user name, which can pass to "
            "somebody else. Its administrator must send a persistent NameID or an immutable attribute, such as "
            "objectGUID, which `subject` of the identity provider then names here.",
        )
    if "name_id" in candidates and name_id is not None:
        raise AssertionRejected(
            "nameid_format",
            "Your organisation's identity provider names you differently every time (a transient NameID). Its "
            "administrator must send a persistent NameID, or a subject attribute must be configured here.",
        )
    raise AssertionRejected(
        "subject_missing",
        "Your organisation's identity provider did not say who you are. Its administrator must send "
        f"{' or '.join(candidates)}, or another subject attribute must be configured here.",
    )


def vouches(attributes: Attributes) -> bool:
    """Whether the assertion proves its e-mail address: the tenant's directory signed it, unless it says otherwise.

    SAML has no `email_verified`; which domains an IdP may speak for at all is the tenant's `email_domains`.
    """
    return set(attributes.get("email_verified", ("true",))) == {"true"}


def logout_of(assertion: Assertion, session_index: str | None, service: str) -> Mapping[str, str]:
    """What an upstream logout must repeat exactly: NameID with format and qualifiers, and SessionIndex.

    `sub` and `sid`: the same as one text each, by which the IdP's own logout finds the session.
    """
    name_id = assertion.name_id
    known = {
        "sub": person_name(name_id, assertion.issuer.value, service) if name_id else None,
        "sid": session_index,
        "name_id": name_id.value if name_id else None,
        "name_id_format": name_id.format if name_id else None,
        "name_qualifier": name_id.name_qualifier if name_id else None,
        "sp_name_qualifier": name_id.sp_name_qualifier if name_id else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _name_id(attributes: Attributes) -> tuple[str | None, str | None]:
    """The NameID's value and format."""
    found = [attributes.get(name, ()) for name in ("name_id", "name_id_format")]
    value, name_format = (str(values[0]) if values else None for values in found)
    return value, name_format


def _part(name: str, attributes: Attributes, *, accept_mutable: bool) -> str | None:
    if name == "name_id":
        name_id, name_format = _name_id(attributes)
        if name_id is None or name_format == TRANSIENT:
            return None
        return name_id if accept_mutable or not name_id_is_mutable(name_id, name_format) else None
    values = tuple(map(str, attributes.get(name, ())))
    if len(set(values)) > 1:
        raise AssertionRejected("attribute_multiple", detail="the subject attribute has several values")
    if values and len(values[0]) > LONGEST:
        raise AssertionRejected("subject_missing", detail="the subject attribute is too long")
    return values[0] if values else None


def _joined(parts: list[str]) -> str:
    """One part as it is; several so that no two different lists give the same text."""
    return parts[0] if len(parts) == 1 else "+".join(quote(part, safe="") for part in parts)

"""What a verified WS-Federation token must say, as one column: SAML's checks where SAML's words are the same.

No answer says which request it belongs to: `wctx` is bound to the browser before, and an assertion is taken once. The
envelope around the assertion (AppliesTo, Lifetime, TokenType) is signed by nobody, so nothing of it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.connectors.saml import checks as saml
from broker.errors import AssertionRejected
from broker.xml.names import BEARER
from broker.xml.response import Response, instant

BEARERS = (BEARER, "urn:oasis:names:tc:SAML:1.0:cm:bearer")
METHOD_CLAIMS = (
    "http://schemas.microsoft.com/claims/authnmethodsreferences",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod",
)


@dataclass(frozen=True, slots=True)
class Expected(saml.Expected):
    """`acs` is our callback, `audience` our realm. wauth: the authentication method that was asked for."""

    wauth: str | None = None


def check(response: Response, expected: Expected) -> None:
    for step in CHECKS:
        step(response, expected)


def check_version(response: Response, _: Expected) -> None:
    """The version of its namespace."""
    if response.assertion.version != response.version:
        raise AssertionRejected("version")


def check_confirmation(response: Response, expected: Expected) -> None:
    """Bearer, said or unsaid. What a confirmation says beyond that must be true: no other protocol's answer fits."""
    for one in response.assertion.confirmations:
        if one.method not in BEARERS:
            raise AssertionRejected("confirmation", detail="not a bearer token")
        if one.recipient not in (None, expected.acs):
            raise AssertionRejected("recipient", detail="meant for another endpoint")
        if one.in_response_to is not None:
            raise AssertionRejected("in_response_to", detail="answers a request of another protocol")
        if one.not_before is not None:
            raise AssertionRejected("confirmation_not_before")
        if one.not_on_or_after is None:
            continue
        if instant(one.not_on_or_after, "confirmation_time") + expected.skew <= expected.now:
            raise AssertionRejected("confirmation_expired")


def check_validity(response: Response, expected: Expected) -> None:
    """Replay is remembered until the token is no longer valid, so that may not be years away."""
    if valid_until(response) > expected.now + saml.LONGEST:
        raise AssertionRejected("validity", detail="valid for more than a day")


def check_method(response: Response, expected: Expected) -> None:
    """AD FS answers `wauth` in the statement, or in a claim that its rules pass through."""
    if expected.wauth is None or saml.authn_of(response).class_ref == expected.wauth:
        return
    claimed = (value for name, values in response.assertion.attributes if name in METHOD_CLAIMS for value in values)
    if expected.wauth not in claimed:
        raise AssertionRejected(
            "authn_context",
            "Your organisation's identity provider did not say that you signed in the way that was asked for. Its "
            "administrator must pass the authentication method claims on to this application.",
        )


CHECKS: tuple[Callable[[Response, Expected], None], ...] = (
    check_version,
    saml.check_issuer,
    saml.check_issue_instants,
    check_confirmation,
    saml.check_conditions_times,
    check_validity,
    saml.check_audience,
    saml.check_conditions_known,
    saml.check_onward,
    saml.check_authn,
    saml.check_fresh,
    check_method,
    saml.check_session,
    saml.check_name_id,
    saml.check_attributes,
)


def valid_until(response: Response) -> float:
    """Epoch seconds, without skew."""
    conditions = response.assertion.conditions
    return instant(None if conditions is None else conditions.not_on_or_after, "conditions_missing_time")

"""What a verified response must say (SAML Profiles §4.1.4.2-3, Core §2.5), as one column: a function a check.

Signatures hold already. python3-saml lets most of this pass when it is absent, or compares by prefix and substring;
here absence is a refusal and every name and URL is compared exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.connectors.saml import authn_context
from broker.errors import AssertionRejected
from broker.xml.names import BEARER, ENTITY, PERSISTENT, TRANSIENT
from broker.xml.response import AuthnStatement, Conditions, Confirmation, Issuer, Response, instant

OLDEST = 3600  # seconds since IssueInstant: no sign-in lives that long
LONGEST = 86_400  # seconds an assertion may stay valid: replay is remembered as long
LONGEST_NAME_ID = 1024


@dataclass(frozen=True, slots=True)
class Expected:
    """What we asked for. now, requested_at: epoch seconds; skew: seconds of clock difference forgiven."""

    acs: str
    audience: str  # our entityID
    issuer: str  # the IdP's entityID
    request_id: str | None  # None: nobody asked, and the answer must say so
    now: float
    skew: int
    fresh_since: float | None  # ForceAuthn was asked at this instant
    authn_context: tuple[str, ...] = ()
    authn_comparison: str = "exact"


def check(response: Response, expected: Expected) -> None:
    for step in CHECKS:
        step(response, expected)


def check_version(response: Response, _: Expected) -> None:
    if response.version != "2.0" or response.assertion.version != "2.0":
        raise AssertionRejected("version")


def check_issuer(response: Response, expected: Expected) -> None:
    """A signed Response must name its issuer (Profiles §4.1.4.2); an assertion always does."""
    if response.issuer is None and response.signed:
        raise AssertionRejected("issuer", detail="the signed Response has no Issuer")
    for issuer in (response.issuer, response.assertion.issuer):
        if issuer is not None and not _is_issuer(issuer, expected.issuer):
            raise AssertionRejected("issuer", detail="not the configured identity provider's entityID")


def check_issue_instants(response: Response, expected: Expected) -> None:
    for text in (response.issue_instant, response.assertion.issue_instant):
        issued = instant(text, "issue_instant")
        if not expected.now - OLDEST <= issued <= expected.now + expected.skew:
            raise AssertionRejected("issue_instant", detail="too far from our clock")


def check_destination(response: Response, expected: Expected) -> None:
    """Exact where present, and present where the Response is signed (Bindings §3.5.5.2).

    An unsigned Response's Destination could be written by anybody: its absence proves nothing, Recipient decides.
    """
    if not response.destination and (response.signed or response.destination == ""):
        raise AssertionRejected("destination_missing")
    if response.destination is not None and response.destination != expected.acs:
        raise AssertionRejected("destination", detail="addressed to another endpoint")


def check_in_response_to(response: Response, expected: Expected) -> None:
    if response.in_response_to != expected.request_id:
        raise AssertionRejected("in_response_to", detail="the Response answers another request")


def check_confirmation(response: Response, expected: Expected) -> None:
    """One bearer confirmation must hold in every respect; where none does, the first one's reason is given."""
    bearers = [one for one in response.assertion.confirmations if one.method == BEARER]
    if not bearers:
        raise AssertionRejected("confirmation", detail="no bearer SubjectConfirmation")
    refusals: list[AssertionRejected] = []
    for bearer in bearers:
        try:
            _check_bearer(bearer, expected)
        except AssertionRejected as refusal:
            refusals.append(refusal)
    if len(refusals) == len(bearers):
        raise refusals[0]


def check_conditions_times(response: Response, expected: Expected) -> None:
    conditions = _conditions(response)
    if conditions.not_on_or_after is None:
        raise AssertionRejected("conditions_missing_time")
    ends = instant(conditions.not_on_or_after, "conditions_time")
    starts = instant(conditions.not_before, "conditions_time") if conditions.not_before is not None else None
    if starts is not None and starts >= ends:
        raise AssertionRejected("conditions_time", detail="NotBefore is not before NotOnOrAfter")
    if starts is not None and starts > expected.now + expected.skew:
        raise AssertionRejected("not_yet_valid", detail=f"{starts - expected.now:.0f} s ahead of our clock")
    if ends + expected.skew <= expected.now:
        raise AssertionRejected("expired", detail=f"{expected.now - ends:.0f} s ago")


def check_validity(response: Response, expected: Expected) -> None:
    """Replay is remembered until the answer is no longer valid, so that may not be years away."""
    if valid_until(response) > expected.now + LONGEST:
        raise AssertionRejected("validity", detail="valid for more than a day")


def check_audience(response: Response, expected: Expected) -> None:
    """Our entityID stands in every AudienceRestriction, of which there is at least one (Core §2.5.1.4)."""
    restrictions = _conditions(response).audiences
    if not restrictions:
        raise AssertionRejected("audience_missing")
    if any(expected.audience not in audiences for audiences in restrictions):
        raise AssertionRejected("audience", detail="issued for another service provider")


def check_conditions_known(response: Response, _: Expected) -> None:
    """A condition that we do not understand makes the assertion indeterminate (Core §2.5.1)."""
    if _conditions(response).unknown:
        raise AssertionRejected("condition_unknown")


def check_onward(response: Response, _: Expected) -> None:
    """We issue tokens on the strength of this assertion, which ProxyRestriction may forbid (Core §2.5.1.6)."""
    if _conditions(response).forbids_onward:
        raise AssertionRejected("proxy_restriction")


def check_authn(response: Response, expected: Expected) -> None:
    if not response.assertion.authn:
        raise AssertionRejected("no_authn")
    if len(response.assertion.authn) > 1:
        raise AssertionRejected("authn_count", detail="several AuthnStatements")
    if instant(authn_of(response).instant, "authn_instant") > expected.now + expected.skew:
        raise AssertionRejected("authn_instant", detail="in the future")


def check_fresh(response: Response, expected: Expected) -> None:
    if expected.fresh_since is None:
        return
    if instant(authn_of(response).instant, "authn_instant") + expected.skew < expected.fresh_since:
        raise AssertionRejected("stale_authn", detail="ForceAuthn was asked, but nobody authenticated since")


def check_authn_context(response: Response, expected: Expected) -> None:
    authn_context.check(authn_of(response).class_ref, expected.authn_context, expected.authn_comparison)


def check_session(response: Response, expected: Expected) -> None:
    text = authn_of(response).session_not_on_or_after
    if text is not None and instant(text, "session_time") + expected.skew <= expected.now:
        raise AssertionRejected("session_expired")


def check_name_id(response: Response, expected: Expected) -> None:
    """Whether it serves as the subject is another question; a malformed or foreign one is refused anyway."""
    name_id = response.assertion.name_id
    if name_id is None:
        return
    if not name_id.value.strip() or len(name_id.value) > LONGEST_NAME_ID:
        raise AssertionRejected("nameid", detail="empty or too long")
    if name_id.sp_name_qualifier not in (None, "", expected.audience):
        raise AssertionRejected("nameid", detail="SPNameQualifier names another service provider")
    qualified = name_id.format in (PERSISTENT, TRANSIENT)
    if qualified and name_id.name_qualifier not in (None, "", expected.issuer):
        raise AssertionRejected("nameid", detail="NameQualifier names another identity provider")


def check_attributes(response: Response, _: Expected) -> None:
    names = [name for name, _ in response.assertion.attributes]
    if len(names) != len(set(names)):
        raise AssertionRejected(
            "attribute_duplicate",
            "Your organisation's identity provider sent one attribute twice. Its administrator must send all values in "
            "one attribute (Keycloak: 'Single Role Attribute').",
        )


CHECKS: tuple[Callable[[Response, Expected], None], ...] = (
    check_version,
    check_issuer,
    check_issue_instants,
    check_destination,
    check_in_response_to,
    check_confirmation,
    check_conditions_times,
    check_validity,
    check_audience,
    check_conditions_known,
    check_onward,
    check_authn,
    check_fresh,
    check_authn_context,
    check_session,
    check_name_id,
    check_attributes,
)


def authn_of(response: Response) -> AuthnStatement:
    return response.assertion.authn[0]


def valid_until(response: Response) -> float:
    """When the answer stops being valid whatever else holds: the earliest of its ends, epoch seconds, without skew."""
    ends = [one.not_on_or_after for one in response.assertion.confirmations if one.method == BEARER]
    bearer = max(instant(text, "confirmation_time") for text in ends if text is not None)
    return min(bearer, instant(_conditions(response).not_on_or_after, "conditions_time"))


def _check_bearer(bearer: Confirmation, expected: Expected) -> None:
    if not bearer.data:
        raise AssertionRejected("confirmation", detail="no SubjectConfirmationData")
    if bearer.recipient is None:
        raise AssertionRejected("recipient_missing")
    if bearer.recipient != expected.acs:
        raise AssertionRejected("recipient", detail="meant for another endpoint")
    if bearer.in_response_to != expected.request_id:
        raise AssertionRejected("in_response_to", detail="the confirmation answers another request")
    if bearer.not_before is not None:
        raise AssertionRejected("confirmation_not_before")
    if bearer.not_on_or_after is None:
        raise AssertionRejected("confirmation_missing_time")
    ends = instant(bearer.not_on_or_after, "confirmation_time")
    if ends + expected.skew <= expected.now:
        raise AssertionRejected("confirmation_expired", detail=f"{expected.now - ends:.0f} s ago")


def _is_issuer(issuer: Issuer, expected: str) -> bool:
    return issuer.value == expected and issuer.format in (None, ENTITY) and not issuer.qualified


def _conditions(response: Response) -> Conditions:
    conditions = response.assertion.conditions
    if conditions is None:
        raise AssertionRejected("conditions_missing_time", detail="no Conditions")
    return conditions
